"""Closed sets of words in answers, each a component with a name of its own in the OpenAPI document.

They are read from where they are used, so that a word more is one more here. As answers are ours, nothing
checks them against these while it runs.
"""

from collections.abc import Iterable
from typing import Annotated

from pydantic import WithJsonSchema
from typing_extensions import TypeAliasType

from validators.models import (
    ChainState,
    ConcentrationEpoch,
    MevEpoch,
    PoolStake,
    RuleVerdict,
    SourceState,
    StakeEpoch,
    Subscription,
    ValidatorEvent,
    VoteState,
)
from validators.models.cluster import BlocksBasis as Basis
from validators.models.validators import Origin
from validators.reading.caps import CAPPED_BY
from validators.scoring.registry import METHODS
from validators.solana.arithmetic import CreditsUnit as Unit
from validators.solana.economics import ApyBasis as ReturnBasis
from validators.solana.layouts import BlsKey as Key
from validators.solana.layouts import StateVersion as Layout
from validators.solana.look_alikes import NameMark as Mark
from validators.solana.operators import Common, Strength
from validators.solana.programs.stake_pools import EntryStatus
from validators.solana.slot_times import SlotTimeBasis as SlotBasis
from validators.solana.versions import Client


def one_of(words: Iterable[str], said: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "enum": [str(word) for word in words], "description": said})


