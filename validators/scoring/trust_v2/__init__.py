"""trust-v2: reliability, return and terms of a validator, each measured or chosen in the open. Pure."""

from validators.scoring.trust_v2.method import METHOD

__all__ = ["METHOD"]
