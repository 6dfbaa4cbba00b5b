"""Validators and what was said of them, as an operator sees them; all of it is read-only."""

from validators.admin import histories, scores, validators

__all__ = ["histories", "scores", "validators"]
