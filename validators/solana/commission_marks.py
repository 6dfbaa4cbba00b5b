"""When, and from what to what: the newest occurrence of each commission flag. Pure; basis points."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, combinations, pairwise
from typing import NamedTuple

from validators.solana.commission_flags import (
    HALF,
    JUMP,
    TEN_PERCENT,
    CommissionFlag,
    CommissionStep,
    EpochCommission,
)


class CommissionMark(NamedTuple):
    """`epoch` is the one that shows it, `since` where it may have begun: the epoch of the value before, or
    the first above half. `from_bps` is the value before, None above half; `to_bps` the highest of it."""

    flag: CommissionFlag
    epoch: int
    since: int
    from_bps: int | None
    to_bps: int


class _Seen(NamedTuple):
    epoch: int
    bps: int


# What a commission was, in the order of time.
Path = Sequence[_Seen]


def commission_marks(
    *, steps: Iterable[CommissionStep] = (), epochs: Iterable[EpochCommission] = ()
) -> list[CommissionMark]:
    """One for each flag that `commission_flags` finds in the same, the newest."""
    changes, rows = list(steps), without_repeats(list(epochs))
    looked_at = [row.epoch for row in rows]
    within: list[Path] = [*_by_epoch(changes, looked_at), *chain.from_iterable(_row_paths(rows))]
    stepped: Path = [seen for step in changes for seen in _seen_in(step, looked_at)]
    joined = _joined(rows)
    across = [stepped, *joined]
    rose = _rose_within(rows) | _ended_above(changes)
    found = [
        _crossing(stepped, ()),
        *(_crossing(path, rose) for path in joined),
        *(_largest_rise(path) for path in within),
        *(_above_half(path) for path in across),
        *(_up_and_back(path) for path in within),
    ]
    newest: dict[CommissionFlag, CommissionMark] = {}
    for mark in filter(None, found):
        known = newest.get(mark.flag)
        if known is None or (mark.epoch, mark.to_bps) > (known.epoch, known.to_bps):
            newest[mark.flag] = mark
    return sorted(newest.values(), key=lambda mark: (-mark.epoch, mark.flag))


def without_repeats(rows: Sequence[EpochCommission]) -> list[EpochCommission]:
    """Of a commission that stands for many epochs the first and the last: nothing happens between them."""
    return [
        row
        for place, row in enumerate(rows)
        if not (
            0 < place < len(rows) - 1
            and row.min_bps == row.max_bps
            and _goes_on(rows[place - 1], row)
            and _goes_on(row, rows[place + 1])
            and {row.first_bps, row.last_bps} <= {row.min_bps, None}
        )
    ]


def _goes_on(before: EpochCommission, after: EpochCommission) -> bool:
    return after.epoch == before.epoch + 1 and after[1:] == before[1:]


def _seen_in(step: CommissionStep, looked_at: Sequence[int]) -> tuple[_Seen, _Seen]:
    """The first look of an epoch was behind the last one of the epoch looked at before it."""
    since = step.epoch
    if step.in_first_look:
        since = max((epoch for epoch in looked_at if epoch < step.epoch), default=step.epoch - 1)
    return _Seen(since, step.from_bps), _Seen(step.epoch, step.to_bps)


def _by_epoch(changes: Iterable[CommissionStep], looked_at: Sequence[int]) -> list[Path]:
    paths: defaultdict[int, list[_Seen]] = defaultdict(list)
    for step in changes:
        paths[step.epoch] += _seen_in(step, looked_at)
    return list(paths.values())


def _row_paths(rows: Sequence[EpochCommission]) -> Iterator[tuple[Path, Path]]:
    """As in `commission_flags`: through the highest and through the lowest of each epoch."""
    before: EpochCommission | None = None
    for row in rows:
        adjacent = before is not None and before.epoch == row.epoch - 1
        start = before.last_bps if before is not None and adjacent else None
        yield _path(row, start, row.max_bps), _path(row, start, row.min_bps)
        before = row


def _path(row: EpochCommission, start: int | None, extreme: int | None) -> Path:
    told = (
        (row.epoch - 1, start),
        (row.epoch, row.first_bps),
        (row.epoch, extreme),
        (row.epoch, row.last_bps),
    )
    return [_Seen(epoch, bps) for epoch, bps in told if bps is not None]


def _joined(rows: Sequence[EpochCommission]) -> list[Path]:
    pairs = list(_row_paths(rows))
    return [[seen for high, _ in pairs for seen in high], [seen for _, low in pairs for seen in low]]


def _rose_within(rows: Sequence[EpochCommission]) -> set[int]:
    """The epochs that had more than ten percent after one that had not, and tell not what they ended with."""
    return {
        row.epoch
        for before, row in pairwise(rows)
        if before.epoch == row.epoch - 1
        and before.max_bps is not None
        and before.max_bps <= TEN_PERCENT < (row.max_bps or 0)
        and row.last_bps is None
    }


def _ended_above(changes: Iterable[CommissionStep]) -> set[int]:
    """The epochs whose last change was to more than ten percent: who has them later did not cross later."""
    last = {step.epoch: step.to_bps for step in changes}
    return {epoch for epoch, bps in last.items() if bps > TEN_PERCENT}


def _crossing(path: Path, rose: Collection[int]) -> CommissionMark | None:
    """The last one. Out of an epoch in which it `rose` it was within that: of a later one the steps tell."""
    flag, found = CommissionFlag.CROSSED_TEN_PERCENT, None
    for before, after in pairwise(path):
        if before.bps <= TEN_PERCENT < after.bps:
            epoch = before.epoch if before.epoch in rose else after.epoch
            found = CommissionMark(flag, epoch, before.epoch, before.bps, after.bps)
    return found


def _largest_rise(path: Path) -> CommissionMark | None:
    rises = [
        CommissionMark(CommissionFlag.JUMPED, path[-1].epoch, before.epoch, before.bps, after.bps)
        for before, after in combinations(path, 2)
        if after.bps - before.bps >= JUMP
    ]
    # Of equals the one that is known to lie within fewer epochs.
    return max(rises, key=lambda mark: (mark.to_bps - (mark.from_bps or 0), mark.since), default=None)


def _above_half(path: Path) -> CommissionMark | None:
    """The last time, from its first epoch to its last."""
    run: list[_Seen] = []
    last: list[_Seen] = []
    for seen in path:
        if seen.bps > HALF:
            run.append(seen)
            last = run
        else:
            run = []
    if not last:
        return None
    highest = max(seen.bps for seen in last)
    return CommissionMark(CommissionFlag.ABOVE_HALF, last[-1].epoch, last[0].epoch, None, highest)


def _up_and_back(path: Path) -> CommissionMark | None:
    found = []
    for place, before in enumerate(path):
        highest = before.bps
        for after in path[place + 1 :]:
            if after.bps <= before.bps < highest:
                flag, epoch = CommissionFlag.UP_AND_BACK, path[-1].epoch
                found.append(CommissionMark(flag, epoch, before.epoch, before.bps, highest))
            highest = max(highest, after.bps)
    return max(found, key=lambda mark: (mark.to_bps, mark.since), default=None)
