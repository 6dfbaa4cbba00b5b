"""What an operator changes of a job, what is kept of it, and what the job does from then on."""

from datetime import timedelta
from typing import Any

import pytest

from scheduling.engine.execution import execute_run
from scheduling.engine.recovery import open_runs, release_pending
from scheduling.exceptions import CadenceError, RefusedError, UnknownNameError
from scheduling.ledger.journal_words import journal_words
from scheduling.models import CatchUp, Job, Overlap, Run, RunState, RunTrigger
from scheduling.operations import changing
from scheduling.timing.cadence import Cron, Every
from tests.scheduling.claims import claim_due
from tests.scheduling.factories import NOON, JobFactory, RunFactory
from tests.scheduling.operations.outcomes import TEN, journal, next_run, reloaded

pytestmark = [pytest.mark.django_db, pytest.mark.database]

HOUR = timedelta(hours=1)


def change(job: Job, **changes: Any) -> str:
    return changing.change(job.name, by="ada", now=NOON, **changes)


def test_a_new_interval_of_a_job_that_never_ran_leaves_its_next_run_and_says_what_it_changed(
    job: Job,
) -> None:
    changed = change(job, cadence=Every(45))

    assert changed == "cadence: every 10 s -> every 45 s"
    assert (str(reloaded(job).cadence), next_run(job)) == ("every 45 s", NOON)
    assert journal() == [("ada", "set", changed)]


