"""What a claim writes: for which occurrences, and how each of these rows begins."""

from collections.abc import Iterator

from tests.proof.state import (
    FAILED,
    MISSED,
    NONE,
    OPEN,
    PENDING,
    QUEUED,
    RUNNING,
    SKIPPED,
    CatchUp,
    Configuration,
    Overlap,
    Row,
    State,
    replaced,
)

UNDER_WAY = (QUEUED, RUNNING)


def planned_of(seen: int, due: int, made: Configuration) -> range:
    """`plan_runs`: the newest, or all; those before it are counted with it."""
    return range(seen if made.catch_up == CatchUp.ALL else seen + due - 1, seen + due)


def is_known(rows: tuple[Row, ...], seen: int, due: int, made: Configuration) -> bool:
    return any(rows[run].state not in (NONE, MISSED) for run in planned_of(seen, due, made))


def rows_written(state: State, seen: int, due: int, made: Configuration) -> Iterator[tuple[Row, ...]]:
    """`_new_runs` of what is due: a run ahead that waits for another attempt is taken over, or not."""
    planned = planned_of(seen, due, made)
    counted = tuple(
        row._replace(state=MISSED) if row.state == NONE and seen <= run < planned.start else row
        for run, row in enumerate(state.rows)
    )
    ahead = [run for run, row in enumerate(counted) if row.state in OPEN and not row.backfilled]
    yield _written(counted, planned, ahead, made)
    if any(row.backfilled and row.state == PENDING for row in counted):
        yield _written(
            counted, planned, ahead, made, is_turn_of_backfilled=True
        )  # the last one was the clock's
    newest = counted[planned[-1]]
    if made.catch_up == CatchUp.SKIP and newest.state in (NONE, MISSED):
        yield replaced(counted, planned[-1], Row(SKIPPED))  # it is claimed after its grace
    if due == 1 and newest.state in (NONE, MISSED):
        yield replaced(counted, seen, Row(FAILED))  # its cadence cannot be
    if made.overlap != Overlap.ALLOW and ahead and all(waits_again(counted[run]) for run in ahead):
        over = tuple(
            row._replace(state=FAILED, attempt=0, begun=0) if run in ahead else row
            for run, row in enumerate(counted)
        )
        yield _written(over, planned, [], made)


def waits_again(row: Row) -> bool:
    """`waits_for_another_attempt`."""
    return row.state == PENDING and row.attempt > 0 and not row.backfilled


def _written(
    rows: tuple[Row, ...],
    planned: range,
    ahead: list[int],
    made: Configuration,
    *,
    is_turn_of_backfilled: bool = False,
) -> tuple[Row, ...]:
    is_held = is_turn_of_backfilled or any(row.backfilled and row.state in UNDER_WAY for row in rows)
    for run in planned:
        if rows[run].state not in (NONE, MISSED):
            continue
        state = _state_of(ahead, made, made_up_for=len(planned) > 1)
        if state == QUEUED and is_held and made.overlap != Overlap.ALLOW:
            state = PENDING
        if state in OPEN:
            ahead = [*ahead, run]
        rows = replaced(rows, run, Row(state, bell=state == QUEUED))
    return rows


def _state_of(ahead: list[int], made: Configuration, *, made_up_for: bool) -> int:
    if not ahead or made.overlap == Overlap.ALLOW:
        return QUEUED
    if made_up_for or (made.overlap == Overlap.QUEUE and len(ahead) == 1):
        return PENDING
    return SKIPPED
