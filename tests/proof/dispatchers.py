"""What a dispatcher does: it reads, and later changes what it read by one conditional UPDATE or one
transaction.

It holds one intention at a time. That in the code one look at all runs is followed by several changes is in
the model all the same: what one dispatcher did since its own look, the other one may have done.

Every comparison with the wall clock (is it due, has it waited long enough) may come out either way at any
moment: so no rule below rests on that clock, however it is stepped. [TIME-1]
"""

from collections.abc import Iterator

from tests.proof import switches
from tests.proof.planning import UNDER_WAY, is_known, rows_written, waits_again
from tests.proof.state import (
    DEAD,
    FAILED,
    GONE,
    HANDING_OVER,
    IDLE,
    LEASE,
    LOOKED,
    LOOKED_HERE,
    LOOKED_THERE,
    MISSED,
    MOST_ATTEMPTS,
    MOVED,
    NONE,
    PENDING,
    QUEUED,
    RUNNING,
    SAW_DUE,
    SURRENDER,
    Configuration,
    Dispatcher,
    Overlap,
    State,
    Step,
    replaced,
)
from tests.proof.workers import stopped_running


def dispatcher_steps(state: State, made: Configuration) -> Iterator[Step]:
    for who, dispatcher in enumerate(state.dispatchers):
        if max(dispatcher.watch) >= 0:
            anew = Dispatcher(watch=(-1,) * len(state.rows))
            yield Step("restart", who, -1, _now(state, who, anew))
        if dispatcher.at == IDLE:
            yield from _look(state, who, made)
        elif dispatcher.at == SAW_DUE:
            yield from _claim(state, who, made)
            yield Step("forget", who, -1, _idle(state, who))
        elif dispatcher.at == MOVED:
            for rows in rows_written(state, dispatcher.of, dispatcher.due, made):
                yield Step("write rows", who, dispatcher.of, _idle(state._replace(rows=rows), who))
            yield Step("forget", who, -1, _idle(state, who))
        elif dispatcher.at in (LOOKED_HERE, LOOKED_THERE):
            yield _put_back(state, who, made)
            yield Step("forget", who, -1, _idle(state, who))
        elif dispatcher.at == HANDING_OVER:
            yield _hand_over(state, who, made)
            yield Step("forget", who, -1, _idle(state, who))
    # Whoever of them is there does these; what they were about to do besides makes no difference.
    yield from _release(state, made)
    yield from _ask_again(state, made)
    yield from _take_over(state, made)


def _look(state: State, who: int, made: Configuration) -> Iterator[Step]:
    """`claim_batches` and `unsettled_runs` read."""
    dispatcher, world = state.dispatchers[who], state.world
    if world.next_run < len(state.rows) and not world.paused:
        seen = Dispatcher(SAW_DUE, world.next_run, 0, False, False, dispatcher.watch)
        yield Step("see due", who, world.next_run, _now(state, who, seen))
    for run, row in enumerate(state.rows):
        if row.state != RUNNING:
            continue
        if made.hosts == 1 or row.owner % 2 == who:  # `_is_local`
            if row.owner >= DEAD:  # as the kernel says
                looked = Dispatcher(LOOKED_HERE, run, 0, True, True, dispatcher.watch)
                yield Step("look here", who, run, _now(state, who, looked))
        elif switches.TAKEN_BACK in made.without:
            continue
        elif dispatcher.watch[run] < 0:  # `LeaseWatch.expired` sees this heartbeat for the first time
            watch = replaced(dispatcher.watch, run, 0)
            yield Step("begin to watch", who, run, _now(state, who, dispatcher._replace(watch=watch)))
            if ripe_at(made) == 0:
                looked = Dispatcher(LOOKED_THERE, run, 0, True, True, watch)
                yield Step("look there", who, run, _now(state, who, looked))
        else:
            looked = Dispatcher(LOOKED_THERE, run, 0, True, True, dispatcher.watch)
            yield Step("look there", who, run, _now(state, who, looked))


def ripe_at(made: Configuration) -> int:
    """For how many ticks of the watcher's own stopwatch a heartbeat stands still before the lease is over."""
    if {switches.STOOD_STILL, switches.STOPWATCH, switches.LONGER_THAN_BEATS} & made.without:
        return 0
    return SURRENDER if switches.LONG_LEASE in made.without else LEASE


def _claim(state: State, who: int, made: Configuration) -> Iterator[Step]:
    """`claiming.claim`, one transaction: `statements.move_on` and the rows; then the bell."""
    dispatcher, world = state.dispatchers[who], state.world
    seen = dispatcher.of
    stands = world.next_run == seen or switches.COMPARE in made.without
    runs_on = not world.paused or switches.PAUSED in made.without
    if not (stands and runs_on):
        yield Step("claim refused", who, seen, _idle(state, who))
        return
    for due in range(1, len(state.rows) - seen + 1):
        moved = state._replace(world=world._replace(next_run=seen + due))
        if switches.ONE_TRANSACTION in made.without:
            yield Step("move on", who, seen, _now(moved, who, dispatcher._replace(at=MOVED, due=due)))
            continue
        unasked = switches.KNOWN in made.without and is_known(state.rows, seen, due, made)
        if not unasked:
            for rows in rows_written(state, seen, due, made):
                yield Step("claim", who, seen, _idle(moved._replace(rows=rows), who))
        if unasked or (made.old_version and is_known(state.rows, seen, due, made)):
            yield _second_row(state, moved, who, made)


def _second_row(state: State, moved: State, who: int, made: Configuration) -> Step:
    """Who does not ask first which rows there are meets the constraint, which rolls all of it back."""
    seen = state.dispatchers[who].of
    if switches.UNIQUE not in made.without:
        return Step("claim refused by the constraint", who, seen, _idle(state, who))
    twice = moved._replace(world=moved.world._replace(twice=True))
    return Step("claim by the old version", who, seen, _idle(twice, who))