NameMark = TypeAliasType(
    "NameMark",
    Annotated[
        str,
        one_of(
            Mark,
            "same_as_larger: another validator with more stake has a name that looks the same. "
            "mixed_alphabets: it mixes letters of several alphabets within a word",
        ),
    ],
)
AdmissionStatus = TypeAliasType(
    "AdmissionStatus", Annotated[str, one_of(VoteState.Admission.values, "ok, out, or unknown")]
)
ApyBasis = TypeAliasType(
    "ApyBasis",
    Annotated[
        str,
        one_of(
            ReturnBasis,
            "realised: by epochs of which stake and commission were seen. estimate: by what the chain tells "
            "of the past, with the commission of today and, where a stake is needed that nobody saw, that of "
            "today",
        ),
    ],
)
ChangeSource = TypeAliasType(
    "ChangeSource",
    Annotated[str, one_of((Origin.LIVE, Origin.IMPORTED), "live: seen by fetches. imported: of a history")],
)
EpochSource = TypeAliasType(
    "EpochSource",
    Annotated[
        str,
        one_of(
            Origin.values,
            "live: our own fetches. imported: a file of history. account: the account's memory of 64 epochs. "
            "history: Jito's ValidatorHistory accounts",
        ),
    ],
)
MevSource = TypeAliasType(
    "MevSource",
    Annotated[
        str,
        one_of(
            MevEpoch.Source.values,
            "accounts: the distribution accounts of the epoch. history: Jito's ValidatorHistory accounts",
        ),
    ],
)
StakesSource = TypeAliasType(
    "StakesSource",
    Annotated[str, one_of(StakeEpoch.Source.values, "accounts: getProgramAccounts of the stake program")],
)
GroupedBy = TypeAliasType(
    "GroupedBy",
    Annotated[
        str,
        one_of(
            ConcentrationEpoch.By.values,
            "network: as `network` of a validator. address: equal addresses. operator: as `operator` of one",
        ),
    ],
)
GroupBasis = TypeAliasType(
    "GroupBasis",
    Annotated[
        str,
        one_of(
            ConcentrationEpoch.Basis.values,
            "asn: autonomous systems, by a database. prefix: a /24, of IPv6 a /48, which hides that many of "
            "them are one network's. database: countries, by it. gossip: as nodes say. evidence: what "
            "accounts have in common",
        ),
    ],
)
EvidenceCommon = TypeAliasType(
    "EvidenceCommon",
    Annotated[
        str,
        one_of(
            Common,
            "What they have in common. withdraw_authority: also where it is the identity of one of them. "
            "collector: of rewards or of what blocks bring; also where it is a key of one of them",
        ),
    ],
)
EvidenceStrength = TypeAliasType(
    "EvidenceStrength",
    Annotated[
        str,
        one_of(
            Strength,
            "strong: it makes them one operator's. weak: a name or an address alone, or a collector of very "
            "many, which join nobody",
        ),
    ],
)
PoolSource = TypeAliasType(
    "PoolSource",
    Annotated[str, one_of(PoolStake.Source.values, "list: the pool's own accounts, as one look read them")],
)
PoolEntryStatus = TypeAliasType(
    "PoolEntryStatus",
    Annotated[
        str,
        one_of(EntryStatus, "active: it is staked with. The others: the pool takes its stake away"),
    ],
)
BlsKey = TypeAliasType(
    "BlsKey", Annotated[str, one_of(Key, "not_reported: the node is too old to say, which is not missing")]
)
StateVersion = TypeAliasType(
    "StateVersion", Annotated[str, one_of(Layout, "Which layout the raw vote account has")]
)
BlocksBasis = TypeAliasType(
    "BlocksBasis",
    Annotated[
        str,
        one_of(
            Basis.values,
            "partial: counted so far. final: counted in all of the epoch. schedule: leader slots less the "
            "usual skips. shared: of an identity with several accounts",
        ),
    ],
)
CreditsUnit = TypeAliasType(
    "CreditsUnit", Annotated[str, one_of(Unit, "vote_credits, or lamports after votes left the chain")]
)
ScoringRunStatus = TypeAliasType(
    "ScoringRunStatus",
    Annotated[str, one_of(["completed", "skipped", "failed"], "skipped: there was nothing to score")],
)
SlotTimeBasis = TypeAliasType(
    "SlotTimeBasis",
    Annotated[str, one_of(SlotBasis, "chain: by feature accounts. measured: nearest to the pace")],
)
Alpenglow = TypeAliasType(
    "Alpenglow", Annotated[str, one_of(ChainState.Alpenglow.values, "pending: from the next epoch on")]
)
SourceName = TypeAliasType(
    "SourceName",
    Annotated[
        str,
        one_of(
            SourceState.Source.values,
            "votes: stake, credits, commission. production: leader slots and blocks. nodes: versions and "
            "clients. names: names and websites. inflation: rates and supply. cluster: slot time, Alpenglow, "
            "the admission rule. vote-states: the vote accounts themselves. mev: tips, shared priority "
            "fees. pools: stake pools and whom they stake with. pool-search: which pools there are. stakes: "
            "stake accounts, what comes and leaves",
        ),
    ],
)
SelectionAction = TypeAliasType(
    "SelectionAction",
    Annotated[
        str,
        one_of(
            ("stays", "enters", "leaves", "passed_over"),
            "passed_over: not held, and a cap keeps it out, or it is delinquent",
        ),
    ],
)
CappedBy = TypeAliasType(
    "CappedBy",
    Annotated[
        str,
        one_of(
            CAPPED_BY,
            "operator: validators that evidence says one runs. network, country: where the node is. client: "
            "what it runs. pool: the stake pool that stakes most with it, if that is a tenth of its stake",
        ),
    ],
)
EventKind = TypeAliasType(
    "EventKind",
    Annotated[
        ValidatorEvent.Kind,
        one_of(
            ValidatorEvent.Kind,
            "What happened; kinds may be added, and are never renamed. commission: one look saw it. "
            "commission_confirmed: a second one did too. bad_epoch: an epoch that ended with less than 0.97 "
            "of the cluster's vote performance. rank: by the headline method, by many places",
        ),
    ],
)
VerdictResult = TypeAliasType(
    "VerdictResult",
    Annotated[
        str,
        one_of(
            RuleVerdict.Result.values,
            "passes: every rule is met. eligible: so it is, and a ranking or an auction chooses. fails: a "
            "rule is not met. unknown: none is known to fail, and of one or more it is not known",
        ),
    ],
)
RulesDecide = TypeAliasType(
    "RulesDecide",
    Annotated[
        str,
        one_of(
            ("rules", "ranking", "auction"),
            "rules: who meets them is taken. ranking, auction: it chooses among those",
        ),
    ],
)
SubscriptionState = TypeAliasType(
    "SubscriptionState",
    Annotated[str, one_of(("active", "paused"), "paused: nothing is delivered until it is resumed")],
)
PauseReason = TypeAliasType(
    "PauseReason",
    Annotated[
        str,
        one_of(
            Subscription.Pause,
            ". ".join(f"{pause.value}: {pause.label}" for pause in Subscription.Pause),
        ),
    ],
)
DeliveryKind = TypeAliasType(
    "DeliveryKind",
    Annotated[
        str,
        one_of(
            ("events", "test", "lost"),
            "events: a batch. test: without events, because somebody asked. lost: nothing was sent, for "
            "these events had been deleted by age",
        ),
    ],
)
MessageType = TypeAliasType(
    "MessageType",
    Annotated[
        str,
        one_of(
            ("validators.events", "test"),
            "validators.events: what happened. test: somebody asked for it, and it holds no events",
        ),
    ],
)
WatchOrigin = TypeAliasType(
    "WatchOrigin",
    Annotated[
        str, one_of(("row", "settings"), "row: somebody added it. settings: WATCHED_VALIDATORS names it")
    ],
)
# What is said of fields that several shapes have; a client of tomorrow is told by its name.
CLIENT = f"The program it runs; today one of: {', '.join(Client)}. More may come. Null: unknown"
VERSION = "As the node itself says; null is unknown"
LEADER_SLOTS = (
    "Slots in which it was to make a block, of those of the epoch that were counted; null is unknown"
)
METHOD = f"The scoring method; today one of: {', '.join(METHODS)}. More may come"
METHOD_VERSION = "The version of the method; another one scores otherwise"
