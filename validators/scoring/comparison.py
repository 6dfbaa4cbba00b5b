"""Where two methods place the same validators, and which parts of their scores set them apart. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from statistics import median
from typing import Final, NamedTuple

from validators.scoring.backtest.ranking import spearman
from validators.scoring.facts import Part

# What people look at; the methods may agree on the rest and not on these.
TOP: Final = 100
# More would be the whole explanation, which the validator's page has.
MOST_REASONS: Final = 2
# Points; less than a score's last shown digit but one is no reason.
LEAST_REASON: Final = 0.05
# Of points, as methods store them.
DIGITS: Final = 4
# How many validators of a run stand for its middle: thousands are not explained to show fifty.
SAMPLE_SIZE: Final = 31


class Pair(NamedTuple):
    """One validator by two methods; None where that run did not score it. Rank 1 is the best."""

    key: int
    rank: int | None
    score: float | None
    other_rank: int | None
    other_score: float | None
    # Decides between equals, as keys of databases differ.
    vote_account: str = ""

    @property
    def rank_difference(self) -> int | None:
        """Places by which the first method puts it higher than the other; negative is lower."""
        return None if self.rank is None or self.other_rank is None else self.other_rank - self.rank

    @property
    def disagreement(self) -> int | None:
        """Places between the two, either way."""
        difference = self.rank_difference
        return None if difference is None else abs(difference)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far two methods agree on a cluster.

    `top` is how many of the best are looked at, `top_shared` how many of them both have there; of
    equals at the edge those count as among the best that the other method puts higher.
    `furthest_up` and `furthest_down` are the most places by which the first method puts one
    higher, and lower, than the other. The rank correlation is Spearman's, over the scores.
    """

    both: int
    only_first: int
    only_other: int
    rank_correlation: float | None
    top: int
    top_shared: int
    furthest_up: int
    furthest_down: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A part that moves a score; `ahead` is its points more than in the middle of the cluster."""

    name: str
    points: float
    ahead: float
    said: str


# What a comparison can be sorted by.
SORTS: Final[Mapping[str, Callable[[Pair], float | None]]] = {
    "disagreement": lambda pair: pair.disagreement,
    "rank_difference": lambda pair: pair.rank_difference,
    "rank": lambda pair: pair.rank,
    "other_rank": lambda pair: pair.other_rank,
    "score": lambda pair: pair.score,
    "other_score": lambda pair: pair.other_score,
}
DEFAULT_SORT: Final = "-disagreement"


def ordered(pairs: Iterable[Pair], *, sort: str) -> list[Pair]:
    """By a key of SORTS, "-" before it turns it round; unknown values come last either way.

    The ranks, then the vote account, decide between equals, so that no two runs of this differ.
    """
    value, sign = SORTS[sort.removeprefix("-")], -1 if sort.startswith("-") else 1

    def place(pair: Pair) -> tuple[float, float, float, str, int]:
        found = value(pair)
        first = inf if found is None else sign * found
        return (first, pair.rank or inf, pair.other_rank or inf, pair.vote_account, pair.key)

    return sorted(pairs, key=place)


def agreement(pairs: Sequence[Pair]) -> Agreement:
    """Over all that either method scored."""
    both = [pair for pair in pairs if pair.rank is not None and pair.other_rank is not None]
    only_first = sum(pair.other_rank is None for pair in pairs)
    only_other = sum(pair.rank is None for pair in pairs)
    differences = [pair.rank_difference or 0 for pair in both]
    top = min(TOP, len(both) + only_first, len(both) + only_other)
    return Agreement(
        both=len(both),
        only_first=only_first,
        only_other=only_other,
        rank_correlation=spearman(
            [pair.score or 0.0 for pair in both], [pair.other_score or 0.0 for pair in both]
        ),
        top=top,
        top_shared=len(_best(pairs, "rank", "other_rank", top) & _best(pairs, "other_rank", "rank", top)),
        furthest_up=max(0, *differences, 0),
        furthest_down=-min(0, *differences, 0),
    )


def _best(pairs: Sequence[Pair], by: str, then: str, top: int) -> set[int]:
    """As many as the top has: equals share a rank, so that all up to a rank may be more."""

    def place(pair: Pair) -> tuple[float, float, int]:
        return (getattr(pair, by) or inf, getattr(pair, then) or inf, pair.key)

    return {pair.key for pair in sorted(pairs, key=place)[:top]}


def sampled_places(count: int) -> list[int]:
    """The places from 1 on, evenly over all of `count`, whose scores stand for the middle of a run."""
    size = min(SAMPLE_SIZE, count)
    return [(2 * place + 1) * count // (2 * size) + 1 for place in range(size)]


def middle(sample: Sequence[Sequence[Part]]) -> dict[str, float]:
    """The median of what each part lacks, over explained scores; one that has no such part lacks nothing."""
    names = dict.fromkeys(part.name for parts in sample for part in parts)
    lacking = [{part.name: part.shortfall for part in parts} for parts in sample]
    return {name: median(one.get(name, 0.0) for one in lacking) for name in names}


def reasons(parts: Iterable[Part], usual: Mapping[str, float]) -> list[Reason]:
    """The few parts that set a score furthest apart from the middle of the cluster, the furthest first.

    Of equals the one that is explained first. A part that most have and this one lacks says nothing.
    """
    found = [(part, usual.get(part.name, 0.0) - part.shortfall) for part in parts]
    apart = [(part, ahead) for part, ahead in found if abs(ahead) >= LEAST_REASON]
    apart.sort(key=lambda one: -abs(one[1]))
    return [
        Reason(name=part.name, points=part.points, ahead=round(ahead, DIGITS) + 0.0, said=part.said)
        for part, ahead in apart[:MOST_REASONS]
    ]
