"""How few could stop the cluster, and how stake is spread over groups. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import NamedTuple


def superminority(stakes: Mapping[str, int]) -> list[str]:
    """The fewest accounts that hold more than a third of all stake, largest first.

    Stakes are lamports by vote account, current and delinquent. The account that crosses the
    third is inside; of equal stakes the key that sorts first counts first. Empty without stake.
    """
    total = sum(stakes.values())
    inside: list[str] = []
    held = 0
    least = _least_inside(stakes, total)
    large = (item for item in stakes.items() if item[1] >= least)
    for key, stake in sorted(large, key=lambda item: (-item[1], item[0])):
        if held * 3 > total or not stake:
            break
        held += stake
        inside.append(key)
    return inside


def _least_inside(stakes: Mapping[str, int], total: int) -> int:
    """Below it nobody is inside: numbers alone are sorted ten times faster than with their keys."""
    held = 0
    for stake in sorted(stakes.values(), reverse=True):
        held += stake
        if held * 3 > total:
            return stake
    return 0


class Member(NamedTuple):
    """A validator's stake in lamports, and the group that it belongs to; None is unknown."""

    group: str | None
    stake: int


@dataclass(frozen=True, slots=True)
class Group:
    """Validators of one network, country, client or operator; `share` is of all stake."""

    key: str
    validators: int
    stake: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentration:
    """How stake is spread over groups, the largest first, of equals the key that sorts first.

    Everything is of all stake, also of that whose group is unknown. Where nothing is staked the
    share of the largest and of what is unknown are None, and each group's is 0.

    `nakamoto` is how few groups hold more than a third: None where those that are known do not, however many.
    `nakamoto_at_least` is how few it would be if all that is unknown were the largest's; None where nothing
    is known. `herfindahl` is the sum of the squares of the shares; what is unknown adds nothing to it, so it
    is that at least.
    """

    total: int
    groups: Sequence[Group]
    unknown_validators: int
    unknown_stake: int
    nakamoto: int | None
    nakamoto_at_least: int | None
    herfindahl: float | None

    @property
    def unknown_share(self) -> float | None:
        return self.unknown_stake / self.total if self.total else None

    @property
    def largest_share(self) -> float | None:
        return self.groups[0].share if self.groups and self.total else None


def concentration(members: Iterable[Member]) -> Concentration:
    """Over all that have a stake; who has none counts as a validator of its group."""
    stakes: dict[str | None, int] = defaultdict(int)
    validators: dict[str | None, int] = defaultdict(int)
    for group, stake in members:
        stakes[group] += stake
        validators[group] += 1
    total = sum(stakes.values())
    unknown = stakes.pop(None, 0)
    groups = [
        Group(key, validators[key], stake, stake / total if total else 0.0)
        for key, stake in sorted(stakes.items(), key=lambda item: (-item[1], item[0] or ""))
        if key is not None
    ]
    held = [group.stake for group in groups]
    known = bool(total and any(held))
    return Concentration(
        total=total,
        groups=groups,
        unknown_validators=validators.get(None, 0),
        unknown_stake=unknown,
        nakamoto=_fewest(held, total) if known else None,
        nakamoto_at_least=_fewest([held[0] + unknown, *held[1:]], total) if known else None,
        herfindahl=fsum(group.share**2 for group in groups) if known else None,
    )


def _fewest(stakes: Sequence[int], total: int) -> int | None:
    """How many of these, the largest first, hold more than a third; None where all of them do not."""
    held = 0
    for number, stake in enumerate(stakes, start=1):
        held += stake
        if held * 3 > total:
            return number
    return None
