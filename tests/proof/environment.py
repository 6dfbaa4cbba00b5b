"""What happens to them: faults, as many as the configuration allows, the passing of time, and operators.

Free, and as often as it likes, comes what stands elsewhere: a message lost or doubled, a dispatcher killed
between any two of its steps or held up for any time, the wall clock stepped, a worker of another version
(one ends a run and claims the next by one statement, another by two).
"""

from collections.abc import Iterator

from tests.proof import switches
from tests.proof.state import (
    CLAIMED,
    DEAD,
    EXECUTING,
    FAILED,
    GIVING_BACK,
    GONE,
    HANDING_OVER,
    LEASE,
    LOOKED,
    MISSED,
    NONE,
    OPEN,
    OVER,
    PENDING,
    QUEUED,
    RUNNING,
    SKIPPED,
    STORED,
    SURRENDER,
    Configuration,
    Dispatcher,
    Overlap,
    Row,
    State,
    Step,
    Worker,
    World,
    replaced,
)
from tests.proof.workers import FRESH, spent, stopped_running

# Whom a stall or a death can harm: who holds a run, or its end.
HOLDING = (CLAIMED, EXECUTING, OVER, STORED, GIVING_BACK)


def environment_steps(state: State, made: Configuration) -> Iterator[Step]:
    if made.hosts == 2:
        passed = _tick(state, made)
        if passed != state:
            yield Step("tick", -1, -1, passed)
    for who, worker in enumerate(state.workers):
        if worker.stalled and worker.at != CLAIMED:
            awake = worker._replace(stalled=False)
            yield Step("wake", who, worker.run, state._replace(workers=replaced(state.workers, who, awake)))
        if state.world.faults:
            yield from _faults(spent(state), who, made)
    if state.world.paused:
        yield from _resume(state)
    if state.world.acts:
        yield from _acts(_acted(state), made)


def _faults(state: State, who: int, made: Configuration) -> Iterator[Step]:
    worker = state.workers[who]
    if worker.at in HOLDING or any(row.owner == who for row in state.rows):
        yield Step("die", who, worker.run, _died(state, who, made))
    if worker.at in (EXECUTING, OVER, STORED, GIVING_BACK) and not worker.stalled:
        stalled = replaced(state.workers, who, worker._replace(stalled=True))
        yield Step("stall", who, worker.run, state._replace(workers=stalled))
    if made.hosts == 2 and worker.at != GONE and state.workers[1 - who].at != GONE:
        gone = _died(state, who, made)
        dispatcher = Dispatcher(GONE, watch=(-1,) * len(state.rows))
        yield Step(
            "lose the host",
            who,
            worker.run,
            gone._replace(
                workers=replaced(gone.workers, who, Worker(GONE)),
                dispatchers=replaced(gone.dispatchers, who, dispatcher),
            ),
        )


def _died(state: State, who: int, made: Configuration) -> State:
    """A process is no more, and another stands in its place; what it owns in the ledger it goes on owning."""
    dead = DEAD + (who if made.hosts == 2 else 0)
    rows = tuple(row._replace(owner=dead) if row.owner == who else row for row in state.rows)
    return State(state.world, rows, replaced(state.workers, who, FRESH), state.dispatchers)


def _tick(state: State, made: Configuration) -> State:
    """A second and a half on every stopwatch: who can has beaten, who could not for too long is ended."""
    beaten = set()
    for who, worker in enumerate(state.workers):
        if worker.at == EXECUTING and not worker.stalled:
            if worker.mine:  # `_beat`: UPDATE … WHERE id = … AND owner = …
                beaten.add(worker.run)
                state = _placed(state, who, worker._replace(lag=0))
            else:  # it hears that the run is another's
                state = _placed(state, who, Worker(GIVING_BACK, worker.run))
        elif worker.at in (EXECUTING, CLAIMED) or worker.armed:
            lag = min(worker.lag + 1, SURRENDER + 1)
            if worker.armed and lag > SURRENDER:
                state = _died(state, who, made)
            else:
                state = _placed(state, who, worker._replace(lag=lag))
    dispatchers = tuple(_stopwatches(dispatcher, beaten) for dispatcher in state.dispatchers)
    return state._replace(dispatchers=dispatchers)


def _placed(state: State, who: int, worker: Worker) -> State:
    return State(state.world, state.rows, replaced(state.workers, who, worker), state.dispatchers)