def test_what_somebody_else_changed_before_the_row_was_ours_stays(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He held its row until we had it."""

    def paused_by_somebody_else(read: Job, expected: int | None) -> None:
        Job.objects.filter(pk=read.pk).update(paused_at=NOON)

    monkeypatch.setattr(changing, "require_edition", paused_by_somebody_else)

    change(job, cadence=Every(45))

    assert reloaded(job).paused_at == NOON


@pytest.mark.parametrize(
    ("ran_ago", "cadence", "runs_in"),
    [
        (10, Every(45), 35),
        (600, Every(7_200), 6_600),
        (50, Every(45), 0),
        (0, Every(3_600, 600), 600),
        (600, Cron("30 12 * * *"), 1_800),
        (0, Cron("0 12 * * *"), 86_400),
    ],
)
@pytest.mark.parametrize("trigger", [RunTrigger.SCHEDULE, RunTrigger.CHAIN])
def test_a_new_cadence_counts_from_the_last_occurrence(
    job: Job, trigger: str, ran_ago: int, cadence: Every | Cron, runs_in: int
) -> None:
    ran = NOON - timedelta(seconds=ran_ago)
    RunFactory(job=job, state=RunState.SUCCEEDED, occurrence=ran, trigger=trigger)
    RunFactory(job=job, state=RunState.SUCCEEDED, occurrence=NOON - TEN / 2, trigger=RunTrigger.OPERATOR)

    change(job, cadence=cadence)

    assert next_run(job) == NOON + timedelta(seconds=runs_in)


def test_a_cron_with_a_time_zone_takes_its_next_match(job: Job) -> None:
    change(job, cadence=Cron("0 */6 * * *", "Europe/Zurich"))

    assert next_run(job) == NOON + timedelta(hours=5)
    assert str(reloaded(job).cadence) == "cron 0 */6 * * * Europe/Zurich"


def test_start_offset_and_count_make_the_first_occurrence_and_the_last(job: Job) -> None:
    change(job, cadence=Every(3600, 600), start=NOON + timedelta(hours=2), repeats=2)

    occurrences = []
    for hour in range(6):
        runs = claim_due(now=NOON + timedelta(hours=hour, minutes=10))
        occurrences += [run.occurrence for run in runs]
        Run.objects.update(state=RunState.SUCCEEDED)
    assert occurrences == [NOON + timedelta(hours=hour, minutes=10) for hour in (2, 3)]
    assert next_run(job) is None


def test_what_was_not_there_is_said_to_be_none(job: Job) -> None:
    changed = change(job, fields={"condition": "fresh_data"})

    assert journal_words(changed) == "condition: none -> fresh_data"


def test_changing_nothing_records_nothing(job: Job) -> None:
    assert change(job, fields={"overlap": Overlap.SKIP}) == ""
    assert journal() == []


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"fields": {"condition": "full_moon"}},
            UnknownNameError,
            "no condition 'full_moon'; there are: cluster_h",
        ),
        (
            {"fields": {"overlap": "sideways"}},
            RefusedError,
            "overlap: Value 'sideways' is not a valid choice",
        ),
        ({"after": "fetch-repeatable"}, RefusedError, "fetch-repeatable cannot run after itself"),
        ({"after": "nothing"}, UnknownNameError, "no schedule named 'nothing'"),
    ],
)
def test_a_change_that_makes_no_sense_changes_nothing(
    job: Job, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        change(job, **changes)

    assert journal() == []
    assert reloaded(job).overlap == Overlap.SKIP


def test_a_cadence_that_is_broken_can_still_be_replaced(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(every_seconds=0)

    assert change(job, cadence=Every(20)).endswith("-> every 20 s")
    with pytest.raises(CadenceError):
        change(job, fields={"every_seconds": 0})


def test_a_job_that_runs_after_another_follows_each_of_its_successes_once(job: Job) -> None:
    score = JobFactory(schedule__name="score-repeatable")
    change(score, after=job.name)
    assert next_run(score) is None

    run = RunFactory(job=job)
    execute_run(run.pk)

    (follower,) = Run.objects.filter(job=score)
    assert (follower.occurrence, follower.state, follower.trigger) == (
        run.occurrence,
        RunState.PENDING,
        RunTrigger.CHAIN,
    )
    failing = RunFactory(job=job, job__task="x")
    Job.objects.filter(pk=job.pk).update(task="tests.scheduling.tasks.fail")
    with pytest.raises(ValueError, match="wheel"):
        execute_run(failing.pk)
    assert Run.objects.filter(job=score).count() == 1


def test_a_clock_cadence_ends_a_chain_and_none_does_too(job: Job) -> None:
    score = JobFactory(schedule__name="score-repeatable")
    change(score, after=job.name)
    change(score, after="")
    assert (reloaded(score).after, next_run(score)) == (None, NOON)

    change(score, after=job.name)
    change(score, cadence=Every(30))
    assert (reloaded(score).after, next_run(score)) == (None, NOON)


def test_a_job_that_runs_after_another_is_given_no_start_that_the_clock_would_run_it_from(job: Job) -> None:
    score = JobFactory(schedule__name="score-repeatable")

    with pytest.raises(RefusedError, match="not by the clock"):
        change(score, after=job.name, start=NOON + TEN)
    change(score, after=job.name)
    with pytest.raises(RefusedError, match="score-repeatable runs after each success of fetch-repeatable"):
        change(score, start=NOON + TEN)
    assert next_run(score) is None

    change(score, after="", start=NOON + TEN)
    assert (reloaded(score).after, next_run(score)) == (None, NOON + TEN)


def test_two_jobs_cannot_run_after_each_other(job: Job) -> None:
    score = JobFactory(schedule__name="score-repeatable")
    change(score, after=job.name)

    with pytest.raises(RefusedError, match="fetch-repeatable cannot run after score-repeatable"):
        change(job, after=score.name)


def test_overlap_queue_lets_one_occurrence_wait_and_skips_the_next(job: Job) -> None:
    change(job, fields={"overlap": Overlap.QUEUE})
    RunFactory(job=job, state=RunState.RUNNING, occurrence=NOON - TEN)

    claim_due(now=NOON)
    claim_due(now=NOON + TEN)

    states = dict(Run.objects.filter(occurrence__gte=NOON).values_list("occurrence", "state"))
    assert states == {NOON: RunState.PENDING, NOON + TEN: RunState.SKIPPED}


def test_overlap_allow_runs_both(job: Job) -> None:
    change(job, fields={"overlap": Overlap.ALLOW})
    RunFactory(job=job, state=RunState.RUNNING, occurrence=NOON - TEN)

    assert len(claim_due(now=NOON)) == 1


def test_catching_up_all_runs_them_in_order_without_overlap(job: Job) -> None:
    change(job, fields={"catch_up": CatchUp.ALL, "catch_up_window": timedelta(hours=1)})

    (first,) = claim_due(now=NOON + 3 * TEN)

    states = list(Run.objects.order_by("occurrence").values_list("state", flat=True))
    assert states == [RunState.QUEUED, *[RunState.PENDING] * 3]
    released = []
    for _ in range(3):
        Run.objects.filter(state=RunState.QUEUED).update(state=RunState.SUCCEEDED)
        released += [run.occurrence for run in release_pending(open_runs(), now=NOON + 3 * TEN)]
    assert [first.occurrence, *released] == [NOON + n * TEN for n in range(4)]


def test_variants_take_turns_and_each_run_keeps_its_parameters(job: Job) -> None:
    change(job, fields={"parameters": {"deadline": 5}, "parameters_b": {"deadline": 9}})
    for n in range(4):
        claim_due(now=NOON + n * TEN)
        Run.objects.update(state=RunState.SUCCEEDED)

    assert (
        list(Run.objects.order_by("occurrence").values_list("variant", "parameters"))
        == [
            ("a", {"deadline": 5}),
            ("b", {"deadline": 9}),
        ]
        * 2
    )


def test_so_many_failures_in_a_row_pause_a_job_that_wants_it(job: Job) -> None:
    change(job, fields={"pause_after_failures": 2, "max_attempts": 1})
    Job.objects.update(task="tests.scheduling.tasks.fail")

    for n in range(2):
        assert reloaded(job).paused_at is None
        with pytest.raises(ValueError, match="wheel"):
            execute_run(RunFactory(job=job, occurrence=NOON + n * TEN).pk)

    assert reloaded(job).pause_note == "2 runs in a row have failed"
    assert journal()[-1] == ("scheduler", "pause", "2 runs in a row have failed")


def test_under_pressure_the_interval_doubles_to_its_limit_and_comes_back_by_itself(job: Job) -> None:
    change(job, fields={"stretch_limit": timedelta(seconds=45)})
    stretches, now = [], NOON
    for pressure in ("HTTP 429", "HTTP 429", "HTTP 429", "", "", ""):
        claim_due(now=now)
        Run.objects.filter(state=RunState.QUEUED).update(
            state=RunState.SUCCEEDED, started_at=now, pressure=pressure
        )
        now = next_run(job)
        stretches.append(reloaded(job).stretch)

    assert stretches == [1, 2, 4, 4, 2, 1]
    details = [detail for _, action, detail in journal() if action == "stretch"]
    assert details == [
        "every 20 s instead of 10 s: HTTP 429",
        "every 40 s instead of 20 s: HTTP 429",
        "every 20 s instead of 40 s: the pressure is over",
        "every 10 s instead of 20 s: the pressure is over",
    ]
