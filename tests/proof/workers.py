"""What a worker does: each step is one statement, or one transaction, of `scheduling/engine`."""

from collections.abc import Iterator

from tests.proof import switches
from tests.proof.state import (
    CLAIMED,
    ENDED,
    EXECUTING,
    FAILED,
    GIVING_BACK,
    IDLE,
    LOOKED,
    MISSED,
    MOST_ATTEMPTS,
    NOBODY,
    NONE,
    OVER,
    PENDING,
    QUEUED,
    RUNNING,
    SKIPPED,
    STORED,
    SUCCEEDED,
    SURRENDER,
    Configuration,
    Dispatcher,
    Row,
    State,
    Step,
    Worker,
    World,
    replaced,
)

FRESH = Worker()


def worker_steps(state: State, made: Configuration) -> Iterator[Step]:
    for who, worker in enumerate(state.workers):
        if worker.at == IDLE:
            yield from _take(state, who, made)
        elif worker.at == CLAIMED:
            yield _hear(state, who, made)
            yield Step("answer lost", who, worker.run, _broke_off(state, who, made))
        elif worker.at == EXECUTING:
            yield Step("finish", who, worker.run, _finished(state, who, made))
            if not worker.stalled:
                yield from _commit(state, who, made)
        elif not worker.stalled:
            if worker.at == GIVING_BACK:
                yield from _give_back(state, who, made)
            elif worker.at in (OVER, STORED):
                yield from _end(state, who, made)


def _take(state: State, who: int, made: Configuration) -> Iterator[Step]:
    """`statements.take`: UPDATE … WHERE id = … AND state = 'queued'."""
    for run, row in enumerate(state.rows):
        if not row.bell or not _takable(row, made):
            continue  # the message dies, as one that is lost does
        for bell in (False, True):  # it may have been rung twice
            taken = _taken(state, who, run, bell=bell)
            name = "take a doubled message" if bell else "take"
            yield Step(name, who, run, _executing(taken, who, Worker(CLAIMED, run, True), made))
            if state.world.faults:
                late = Worker(CLAIMED, run, True, 0, True, False)
                yield Step("take, answer late", who, run, _with(spent(taken), who, late))
                yield Step("take, answer lost", who, run, _broke_off(spent(taken), who, made, run=run))


def _takable(row: Row, made: Configuration) -> bool:
    if switches.ONLY_QUEUED in made.without:
        return row.state not in (NONE, MISSED)
    return row.state == QUEUED


def _taken(state: State, who: int, run: int, *, bell: bool) -> State:
    row = state.rows[run]
    taken = Row(RUNNING, row.attempt + 1, who, row.begun, row.effects, bell, row.backfilled, row.again)
    return State(
        state.world,
        replaced(state.rows, run, taken),
        tuple(w._replace(mine=False) if w.run == run and w.mine else w for w in state.workers),
        tuple(_owner_changed(d, run) for d in state.dispatchers),
    )


def _owner_changed(dispatcher: Dispatcher, run: int) -> Dispatcher:
    if dispatcher.at in LOOKED and dispatcher.of == run:
        return dispatcher._replace(same_owner=False)
    return unwatched(dispatcher, run)


def unwatched(dispatcher: Dispatcher, run: int) -> Dispatcher:
    """Without its stopwatch on a row; that of a look under way goes on, until it is acted upon."""
    looked = dispatcher.at in LOOKED and dispatcher.of == run
    if looked or dispatcher.watch[run] < 0:
        return dispatcher
    return dispatcher._replace(watch=replaced(dispatcher.watch, run, -1))


def _executing(state: State, who: int, claim: Worker, made: Configuration) -> State:
    """`held_lease`: the watchdog is set, from when the run was asked for, and the task is called."""
    row = state.rows[claim.run]
    begun = replaced(state.rows, claim.run, row._replace(begun=min(row.begun + 1, MOST_ATTEMPTS + 1)))
    armed = made.hosts == 2 and switches.WATCHDOG not in made.without
    lag = 0 if switches.SINCE_ASKED in made.without else claim.lag
    worker = Worker(EXECUTING, claim.run, claim.mine, lag, False, armed)
    return State(state.world, begun, replaced(state.workers, who, worker), state.dispatchers)


def _hear(state: State, who: int, made: Configuration) -> Step:
    """The claim's answer arrives; `held_lease` refuses one that is older than `SURRENDER`."""
    worker = state.workers[who]
    if worker.lag > SURRENDER and switches.TOO_LATE not in made.without:
        late = worker._replace(at=GIVING_BACK, lag=0, stalled=False)
        return Step("hear too late", who, worker.run, _with(state, who, late))
    return Step("hear", who, worker.run, _executing(state, who, worker, made))


def _broke_off(state: State, who: int, made: Configuration, *, run: int | None = None) -> State:
    """`claim_run`: what broke off may stand, so it is given back."""
    worker = state.workers[who]
    if switches.GIVEN_BACK in made.without:
        return _with(state, who, FRESH)
    if run is not None:
        return _with(state, who, Worker(GIVING_BACK, run, True, 0, False, False))
    return _with(state, who, Worker(GIVING_BACK, worker.run, worker.mine, 0, False, False))


