"""The model's steps and the code's statements do the same to a row, in whatever state it is found.

What they do is a step that production holds runs to (`scheduling/ledger/lawful.py`).
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import product

import pytest
from django.db import transaction

from scheduling.engine import execution, recovery, statements, takeover
from scheduling.engine.claims import Claim, give_back
from scheduling.exceptions import RefusedError, RunLostError
from scheduling.ledger.lawful import NONE as NO_ROW
from scheduling.ledger.lawful import Look, steps_between
from scheduling.ledger.sightings import look_at
from scheduling.models import Job, Run, RunState, RunTrigger
from scheduling.operations.cancelling import What, cancel
from scheduling.operations.changing import backfill
from scheduling.operations.retrying import retry
from tests.proof import model, state
from tests.proof.state import DEAD, NONE, STATES, Configuration, Dispatcher, Row, Worker
from tests.proof.workers import FRESH
from tests.scheduling.factories import NOON, JobFactory, RunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]

MADE = Configuration(occurrences=2, faults=0, acts=1)
OWNER, OTHER, NEW = "a" * 32, "b" * 32, "c" * 32
LATER = NOON + timedelta(hours=1)
ROW_STATES = (*state.OPEN, *state.ENDED)
RUN_ENDED = [STATES[ended] for ended in state.ENDED]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How a row is found by whoever is about to change it, and what stands beside it."""

    state: int
    attempt: int
    mine: bool = True
    same_beat: bool = True
    backfilled: bool = False
    again: bool = False
    paused: bool = False
    # The state of another run of the job.
    other: int = NONE


def take(run: Run, found: Found) -> None:
    statements.take(run.pk, owner=NEW, worker="")


def end(run: Run, found: Found) -> None:
    statements.end(run.pk, owner=OWNER, state=RunState.SUCCEEDED)


def skip(run: Run, found: Found) -> None:
    statements.end(run.pk, owner=OWNER, state=RunState.SKIPPED)


def fail(run: Run, found: Found) -> None:
    claim = Claim(
        run_id=run.pk,
        owner=OWNER,
        job_id=run.job_id,
        job_name=run.job.name,
        job_is_followed=False,
        occurrence=run.occurrence,
        task=run.job.task,
        parameters={},
        condition="",
        attempt=run.attempt,
        time_limit=run.job.time_limit,
        started_at=NOON,
        claimed_at=0.0,
    )
    with suppress(RunLostError), transaction.atomic():
        execution._record_failure(claim, error="it was not to be")


def handed_over(run: Run, found: Found) -> None:
    run.owner = OWNER
    recovery.give_back_stopped([run])


def give(run: Run, found: Found) -> None:
    give_back(run.pk, owner=OWNER)


def put_back(run: Run, found: Found) -> None:
    run.owner, run.heartbeat = OWNER, 0
    recovery._put_back(run, now=LATER)


def release(run: Run, found: Found) -> None:
    recovery._queue(run, now=LATER)


def take_over(run: Run, found: Found) -> None:
    if takeover.waits_for_another_attempt(run, now=NOON - timedelta(days=1)):
        takeover._end(run, by=LATER, now=LATER)


def cancelled(run: Run, found: Found) -> None:
    cancel(run.job.name, what=What.ALL, by="ann", now=LATER)


def retried(run: Run, found: Found) -> None:
    retry(run.pk, by="ann", now=LATER)


def backfilled(run: Run, found: Found) -> None:
    backfill(run.job.name, start=run.occurrence, end=run.occurrence, by="ann", now=LATER)


# The code's function, the model's step, and where the model's actors are before it.
Act = Callable[[Run, Found], None]
OWNERS: dict[str, tuple[Act, int]] = {
    "take": (take, state.IDLE),
    "succeed": (end, state.OVER),
    "fail": (fail, state.OVER),
    "skip": (skip, state.OVER),
    "give back": (give, state.GIVING_BACK),
    "commit": (end, state.EXECUTING),
}
DISPATCHERS: dict[str, tuple[Act, int]] = {
    "put back": (put_back, state.LOOKED_HERE),
    "hand over": (handed_over, state.HANDING_OVER),
}
OTHERS: dict[str, Act] = {
    "release": release,
    "take over": take_over,
    "cancel": cancelled,
    "retry": retried,
    "backfill": backfilled,
}
# Those that depend on what else of the job there is.
BESIDE_OTHERS = ("release", "take over", "retry")


@pytest.fixture
def job() -> Job:
    job: Job = JobFactory(overlap="queue", max_attempts=2, schedule__next_run=LATER)
    return job


