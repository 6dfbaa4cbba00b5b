"""What in a commission's past makes stakers wary. Pure; commissions are basis points."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Final, NamedTuple


class CommissionFlag(StrEnum):
    """A pattern that was seen at least once."""

    CROSSED_TEN_PERCENT = "crossed 10 % upward"
    JUMPED = "three points or more upward within one epoch"
    ABOVE_HALF = "above 50 %"
    UP_AND_BACK = "up and back within one epoch"


class CommissionStep(NamedTuple):
    """A change that was seen while the epoch ran, and made in it, or before its first look."""

    epoch: int
    from_bps: int
    to_bps: int
    in_first_look: bool = False


class EpochCommission(NamedTuple):
    """The commission as seen in one epoch; None is unknown."""

    epoch: int
    first_bps: int | None
    last_bps: int | None
    min_bps: int | None
    max_bps: int | None


# Many delegation programmes ask for at most this.
TEN_PERCENT: Final = 1_000
JUMP: Final = 300
HALF: Final = 5_000

# Values that the commission had one after the other, maybe with others between.
Path = Sequence[int]


def commission_flags(
    *, steps: Iterable[CommissionStep] = (), epochs: Iterable[EpochCommission] = ()
) -> frozenset[CommissionFlag]:
    """The patterns in the changes and in the epochs, each in the order of time.

    A change between the last look in one epoch and the first in the next belongs to the later
    one. What changed over epochs that nobody saw is no jump: it may have been gradual.
    """
    changes, rows = list(steps), list(epochs)
    within = [*_paths_within(changes), *(path for paths in _row_paths(rows) for path in paths)]
    across = [[value for step in changes for value in (step.from_bps, step.to_bps)], *_joined(rows)]
    found = {
        CommissionFlag.CROSSED_TEN_PERCENT: any(map(_crosses, across)),
        CommissionFlag.JUMPED: any(_largest_rise(path) >= JUMP for path in within),
        CommissionFlag.ABOVE_HALF: any(max(path, default=0) > HALF for path in across),
        CommissionFlag.UP_AND_BACK: any(map(_goes_up_and_back, within)),
    }
    return frozenset(flag for flag, seen in found.items() if seen)


def _paths_within(changes: Iterable[CommissionStep]) -> list[Path]:
    by_epoch: defaultdict[int, list[int]] = defaultdict(list)
    for step in changes:
        by_epoch[step.epoch] += (step.from_bps, step.to_bps)
    return list(by_epoch.values())


def _row_paths(rows: Sequence[EpochCommission]) -> Iterator[tuple[Path, Path]]:
    """Two paths through each epoch: its lowest and its highest lie between its first and its last."""
    before: EpochCommission | None = None
    for row in rows:
        adjacent = before is not None and before.epoch == row.epoch - 1
        start = before.last_bps if before is not None and adjacent else None
        yield (
            _known(start, row.first_bps, row.max_bps, row.last_bps),
            _known(start, row.first_bps, row.min_bps, row.last_bps),
        )
        before = row


def _joined(rows: Sequence[EpochCommission]) -> tuple[Path, Path]:
    """The same two through all epochs."""
    pairs = list(_row_paths(rows))
    return (
        [value for highest, _ in pairs for value in highest],
        [value for _, lowest in pairs for value in lowest],
    )


def _known(*values: int | None) -> list[int]:
    return [value for value in values if value is not None]


def _crosses(path: Path) -> bool:
    return any(before <= TEN_PERCENT < after for before, after in pairwise(path))


def _largest_rise(path: Path) -> int:
    largest, lowest = 0, path[0] if path else 0
    for value in path:
        lowest = min(lowest, value)
        largest = max(largest, value - lowest)
    return largest


def _goes_up_and_back(path: Path) -> bool:
    """Whether some value was followed by a higher one, and that by one that is no higher than the first."""
    exceeded = -1
    # Not exceeded so far; each is no higher than the one below it.
    waiting: list[int] = []
    for value in path:
        if value <= exceeded:
            return True
        while waiting and waiting[-1] < value:
            exceeded = max(exceeded, waiting.pop())
        waiting.append(value)
    return False
