"""What became of every validator that had stake, and which of them a figure is about. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from validators.scoring.facts import BAD_PERFORMANCE
from validators.scoring.timeline import RecordedEpoch, Timeline, kept
from validators.solana.arithmetic import ALL_BPS

# As many epochs are looked at after the one scored.
HORIZON: Final = 10
# Known of more than this share of its rows, an epoch can be an outcome.
KNOWN_ENOUGH: Final = 0.9
# Earned at least this much of the mean: what a delegator could still pick.
ALIVE: Final = 0.5
PUBLIC_BPS: Final = 1_000
# What people call a raise: so much at once, or beyond what most ask at all.
RAISE_BPS: Final = 300


class Judged(NamedTuple):
    """A prediction at the end of an epoch, and what came of it; `now` and `before` as in Outcome."""

    epoch: int
    vote_account: str
    score: float
    risk: float | None
    bad: bool
    now: float
    before: float | None
    commission_bps: int
    stake: int

    @property
    def alive(self) -> bool:
        return self.now >= ALIVE

    @property
    def public(self) -> bool:
        return self.alive and self.commission_bps <= PUBLIC_BPS


# The sets that risks are judged on. One group that fails for many epochs on end cannot carry `fresh`.
SETS: Final[Mapping[str, Callable[[Judged], bool]]] = {
    "alive": lambda row: row.alive,
    "onset": lambda row: row.now >= BAD_PERFORMANCE,
    "fresh": lambda row: (
        row.alive and (row.now >= BAD_PERFORMANCE or row.before is None or row.before >= BAD_PERFORMANCE)
    ),
}
# Score and, where a method gives one, risk: epoch -> vote account -> what was said.
Said = Mapping[int, Mapping[str, tuple[float, float | None]]]


@dataclass(frozen=True, slots=True)
class Truth:
    """The history around the epochs from `first` to `last`, and the newest whose credits are known."""

    history: Timeline
    first: int
    last: int
    last_known: int

    def kept(self, epoch: int, vote_account: str) -> float:
        """What a delegator kept of a perfect 0 % validator's reward of that epoch; gone is nothing."""
        at = self.history.get(epoch)
        row = at.rows.get(vote_account) if at else None
        return 0.0 if at is None or row is None else kept(row, at.measured[vote_account])

    def raised(self, epoch: int, vote_account: str, bps: int) -> bool:
        """Whether its commission rose steeply, or beyond what is public, at any time of that epoch."""
        row = self.history[epoch].rows.get(vote_account)
        highest = row.highest_bps if row else None
        return highest is not None and highest > bps and (highest > PUBLIC_BPS or highest - bps >= RAISE_BPS)

    def outcomes(self, said: Said) -> tuple[list[Judged], int]:
        """What was said of those with stake whose next epoch is known, and of how many nothing was."""
        rows: list[Judged] = []
        missing = 0
        for epoch in range(self.first, min(self.last, self.last_known - 1) + 1):
            if epoch in self.history and epoch + 1 in self.history:
                for row in self._outcomes(epoch, said.get(epoch, {})):
                    missing += row is None
                    if row is not None:
                        rows.append(row)
        return rows, missing

    def _outcomes(
        self, epoch: int, said: Mapping[str, tuple[float, float | None]]
    ) -> Iterator[Judged | None]:
        now, after = self.history[epoch], self.history[epoch + 1]
        before = self.history.get(epoch - 1)
        for key, row in now.rows.items():
            there = key in after.rows
            earned = after.measured.get(key)
            if not row.stake or (there and earned is None):
                continue
            if key not in said:
                yield None
                continue
            yield Judged(
                *(epoch, key, *said[key]),
                not there or (earned is not None and earned < BAD_PERFORMANCE),
                now.measured[key] or 0.0,
                before.measured.get(key) if before else None,
                ALL_BPS if row.commission_bps is None else row.commission_bps,
                row.stake,
            )


def truth(history: Timeline, *, first: int, last: int) -> Truth:
    """Of the epochs from the one before `first` to as many after `last` as are looked at."""
    near = {epoch: one for epoch, one in history.items() if first - 1 <= epoch <= last + HORIZON + 1}
    last_known = max((epoch for epoch, one in near.items() if _is_known(one)), default=first - 1)
    return Truth(near, first, last, last_known)


def _is_known(epoch: RecordedEpoch) -> bool:
    known = sum(earned is not None for earned in epoch.measured.values())
    return known > KNOWN_ENOUGH * len(epoch.rows)


def by_epoch(rows: Sequence[Judged]) -> dict[int, list[Judged]]:
    found: dict[int, list[Judged]] = {}
    for row in rows:
        found.setdefault(row.epoch, []).append(row)
    return found