@pytest.mark.parametrize("name", OWNERS)
def test_what_a_worker_writes(name: str, job: Job) -> None:
    """[ONCE-1] [FENCE-1] [FENCE-2] [ATTEMPT-1]"""
    act, at = OWNERS[name]
    for row_state, mine, attempt in product(ROW_STATES, (True, False), (1, 2)):
        found = Found(state=row_state, attempt=attempt, mine=mine)
        before = _modelled(found, worker=Worker(at, 0, mine) if at else FRESH)

        assert _done_by_the_code(act, found, job) == _done_by_the_model(name, before), found


@pytest.mark.parametrize("name", DISPATCHERS)
def test_what_a_dispatcher_takes_back(name: str, job: Job) -> None:
    """[RECOVER-1] [END-1] [ATTEMPT-1] [FENCE-2]"""
    act, at = DISPATCHERS[name]
    for row_state, mine, beat in product(ROW_STATES, (True, False), (True, False)):
        for attempt in (1, 2) if row_state == state.RUNNING else (1,):
            found = Found(state=row_state, attempt=attempt, mine=mine, same_beat=beat)
            looked = Dispatcher(at, 0, 0, mine, beat, (-1, -1))
            before = _modelled(found, dispatcher=looked)

            assert _done_by_the_code(act, found, job) == _done_by_the_model(name, before), found


@pytest.mark.parametrize("name", OTHERS)
def test_what_others_do_to_a_row(name: str, job: Job) -> None:
    """[OVERLAP-1] [PAUSE-2] [END-1] [ASK-1]"""
    for found in _found(name):
        done = _done_by_the_model(name, _modelled(found))

        assert _done_by_the_code(OTHERS[name], found, job) == done, found


def _found(name: str) -> Iterator[Found]:
    """In every state; and where it may matter beside another run, backfilled, and in a pause."""
    newer = state.PENDING if name == "take over" else state.NONE
    for row_state, attempt in product(ROW_STATES, (0, 1)):
        yield Found(state=row_state, attempt=attempt, other=newer)
    for row_state in (state.PENDING, state.FAILED):
        for backfilled, paused in product((True, False), (True, False)):
            yield Found(state=row_state, attempt=1, backfilled=backfilled, paused=paused, other=newer)
        for other, backfilled in product(ROW_STATES if name in BESIDE_OTHERS else (), (True, False)):
            yield Found(state=row_state, attempt=1, backfilled=backfilled, other=other)
    for attempt, paused in product((0, 1), (True, False)):
        yield Found(state=state.PENDING, attempt=attempt, again=True, paused=paused, other=newer)


def _modelled(found: Found, *, worker: Worker = FRESH, dispatcher: Dispatcher | None = None) -> state.State:
    idle = Dispatcher(watch=(-1, -1))
    owner = state.NOBODY
    if found.state == state.RUNNING:
        owner = 0 if worker.mine else DEAD
    row = Row(found.state, found.attempt, owner, bell=True, backfilled=found.backfilled, again=found.again)
    return state.State(
        state.World(2, found.paused, 0, 1),
        (row, Row(found.other)),
        (worker, Worker(state.GONE)),
        (dispatcher or idle, idle),
    )


def _done_by_the_model(name: str, before: state.State) -> tuple[str, int] | None:
    """The state and the attempt that the row has then; None when nothing is done to it."""
    names = {name, f"{name} out of turn"}
    for step in model.steps(before, MADE):
        row = step.state.rows[0]
        if step.name in names and row[:2] != before.rows[0][:2]:
            return _told(STATES[row.state], row.attempt)
    return None


def _done_by_the_code(act: Act, found: Found, job: Job) -> tuple[str, int] | None:
    Run.objects.all().delete()
    Job.objects.update(paused_at=NOON if found.paused else None)
    trigger = RunTrigger.BACKFILL if found.backfilled else RunTrigger.SCHEDULE
    run = RunFactory(
        job=job,
        occurrence=NOON,
        state=STATES[found.state],
        attempt=found.attempt,
        owner=OWNER if found.mine else OTHER,
        heartbeat=0 if found.same_beat else 1,
        trigger=trigger,
        failed_attempts=[{"attempt": 1}] if found.again else [],
    )
    if found.other:
        RunFactory(job=job, occurrence=NOON + timedelta(seconds=10), state=STATES[found.other])
    before = look_at(Run.objects.get(pk=run.pk))
    with suppress(RefusedError):
        act(Run.objects.select_related("job__schedule").get(pk=run.pk), found)
    after = Run.objects.get(occurrence=NOON)
    assert steps_between(before if after.pk == run.pk else Look(state=NO_ROW), look_at(after)), found
    changed = (after.state, after.attempt) != (STATES[found.state], found.attempt)
    return _told(after.state, after.attempt) if changed else None


def _told(row_state: str, attempt: int) -> tuple[str, int]:
    """The model forgets the attempts of what has ended."""
    return row_state, 0 if row_state in RUN_ENDED else attempt
