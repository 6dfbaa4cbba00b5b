"""What a scoring method is given and what it gives back. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from validators.figures import signed

# An epoch is bad in which a validator earned less than this share of the cluster's mean.
BAD_PERFORMANCE: Final = 0.97


class EpochFacts(NamedTuple):
    """One validator in one epoch; None is unknown. A tuple, because a run makes a hundred thousand."""

    epoch: int
    # 1 is as the cluster's mean, the leader's luck taken off.
    vote_performance: float | None
    # In whatever unit: only whether there are any means something by itself.
    credits: int | None


class Past(NamedTuple):
    """A validator's epochs as columns of one length, newest first; None is unknown.

    Columns, because a run has 300,000 rows of them, and most columns are all one value.
    """

    epochs: Sequence[int] = ()
    # Vote performance; where it is unknown, what its delinquency left (validators.scoring.past).
    performance: Sequence[float | None] = ()
    # Share of the epoch's fetches that saw it delinquent.
    delinquent_share: Sequence[float | None] = ()
    # Basis points, at the end of the epoch and the highest seen in it.
    commission_bps: Sequence[int | None] = ()
    highest_bps: Sequence[int | None] = ()
    skip_rate: Sequence[float | None] = ()
    # Estimated from the stake where they were not counted.
    leader_slots: Sequence[int | None] = ()
    # SOL; 0 is an epoch in which it had none. Floats, which are packed fastest.
    stake: Sequence[float | None] = ()
    # In the last fetch of the epoch, and how it voted in a stretch before that, 1 as the median.
    delinquent_at_end: Sequence[bool | None] = ()
    end_performance: Sequence[float | None] = ()

    def performances_since(self, oldest: int) -> list[float]:
        """Those that are known of this epoch and later ones, newest first."""
        return [
            earned
            for epoch, earned in zip(self.epochs, self.performance, strict=True)
            if epoch >= oldest and earned is not None
        ]


NO_PAST: Final = Past()


@dataclass(frozen=True, slots=True)
class ValidatorFacts:
    """A present validator with stake. Stake in lamports, commission in basis points, None when unknown.

    `epochs` are the latest few with what was earned in them; `past` goes back as far as any method looks.
    `version` is empty when unknown. `left_out` is whether it is known not to be let into the epoch
    after the running one, `could_not_vote` whether it is delinquent in an epoch in which no vote of it could
    count (validators.solana.performance).
    """

    pk: int
    vote_account: str
    activated_stake: int
    commission_bps: int | None
    delinquent: bool
    epochs: Sequence[EpochFacts]
    version: str = ""
    past: Past = NO_PAST
    left_out: bool = False
    could_not_vote: bool = False


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """The cluster as one fetch left it.

    `progress` is the share of the running epoch that had passed, 0 to 1. `skip_rates` are the
    cluster's, stake-weighted, by epoch.
    """

    fetch_id: int
    epoch: int
    progress: float
    validators: Sequence[ValidatorFacts]
    skip_rates: Mapping[int, float] | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """A method's verdict on one validator: a score from 0 to 100 and the parts it was made of.

    `risk` is the probability of a bad next epoch, None where the method gives none.
    """

    validator: ValidatorFacts
    score: float
    components: Mapping[str, Any]
    risk: float | None = None


class Part(NamedTuple):
    """One explained part of a score. Its points, with those of the other parts, make the score.

    `weight` is the most that the part can move: of log-odds for an input of a model, else of
    points. `typical` is the cluster's median, or what an ideal validator has. `best` is the
    points of an ideal validator: 0 for a part that only ever takes some away.
    """

    name: str
    value: float | None
    typical: float | None
    weight: float
    points: float
    said: str
    best: float = 0.0

    @property
    def shortfall(self) -> float:
        """The points that it lacks; a score is 100 less those of all its parts."""
        return self.best - self.points

    @property
    def sentence(self) -> str:
        """Such as: missed 3 of the last 10 epochs: -14.00. It has the places of the score."""
        return f"{self.said}: {signed(self.points, 2)}"


def unexplained(components: Mapping[str, Any]) -> list[Part]:
    """For a method whose components speak for themselves."""
    return []


@dataclass(frozen=True, slots=True)
class ScoringMethod:
    """A named, versioned formula.

    `assess` gives one assessment for each validator, in the cluster's order, and may do so one by one: of
    twenty thousand they are large; `explain` makes words of an assessment's components, as they come back
    from the database. `reads_past` says whether it needs ValidatorFacts.past. `fitted_through` is the last
    epoch of mainnet whose outcome it was fitted to, None of a formula that was not fitted or does not say.
    """

    name: str
    version: str
    assess: Callable[[ClusterFacts], Iterable[Assessment]]
    explain: Callable[[Mapping[str, Any]], list[Part]] = unexplained
    reads_past: bool = False
    fitted_through: int | None = None
