"""What the chain says about validators, and what we made of it.

Stake is in lamports, commission in basis points, rates are fractions; None is unknown.
"""

from validators.models.cluster import ClusterEpoch, Fetch
from validators.models.events import CommissionChange, DelinquencyIncident, IdentityChange
from validators.models.scores import ScoringInputs, ScoringRun, TrustScore
from validators.models.sources import RequestTally, SourceState
from validators.models.validators import PUBKEY_LENGTH, CommissionSource, Origin, Validator, ValidatorEpoch

__all__ = [
    "PUBKEY_LENGTH",
    "ClusterEpoch",
    "CommissionChange",
    "CommissionSource",
    "DelinquencyIncident",
    "Fetch",
    "IdentityChange",
    "Origin",
    "RequestTally",
    "ScoringInputs",
    "ScoringRun",
    "SourceState",
    "TrustScore",
    "Validator",
    "ValidatorEpoch",
]
