"""The model as the explorer wants it: its steps, which of them may be counted on, and its symmetry."""

from collections.abc import Iterator

from tests.proof import switches
from tests.proof.dispatchers import dispatcher_steps
from tests.proof.environment import environment_steps
from tests.proof.state import DEAD, NOBODY, QUEUED, Configuration, Row, State, Step
from tests.proof.workers import worker_steps

# What may happen and need not: nobody's progress rests on these.
NOT_COUNTED_ON = frozenset(
    {
        "take, answer late",
        "take, answer lost",
        "take a doubled message",
        "answer lost",
        "succeed, answer lost",
        "fail, answer lost",
        "skip, answer lost",
        "give back, answer lost",
        "succeed and take, answer lost",
        "forget",
        "restart",
        "release out of turn",
        "release two at once",
        "take over out of turn",
        "lose the message",
        "claim by the old version",
        "die",
        "stall",
        "lose the host",
        "pause",
        "set back",
        "cancel",
        "retry",
        "backfill",
        "deploy",
    }
)


def steps(state: State, made: Configuration) -> Iterator[Step]:
    yield from worker_steps(state, made)
    yield from dispatcher_steps(state, made)
    yield from environment_steps(state, made)


def canonical(state: State, made: Configuration) -> State:
    """Of states that differ in the numbers of like processes alone, or in messages that change nothing, one.

    On two hosts the worker and the dispatcher of one change places with those of the other; on one host
    workers and dispatchers each by themselves.
    """
    state = _without_dead_messages(state, made)
    if made.hosts == 1:
        dispatchers = state.dispatchers
        ordered = dispatchers if dispatchers[0] <= dispatchers[1] else dispatchers[::-1]
        both = state if ordered is dispatchers else State(state.world, state.rows, state.workers, ordered)
        return min(both, _workers_swapped(both, hosts=1))
    if _is_first(state):
        return state
    return _swapped(state)


def _without_dead_messages(state: State, made: Configuration) -> State:
    """Who takes one about a run that is not queued does nothing, and whoever queues a run rings anew."""
    if switches.ONLY_QUEUED in made.without:
        return state
    if not any(row.bell and row.state != QUEUED for row in state.rows):
        return state
    rows = tuple(row if row.state == QUEUED else row._replace(bell=False) for row in state.rows)
    return State(state.world, rows, state.workers, state.dispatchers)


def _is_first(state: State) -> bool:
    here = state.workers[0], state.dispatchers[0]
    there = state.workers[1], state.dispatchers[1]
    if here != there:
        return here < there
    return state.rows <= _owners_swapped(state.rows, hosts=2)


def _swapped(state: State) -> State:
    return State(
        state.world, _owners_swapped(state.rows, hosts=2), state.workers[::-1], state.dispatchers[::-1]
    )


def _workers_swapped(state: State, *, hosts: int) -> State:
    rows = _owners_swapped(state.rows, hosts=hosts)
    return State(state.world, rows, state.workers[::-1], state.dispatchers)


def _owners_swapped(rows: tuple[Row, ...], *, hosts: int) -> tuple[Row, ...]:
    if all(row.owner == NOBODY for row in rows):
        return rows
    return tuple(_owner_swapped(row, hosts=hosts) for row in rows)


def _owner_swapped(row: Row, *, hosts: int) -> Row:
    if row.owner == NOBODY or (row.owner >= DEAD and hosts == 1):
        return row
    return row._replace(owner=row.owner ^ 1)
