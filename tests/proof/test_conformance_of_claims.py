"""What a dispatcher's claim does is among what the model says it may do."""

from datetime import timedelta
from itertools import product

import pytest
from django.db import DatabaseError, transaction
from django_q.models import Schedule

from scheduling.engine import claiming
from scheduling.models import Job, Run, RunTrigger
from tests.proof import model, state
from tests.proof.state import STATES, CatchUp, Configuration, Dispatcher, Overlap, Row, State, Worker, World
from tests.scheduling.factories import NOON, JobFactory, RunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]

EARLIER, LATER = NOON - timedelta(seconds=10), NOON + timedelta(hours=1)
BEFORE = NOON - timedelta(seconds=20)
SAW = Dispatcher(state.SAW_DUE, 1, 0, False, False, (-1, -1))
# The earlier run: none, open in each way, ended.
AHEAD = (
    Row(),
    Row(state.PENDING),
    Row(state.PENDING, 1),
    Row(state.PENDING, backfilled=True),
    Row(state.QUEUED),
    Row(state.QUEUED, backfilled=True),
    Row(state.RUNNING, 1),
    Row(state.RUNNING, 1, backfilled=True),
    Row(state.SUCCEEDED),
    Row(state.FAILED),
)


@pytest.fixture
def job() -> Job:
    job: Job = JobFactory(schedule__next_run=NOON)
    return job


@pytest.mark.parametrize("overlap", Overlap)
def test_a_run_is_written_beside_whatever_else_of_its_job_there_is(overlap: Overlap, job: Job) -> None:
    """[OVERLAP-1] [CLAIM-3]"""
    for ahead, waits, has_run in product(AHEAD, (True, False), (True, False)):
        may = _claims_of_the_model(ahead, Row(), made=Configuration(overlap=overlap, faults=0))

        done = _claim_of_the_code(job, ahead, overlap=overlap, waits=waits, has_run=has_run)

        assert done in may, ahead


@pytest.mark.parametrize("known", [state.NONE, state.SKIPPED, state.PENDING, state.SUCCEEDED])
@pytest.mark.parametrize(("moved", "paused"), [(False, False), (True, False), (False, True)])
def test_an_occurrence_is_claimed_where_it_was_seen_and_once(
    known: int, moved: bool, paused: bool, job: Job
) -> None:
    """[CLAIM-1] [CLAIM-2] [PAUSE-1]"""
    made = Configuration(faults=0)
    may = _claims_of_the_model(Row(), Row(known), made=made, next_run=2 if moved else 1, paused=paused)

    done = _claim_of_the_code(job, Row(), known=known, moved=moved, paused=paused)

    assert done in may


def test_a_claim_whose_runs_cannot_be_written_moves_nothing_on(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[CLAIM-3]"""
    due = claiming.plan_of(job, now=NOON)

    def refused(runs: object) -> list[Run]:
        list(runs)  # type: ignore[call-overload]
        raise DatabaseError("disk full")

    monkeypatch.setattr(Run.objects, "bulk_create", refused)
    with pytest.raises(DatabaseError):
        claiming.claim([due], now=NOON)

    # Rolled back already, or about to be with the transaction around it, which is this test's.
    is_undone = transaction.get_rollback()
    transaction.set_rollback(False)
    assert is_undone or Schedule.objects.get().next_run == NOON


def _claims_of_the_model(
    ahead: Row, claimed: Row, *, made: Configuration, next_run: int = 1, paused: bool = False
) -> set[tuple[str, str, bool]]:
    """What the earlier run and the claimed one may be then, and whether the schedule has moved."""
    before = State(
        World(next_run, paused, 0, 0),
        (ahead, claimed),
        (Worker(state.GONE), Worker(state.GONE)),
        (SAW, Dispatcher(state.GONE, watch=(-1, -1))),
    )
    return {
        (STATES[then[0].state], STATES[then[1].state], step.state.world.next_run != next_run)
        for step in model.steps(before, made)
        if step.name in ("claim", "claim refused") and (then := step.state.rows)
    }


def _claim_of_the_code(
    job: Job,
    ahead: Row,
    *,
    overlap: Overlap = Overlap.QUEUE,
    waits: bool = False,
    has_run: bool = False,
    known: int = state.NONE,
    moved: bool = False,
    paused: bool = False,
) -> tuple[str, str, bool]:
    Run.objects.all().delete()
    Job.objects.update(overlap=overlap, catch_up=CatchUp.LATEST, paused_at=None)
    Schedule.objects.update(next_run=NOON)
    due = claiming.plan_of(Job.objects.select_related("schedule").get(), now=NOON)
    if ahead.state:
        RunFactory(
            job=job,
            occurrence=EARLIER,
            not_before=LATER if waits else EARLIER,
            state=STATES[ahead.state],
            attempt=ahead.attempt,
            trigger=RunTrigger.BACKFILL if ahead.backfilled else RunTrigger.SCHEDULE,
        )
    if has_run:
        RunFactory(job=job, occurrence=BEFORE, state=STATES[state.SUCCEEDED], attempt=1, finished_at=EARLIER)
    if known:
        RunFactory(job=job, occurrence=NOON, state=STATES[known])
    stands = LATER if moved else NOON
    Schedule.objects.update(next_run=stands)
    Job.objects.update(paused_at=NOON if paused else None)

    claiming.claim([due], now=NOON)

    states = dict(Run.objects.values_list("occurrence", "state"))
    none = STATES[state.NONE]
    return states.get(EARLIER, none), states.get(NOON, none), Schedule.objects.get().next_run != stands
