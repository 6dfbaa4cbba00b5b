"""What a scoring method is given and what it gives back. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class EpochFacts(NamedTuple):
    """One validator in one epoch; None is unknown. A tuple, because a run makes a hundred thousand."""

    epoch: int
    credits: int | None
    # What credits counts; numbers of two units are never compared.
    unit: str
    # Lamports, in that epoch.
    stake: int | None


@dataclass(frozen=True, slots=True)
class ValidatorFacts:
    """A present validator with stake. Stake in lamports, commission in basis points, None when unknown."""

    pk: int
    vote_account: str
    activated_stake: int
    commission_bps: int | None
    delinquent: bool
    epochs: Sequence[EpochFacts]


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """The cluster as one fetch left it.

    `progress` is the share of the running epoch that had passed, 0 to 1. `others` are the
    epochs of validators that are not scored, having left or lost their stake: they belong to
    the mean of the epochs in which their stake is known.
    """

    fetch_id: int
    epoch: int
    progress: float
    validators: Sequence[ValidatorFacts]
    others: Sequence[EpochFacts]


@dataclass(frozen=True, slots=True)
class Assessment:
    """A method's verdict on one validator: a score from 0 to 100 and the parts it was made of."""

    validator: ValidatorFacts
    score: float
    components: Mapping[str, float | int | bool | None]


@dataclass(frozen=True, slots=True)
class ScoringMethod:
    """A named, versioned formula; `assess` gives one assessment for each validator."""

    name: str
    version: str
    assess: Callable[[ClusterFacts], list[Assessment]]