def _give_back(state: State, who: int, made: Configuration) -> Iterator[Step]:
    """`give_back`: UPDATE … WHERE id = … AND owner = … AND state = 'running'; it counts as no attempt."""
    worker = state.workers[who]
    row = state.rows[worker.run]
    ours = worker.mine or switches.FENCED_RETURN in made.without
    if row.state != RUNNING or not ours:
        yield Step("give back", who, worker.run, _with(state, who, FRESH))
        return
    back = stopped_running(state, worker.run, row._replace(state=PENDING, attempt=row.attempt - 1))
    yield from _heard(state, "give back", who, _with(back, who, FRESH), back)


def _heard(state: State, name: str, who: int, done: State, unheard: State) -> Iterator[Step]:
    """What was written; and as a fault without its answer, so that it will be written again."""
    yield Step(name, who, state.workers[who].run, done)
    if state.world.faults:
        yield Step(f"{name}, answer lost", who, state.workers[who].run, spent(unheard))


def _finished(state: State, who: int, made: Configuration) -> State:
    """The task is done, well or not; the lease ends and its watchdog with it."""
    worker = state.workers[who]
    armed = worker.armed and switches.CALLED_OFF in made.without
    return _with(state, who, Worker(OVER, worker.run, worker.mine, 0, worker.stalled, armed))


def _end(state: State, who: int, made: Configuration) -> Iterator[Step]:
    """`statements.end`: UPDATE … WHERE id = … AND owner = … AND state = 'running'."""
    worker = state.workers[who]
    row = state.rows[worker.run]
    idle = Worker(armed=worker.armed)
    if row.state != RUNNING or not (worker.mine or switches.FENCED in made.without):
        yield Step("end refused", who, worker.run, _with(state, who, idle))
        if row.state == RUNNING and switches.FENCED_TOGETHER in made.without:
            good = stopped_running(state, worker.run, row._replace(state=SUCCEEDED, effects=1))
            yield from _succeed_and_take(_with(good, who, idle), who, made)
        return
    if switches.EFFECT_WITH_END in made.without and worker.at == OVER:
        stored = replaced(state.rows, worker.run, row._replace(effects=min(row.effects + 1, 2)))
        yield Step(
            "store", who, worker.run, _with(state._replace(rows=stored), who, worker._replace(at=STORED))
        )
        return
    well = row._replace(state=SUCCEEDED, effects=min(row.effects + (worker.at == OVER), 2))
    ends = {"succeed": well}
    if worker.at == OVER:
        ends |= {"fail": _failed(row, made), "skip": row._replace(state=SKIPPED)}
    for name, ended in ends.items():
        done = stopped_running(state, worker.run, ended)
        yield from _heard(state, name, who, _with(done, who, idle), done)
    yield from _succeed_and_take(_with(stopped_running(state, worker.run, well), who, idle), who, made)


def _commit(state: State, who: int, made: Configuration) -> Iterator[Step]:
    """`commit_with_run` within the task, which goes on under its lease; refused, it finishes."""
    worker = state.workers[who]
    row = state.rows[worker.run]
    ours = worker.mine or switches.FENCED in made.without
    if row.state == RUNNING and ours and switches.EFFECT_WITH_END not in made.without:
        good = row._replace(state=SUCCEEDED, effects=min(row.effects + 1, 2))
        yield Step("commit", who, worker.run, stopped_running(state, worker.run, good))


def _failed(row: Row, made: Configuration) -> Row:
    """`_record_failure`: another attempt, or the end after the last."""
    if switches.COUNTED in made.without:
        return row._replace(state=PENDING, attempt=row.attempt - 1)
    return row._replace(state=FAILED if row.attempt >= MOST_ATTEMPTS else PENDING)


def _succeed_and_take(ended: State, who: int, made: Configuration) -> Iterator[Step]:
    """`statements.end_and_take`, PostgreSQL's: the end of one run and the claim of the next."""
    if made.hosts == 1:
        return
    for step in _take(ended, who, made):
        if step.name == "take":
            yield step._replace(name="succeed and take")
        elif step.name == "take, answer lost":
            yield step._replace(name="succeed and take, answer lost")


def stopped_running(state: State, run: int, row: Row) -> State:
    """With a row that no longer runs, which nobody's stopwatch is on any more."""
    ended = row.state in ENDED
    kept = row._replace(owner=NOBODY, attempt=0, begun=0) if ended else row._replace(owner=NOBODY)
    watching = tuple(unwatched(d, run) for d in state.dispatchers)
    return State(state.world, replaced(state.rows, run, kept), state.workers, watching)


def spent(state: State) -> State:
    """With a fault less to come."""
    world = state.world
    left = World(world.next_run, world.paused, world.faults - 1, world.acts, world.twice)
    return State(left, state.rows, state.workers, state.dispatchers)


def _with(state: State, who: int, worker: Worker) -> State:
    return State(state.world, state.rows, replaced(state.workers, who, worker), state.dispatchers)
