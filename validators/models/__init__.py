"""The rows of what the chain says about validators and what we made of it, with the querysets that ask them.

Stake is in lamports, commission in basis points, rates are fractions; None is unknown; nothing here computes.
Start with `validators`. Django looks for models in this module, so here alone names are offered again.
"""

from validators.models.chain import THE_CHAIN, ChainState, VoteState
from validators.models.cluster import BlocksBasis, ClusterEpoch, Fetch
from validators.models.events import CommissionChange, DelinquencyIncident, IdentityChange
from validators.models.jito_history import HistoryAccount, JitoEpoch
from validators.models.marks import PictureMark
from validators.models.mev import MevEpoch
from validators.models.networks import THE_NETWORKS, ConcentrationEpoch, NetworkDatabase
from validators.models.news import THE_TALLY, EventTally, ToldRanks, ValidatorEvent
from validators.models.pools import PoolStake, StakePool
from validators.models.refits import Refit
from validators.models.scores import ScoringInputs, ScoringRun, TrustScore
from validators.models.settled import SettledPast
from validators.models.sources import DoubtedLook, EndpointState, RequestTally, SourceState
from validators.models.stakes import StakeEpoch
from validators.models.subscriptions import Subscription, SubscriptionDelivery
from validators.models.validators import PUBKEY_LENGTH, CommissionSource, Origin, Validator, ValidatorEpoch
from validators.models.verdicts import THE_JUDGING, Judging, RuleVerdict
from validators.models.watching import WatchedValidator

__all__ = [
    "PUBKEY_LENGTH",
    "THE_CHAIN",
    "THE_JUDGING",
    "THE_NETWORKS",
    "THE_TALLY",
    "BlocksBasis",
    "ChainState",
    "ClusterEpoch",
    "CommissionChange",
    "CommissionSource",
    "ConcentrationEpoch",
    "DelinquencyIncident",
    "DoubtedLook",
    "EndpointState",
    "EventTally",
    "Fetch",
    "HistoryAccount",
    "IdentityChange",
    "JitoEpoch",
    "Judging",
    "MevEpoch",
    "NetworkDatabase",
    "Origin",
    "PictureMark",
    "PoolStake",
    "Refit",
    "RequestTally",
    "RuleVerdict",
    "ScoringInputs",
    "ScoringRun",
    "SettledPast",
    "SourceState",
    "StakeEpoch",
    "StakePool",
    "Subscription",
    "SubscriptionDelivery",
    "ToldRanks",
    "TrustScore",
    "Validator",
    "ValidatorEpoch",
    "ValidatorEvent",
    "VoteState",
    "WatchedValidator",
]