def _put_back(state: State, who: int, made: Configuration) -> Step:
    """`_put_back`: UPDATE … WHERE id = … AND owner = … AND heartbeat = … AND state = 'running'."""
    dispatcher = state.dispatchers[who]
    run, row = dispatcher.of, state.rows[dispatcher.of]
    if dispatcher.at == LOOKED_THERE and dispatcher.watch[run] < ripe_at(made):
        return Step("leave alone", who, run, _idle(state, who))
    stands = (
        (row.state == RUNNING or switches.STILL_RUNNING in made.without)
        and (dispatcher.same_owner or switches.FENCED_RECOVERY in made.without)
        and (dispatcher.same_beat or switches.SAME_BEAT in made.without)
    )
    if not stands:
        return Step("put back nothing", who, run, _idle(state, who))
    lost = row._replace(state=FAILED if row.attempt >= MOST_ATTEMPTS else PENDING)
    if switches.LOSS_COUNTED in made.without:
        lost = row._replace(state=PENDING, attempt=max(row.attempt - 1, 0))
    return Step("put back", who, run, stopped_running(_idle(state, who), run, lost))


def _hand_over(state: State, who: int, made: Configuration) -> Step:
    """`give_back_stopped`: UPDATE … WHERE id = … AND owner = … AND state = 'running'."""
    dispatcher = state.dispatchers[who]
    run, row = dispatcher.of, state.rows[dispatcher.of]
    stands = row.state == RUNNING and (dispatcher.same_owner or switches.FENCED_HAND_OVER in made.without)
    if not stands:
        return Step("hand over nothing", who, run, _idle(state, who))
    back = row._replace(state=PENDING, attempt=row.attempt - 1, begun=row.begun - dispatcher.due)
    return Step("hand over", who, run, stopped_running(_idle(state, who), run, back))


def _release(state: State, made: Configuration) -> Iterator[Step]:
    """`_queue`: UPDATE … WHERE id = … AND state = 'pending' [AND NOT EXISTS another of the job under way].

    Which of several goes first is decided by a look that may be old: only the statement's own words hold.
    """
    alone = made.overlap != Overlap.ALLOW and switches.ONE_AT_A_TIME not in made.without
    if alone and any(row.state in UNDER_WAY for row in state.rows):
        return
    # A pause holds what was asked for, or is to begin anew; live occurrences go before what was asked for.
    held = state.world.paused and switches.HELD not in made.without
    waiting = [run for run, row in enumerate(state.rows) if row.state == PENDING]
    able = [run for run in waiting if not (held and state.rows[run].is_held_by_a_pause)]
    first = min(able, key=lambda run: (state.rows[run].backfilled, run), default=-1)
    for run in able:
        queued = replaced(state.rows, run, state.rows[run]._replace(state=QUEUED, bell=True))
        in_order = run == first or made.overlap == Overlap.ALLOW
        yield Step("release" if in_order else "release out of turn", -1, run, state._replace(rows=queued))
    if (
        switches.LOCKED in made.without and alone and len(able) > 1
    ):  # neither sees what the other has not committed
        both = tuple(
            row._replace(state=QUEUED, bell=True) if run in able else row
            for run, row in enumerate(state.rows)
        )
        yield Step("release two at once", -1, able[0], state._replace(rows=both))


def _ask_again(state: State, made: Configuration) -> Iterator[Step]:
    """`_ask_again`: UPDATE … WHERE id = … AND state = 'queued' AND queued_at = …; then the bell."""
    for run, row in enumerate(state.rows):
        if row.state == QUEUED and not row.bell and switches.ASKED_AGAIN not in made.without:
            yield Step("ask again", -1, run, belled(state, run, bell=True))
        if row.bell:
            yield Step("lose the message", -1, run, belled(state, run, bell=False))


def belled(state: State, run: int, *, bell: bool) -> State:
    return state._replace(rows=replaced(state.rows, run, state.rows[run]._replace(bell=bell)))


def _take_over(state: State, made: Configuration) -> Iterator[Step]:
    """`takeover._end`: UPDATE … WHERE id = … AND state = 'pending' AND attempt = … AND not_before = …

    The newer run, for whose sake it is done, waited too when it was seen; the statement asks nothing of it.
    """
    if made.overlap == Overlap.ALLOW:
        return
    newer = [
        run for run, row in enumerate(state.rows) if row.state not in (NONE, MISSED) and not row.backfilled
    ]
    blind = switches.WAITS_STILL in made.without
    for run in range(max(newer, default=0)):
        row = state.rows[run]
        if waits_again(row) or (blind and row.state == RUNNING):
            over = row._replace(state=FAILED, attempt=0, begun=0)
            waits = any(state.rows[other].state == PENDING for other in newer if other > run)
            name = "take over" if waits else "take over out of turn"
            yield Step(name, -1, run, state._replace(rows=replaced(state.rows, run, over)))


def _now(state: State, who: int, dispatcher: Dispatcher) -> State:
    return State(state.world, state.rows, state.workers, replaced(state.dispatchers, who, dispatcher))


def _idle(state: State, who: int) -> State:
    """With its intention gone; a stopwatch on what has changed meanwhile starts anew."""
    seen = state.dispatchers[who]
    watch = seen.watch
    if seen.at in LOOKED and not (
        seen.same_owner and seen.same_beat and state.rows[seen.of].state == RUNNING
    ):
        watch = replaced(watch, seen.of, -1)
    return _now(state, who, Dispatcher(GONE if seen.at == GONE else IDLE, watch=watch))