def _stopwatches(dispatcher: Dispatcher, beaten: set[int]) -> Dispatcher:
    if not beaten and max(dispatcher.watch) < 0:
        return dispatcher
    looked = dispatcher.of if dispatcher.at in LOOKED else -1
    watch = tuple(
        -1 if run in beaten and run != looked else min(stood + 1, LEASE) if stood >= 0 else stood
        for run, stood in enumerate(dispatcher.watch)
    )
    same_beat = dispatcher.same_beat and looked not in beaten
    return dispatcher._replace(watch=watch, same_beat=same_beat)


def _acted(state: State) -> State:
    return state._replace(world=state.world._replace(acts=state.world.acts - 1))


def _acts(state: State, made: Configuration) -> Iterator[Step]:
    """What operators do: each a transaction under the lock of the job's row, which a claim takes as well."""
    if not state.world.paused:
        yield Step("pause", -1, -1, state._replace(world=state.world._replace(paused=True)))
    if state.world.next_run:
        for back in range(state.world.next_run):
            yield Step("set back", -1, back, state._replace(world=state.world._replace(next_run=back)))
    yield from _cancel(state, made)
    for run, row in enumerate(state.rows):
        able = (FAILED, RUNNING) if switches.RETRY_FAILED in made.without else (FAILED,)
        if row.state in able and _may_begin_anew(state, run, made):
            anew = Row(PENDING, effects=row.effects, bell=row.bell, backfilled=row.backfilled, again=True)
            yield Step("retry", -1, run, state._replace(rows=replaced(state.rows, run, anew)))
        if row.state in (NONE, MISSED, SKIPPED) or switches.BACKFILL_LOOKS in made.without:
            yield Step("backfill", -1, run, _backfilled(state, run))
    for who, worker in enumerate(state.workers):
        if worker.at in HOLDING:
            for dispatcher in (who,) if made.hosts == 2 else (0, 1):
                yield Step("deploy", who, worker.run, _deployed(state, who, made, by=dispatcher))


def _cancel(state: State, made: Configuration) -> Iterator[Step]:
    """`cancel`: UPDATE … WHERE state IN ('pending', 'queued')."""
    able = OPEN if switches.CANCEL_WAITING in made.without else (PENDING, QUEUED)
    if any(row.state in able for row in state.rows):
        for run, row in enumerate(state.rows):
            if row.state in able:
                cancelled = row._replace(state=SKIPPED, attempt=0, begun=0)
                state = stopped_running(state, run, cancelled)
        yield Step("cancel", -1, -1, state)


def _may_begin_anew(state: State, run: int, made: Configuration) -> bool:
    """`_require_sense`: no other run of the job has yet to begin."""
    if made.overlap == Overlap.ALLOW or state.rows[run].backfilled:
        return True
    return not any(
        row.state in (PENDING, QUEUED) and not row.attempt and not row.backfilled
        for other, row in enumerate(state.rows)
        if other != run
    )


def _backfilled(state: State, run: int) -> State:
    """A row deleted and a new one written: what knew the old one's number finds nothing under it."""
    workers = tuple(w._replace(mine=False) if w.run == run and w.mine else w for w in state.workers)
    anew = stopped_running(state, run, Row(PENDING, effects=state.rows[run].effects, backfilled=True))
    looked = tuple(
        d._replace(same_owner=False) if d.at in LOOKED and d.of == run else d for d in anew.dispatchers
    )
    return anew._replace(workers=workers, dispatchers=looked)


def _deployed(state: State, who: int, made: Configuration, *, by: int) -> State:
    """A pool is stopped, and its dispatcher, which dropped what it was about, reads what that was doing."""
    worker = state.workers[who]
    after = _died(state, who, made)
    if state.rows[worker.run].owner != who:
        return after
    begun = worker.at not in (CLAIMED, GIVING_BACK)
    looked = Dispatcher(HANDING_OVER, worker.run, begun, True, True, state.dispatchers[by].watch)
    return after._replace(dispatchers=replaced(after.dispatchers, by, looked))


def _resume(state: State) -> Iterator[Step]:
    """`resume`: what lay in the pause is not asked for, however much of it did."""
    world = state.world
    for following in range(world.next_run, len(state.rows) + 1):
        rows = tuple(
            row._replace(state=MISSED) if row.state == NONE and world.next_run <= run < following else row
            for run, row in enumerate(state.rows)
        )
        on = World(following, False, world.faults, world.acts, world.twice)
        yield Step("resume", -1, following, state._replace(world=on, rows=rows))
