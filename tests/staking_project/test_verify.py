"""`manage.py verify`: every promise as a check, and every check able to fail."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.models import Schedule, Task
from pytest_django.fixtures import Settings

from scheduling.checks import UNIQUE_NAME_INDEX
from scheduling.models import Job, Run, RunState
from scheduling.operations import changing, setting_up
from staking_project.acceptance import sources, state, timing, verification
from staking_project.acceptance.results import CheckResult, Window
from tests.scheduling.factories import RunFactory, ScheduleFactory
from tests.validators.rows import fetch, scoring_run, validator
from validators.jobs import JOBS
from validators.models import ClusterEpoch, Fetch, ScoringRun, SourceState

NOW = timezone.now().replace(microsecond=0)
WINDOW = Window(start=NOW - timedelta(seconds=40), end=NOW)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def as_it_should_be(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system in test mode that was watched for forty seconds and kept every promise."""
    monkeypatch.setattr(verification, "database_now", lambda: NOW)
    setting_up.set_up("test", now=NOW, by="tester")
    for name, interval in (("fetch-repeatable", 10), ("score-repeatable", 30), ("cleanup-repeatable", 60)):
        job = Job.objects.get(name=name)
        for seconds in range(3, 60, interval):
            ran(job, seconds_ago=seconds)
    fetch(stored_at=NOW)
    scoring_run([(validator(1), 50)], at=NOW)
    for source in SourceState.Source:
        SourceState.objects.create(source=source, last_success_at=NOW, last_attempt_at=NOW)


def ran(job: Job | str, *, seconds_ago: float, **fields: Any) -> Run:
    """A run, on time and successful unless the fields say otherwise."""
    job = Job.objects.get(name=job) if isinstance(job, str) else job
    at = NOW - seconds_ago * SECOND
    given = {"state": RunState.SUCCEEDED, "occurrence": at, "finished_at": at, "lateness": 0.01 * SECOND}
    made: Run = RunFactory(job=job, **(given | fields))
    return made


def executed(run_id: int, *, result: str = "succeeded") -> None:
    """A row of django-q2's own history that says a worker executed this run."""
    Task.objects.create(
        id=f"{Task.objects.count():032}",
        name="t",
        func="scheduling.engine.execution.execute_run",
        args=(run_id,),
        started=NOW,
        stopped=NOW,
        success=True,
        result=result,
    )


def fetch_is_on_time(window: Window) -> CheckResult:
    return timing.ran_on_time("fetch-repeatable", window)


def score_is_on_time(window: Window) -> CheckResult:
    return timing.ran_on_time("score-repeatable", window)


CHECKS = [
    state.schedules_are_unique,
    state.mode_switches_and_back,
    fetch_is_on_time,
    score_is_on_time,
    timing.no_occurrence_ran_twice,
    state.no_duplicates_after_switching,
    state.retention_is_applied,
    state.cleanup_works,
    state.picture_is_fresh,
    sources.sources_are_fresh,
]


@pytest.mark.parametrize("check", CHECKS)
def test_each_check_passes_on_a_system_that_keeps_its_promises(check: verification.Check) -> None:
    result = check(WINDOW)

    assert result.passed, result.saw
    assert result.saw


def remove_score() -> None:
    setting_up.remove(["score-repeatable"], now=NOW, by="tester")


def duplicate_schedule() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {UNIQUE_NAME_INDEX}")
    ScheduleFactory(name="fetch-repeatable")


def drop_unique_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {UNIQUE_NAME_INDEX}")


def mix_modes() -> None:
    Job.objects.filter(name="fetch-repeatable").update(mode="production")


def no_schedules() -> None:
    setting_up.remove([], now=NOW, by="tester")


def no_runs() -> None:
    Run.objects.all().delete()


def one_occurrence_missing() -> None:
    Run.objects.filter(job__name="fetch-repeatable", occurrence__lt=NOW - 10 * SECOND).delete()


def started_late() -> None:
    ran("fetch-repeatable", seconds_ago=5, lateness=1.2 * SECOND)


def never_started() -> None:
    ran("fetch-repeatable", seconds_ago=5, lateness=None, state=RunState.QUEUED)


def failed_run() -> None:
    ran("fetch-repeatable", seconds_ago=5, state=RunState.FAILED, error="Unavailable: 500\n\nTraceback")


def only_skipped() -> None:
    Run.objects.filter(job__name="fetch-repeatable").update(state=RunState.SKIPPED)


def missed_before() -> None:
    ran("fetch-repeatable", seconds_ago=5, missed_before=7)


def triggered_by_hand() -> None:
    Run.objects.update(trigger="operator")


def ran_twice() -> None:
    for _ in range(2):
        executed(Run.objects.latest("pk").pk)


def retention_changed() -> None:
    Job.objects.filter(name="fetch-repeatable").update(keep_succeeded=41 * DAY)


def old_success_left() -> None:
    executed(1)
    Task.objects.update(stopped=NOW - 2 * HOUR)


def old_failure_left() -> None:
    executed(1)
    Task.objects.update(stopped=NOW - 2 * DAY, success=False)


def old_run_left() -> None:
    ran("fetch-repeatable", seconds_ago=7_200)


def old_failed_run_left() -> None:
    ran("fetch-repeatable", seconds_ago=2 * 86_400, state=RunState.FAILED)


def old_scores_left() -> None:
    scored = validator(2)
    for minutes in (1, 2):
        scoring_run([(scored, 40)], at=NOW - 3 * HOUR - timedelta(minutes=minutes), method="older")


def cleanup_failed() -> None:
    ran("cleanup-repeatable", seconds_ago=1, state=RunState.FAILED, error="disk full")


def cleanup_long_ago() -> None:
    Run.objects.filter(job__name="cleanup-repeatable").update(occurrence=NOW - HOUR)


def stale_fetch() -> None:
    Fetch.objects.update(stored_at=NOW - timedelta(minutes=5))


def stale_score() -> None:
    ScoringRun.objects.update(finished_at=NOW - timedelta(minutes=5))


def nothing_scored() -> None:
    scoring_run([], at=NOW)


def nothing_fetched() -> None:
    Fetch.objects.all().delete()


def source_state(source: str, **fields: Any) -> None:
    assert SourceState.objects.filter(source=source).update(**fields)


def names_never_heard() -> None:
    ran("fetch-names-repeatable", seconds_ago=200, state=RunState.FAILED)
    source_state("names", last_success_at=None, last_error="timed out")


def names_never_heard_and_paused() -> None:
    SourceState.objects.filter(source="names").delete()
    changing.pause("fetch-names-repeatable", by="tester", note="", now=NOW)


def production_failing() -> None:
    old = NOW - timedelta(minutes=5)
    source_state("production", last_success_at=old, last_error="timed out\nsomewhere")


def names_never_asked_again() -> None:
    source_state("names", last_success_at=None, unavailable_until=NOW - timedelta(minutes=5))


def inflation_of_another_epoch() -> None:
    source_state("inflation", last_success_at=NOW - 2 * DAY)
    ClusterEpoch.objects.create(
        epoch=990, credits_unit="vote_credits", first_fetch_at=NOW - timedelta(minutes=5)
    )


def remove_names() -> None:
    setting_up.remove(["fetch-names-repeatable"], now=NOW, by="tester")


@pytest.mark.parametrize(
    ("breakage", "check", "saw"),
    [
        (remove_score, state.schedules_are_unique, "score-repeatable: 0"),
        (duplicate_schedule, state.schedules_are_unique, "fetch-repeatable: 2"),
        (drop_unique_index, state.schedules_are_unique, "index on the names of schedules is gone"),
        (duplicate_schedule, state.no_duplicates_after_switching, "fetch-repeatable: 2"),
        (duplicate_schedule, state.mode_switches_and_back, "fetch-repeatable is there 2 times"),
        (mix_modes, state.mode_switches_and_back, "no one mode"),
        (no_schedules, state.mode_switches_and_back, "no one mode"),
        (no_schedules, fetch_is_on_time, "no schedule"),
        (no_runs, fetch_is_on_time, "0 occurrences came instead of 3"),
        (no_runs, score_is_on_time, "0 occurrences came instead of 1"),
        (one_occurrence_missing, fetch_is_on_time, "1 occurrences came instead of 3"),
        (started_late, fetch_is_on_time, "began 1.2 s late"),
        (never_started, fetch_is_on_time, "began 5.0 s late"),
        (failed_run, fetch_is_on_time, "failed: Unavailable: 500"),
        (only_skipped, fetch_is_on_time, "none succeeded"),
        (missed_before, fetch_is_on_time, "found 7 missed before it"),
        (triggered_by_hand, fetch_is_on_time, "0 occurrences came"),
        (ran_twice, timing.no_occurrence_ran_twice, "executed more than once"),
        (retention_changed, state.retention_is_applied, "fetch-repeatable keeps 41 days"),
        (mix_modes, state.retention_is_applied, "no one mode"),
        (old_success_left, state.retention_is_applied, "1 successful tasks are too old"),
        (old_failure_left, state.retention_is_applied, "1 failed tasks are too old"),
        (old_run_left, state.retention_is_applied, "1 succeeded runs are too old"),
        (old_failed_run_left, state.retention_is_applied, "1 failed runs are too old"),
        (old_run_left, state.cleanup_works, "1 runs were left"),
        (old_scores_left, state.cleanup_works, "1 trust scores were left"),
        (cleanup_failed, state.cleanup_works, "failed: disk full"),
        (cleanup_long_ago, state.cleanup_works, "was its last run"),
        (no_runs, state.cleanup_works, "has not run yet"),
        (stale_fetch, state.picture_is_fresh, "fetch-repeatable stored last at"),
        (stale_score, state.picture_is_fresh, "score-repeatable stored last at"),
        (nothing_scored, state.picture_is_fresh, "0 validators scored"),
        (nothing_fetched, state.picture_is_fresh, "fetch-repeatable has stored nothing yet"),
        (remove_score, state.picture_is_fresh, "has no schedule"),
        (names_never_heard, sources.sources_are_fresh, "names: has stored nothing yet, and then: timed out"),
        (names_never_heard_and_paused, sources.sources_are_fresh, "names: has stored nothing yet"),
        (
            production_failing,
            sources.sources_are_fresh,
            "production: stored 5min ago, and then: timed out; "
            "`manage.py scheduler explain fetch-production-repeatable` says why",
        ),
        (names_never_asked_again, sources.sources_are_fresh, "names: not offered, to be asked again at"),
        (inflation_of_another_epoch, sources.sources_are_fresh, "inflation: stored 2d ago"),
        (remove_names, sources.sources_are_fresh, "names: fetch-names-repeatable is not scheduled"),
    ],
)
def test_a_broken_promise_fails_its_check(
    breakage: Callable[[], None], check: verification.Check, saw: str
) -> None:
    breakage()

    result = check(WINDOW)

    assert not result.passed
    assert saw in result.saw


def test_with_cadences_longer_than_the_window_the_newest_occurrence_counts() -> None:
    setting_up.set_up("production", now=NOW, by="tester")
    Run.objects.exclude(job__name="score-repeatable").delete()

    assert score_is_on_time(WINDOW).passed
    assert fetch_is_on_time(WINDOW).saw == "it has not run yet"


def test_with_cadences_longer_than_the_window_an_overdue_occurrence_fails() -> None:
    setting_up.set_up("production", now=NOW, by="tester")
    Run.objects.filter(job__name="fetch-repeatable").delete()
    ran("fetch-repeatable", seconds_ago=7 * 3_600)

    assert "the next is overdue" in fetch_is_on_time(WINDOW).saw


def test_a_method_that_nobody_offers_is_no_broken_promise() -> None:
    source_state("names", last_success_at=None, last_error="-32601", unavailable_until=NOW + HOUR)

    result = sources.sources_are_fresh(WINDOW)

    assert result.passed
    assert "names not offered, to be asked again at" in result.saw


def test_inflation_is_as_old_as_its_epoch() -> None:
    source_state("inflation", last_success_at=NOW - 2 * DAY)
    running = ClusterEpoch.objects.create(epoch=990, credits_unit="vote_credits", total_supply=10**18)
    assert sources.sources_are_fresh(WINDOW).passed

    running.total_supply, running.first_fetch_at = None, NOW - SECOND
    running.save()
    assert sources.sources_are_fresh(WINDOW).passed


def test_the_age_of_a_source_is_measured_by_its_own_cadence() -> None:
    setting_up.set_up("production", now=NOW, by="tester")
    source_state("names", last_success_at=NOW - DAY)
    assert sources.sources_are_fresh(WINDOW).passed

    source_state("nodes", last_success_at=NOW - DAY)
    assert sources.sources_are_fresh(WINDOW).saw.startswith("nodes: stored 1d ago; ")


def test_a_source_that_was_never_heard_is_given_time_from_when_it_is_first_asked() -> None:
    SourceState.objects.all().delete()
    setting_up.set_up("production", now=NOW, by="tester")
    assert sources.sources_are_fresh(WINDOW).passed

    ran("fetch-names-repeatable", seconds_ago=2 * DAY // SECOND, state=RunState.FAILED)
    SourceState.objects.create(source="names", last_attempt_at=NOW, last_error="timed out")
    assert sources.sources_are_fresh(WINDOW).passed


def test_every_source_is_asked_by_a_declared_job() -> None:
    assert {sources.job_name(source) for source in SourceState.Source} <= {job.name for job in JOBS}


def test_runs_that_were_retried_or_are_under_way_are_not_held_against_it() -> None:
    executed(1, result="already taken")
    executed(1)
    ran("fetch-repeatable", seconds_ago=0.5, lateness=None, state=RunState.QUEUED)
    ran("fetch-repeatable", seconds_ago=4, state=RunState.RUNNING, finished_at=None)

    assert fetch_is_on_time(WINDOW).passed
    assert timing.no_occurrence_ran_twice(WINDOW).passed


def test_switching_the_mode_leaves_every_row_as_it_was() -> None:
    Schedule.objects.filter(name="fetch-repeatable").update(next_run=NOW + 7 * SECOND)
    before = (list(Schedule.objects.values()), list(Job.objects.values()))

    assert state.mode_switches_and_back(WINDOW).passed
    assert (list(Schedule.objects.values()), list(Job.objects.values())) == before


def test_an_interruption_in_the_middle_of_switching_leaves_every_row_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = (list(Schedule.objects.values()), list(Job.objects.values()))

    def interrupt(*args: Any, **kwargs: Any) -> None:
        assert Job.objects.filter(mode="production").exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(state, "_deviations", interrupt)

    with pytest.raises(KeyboardInterrupt):
        state.mode_switches_and_back(WINDOW)
    assert (list(Schedule.objects.values()), list(Job.objects.values())) == before


@pytest.fixture
def empty_redis() -> Iterator[Any]:
    broker: Any = get_broker()
    broker.connection.flushdb()
    yield broker
    broker.connection.close()


def test_no_workers_fail(empty_redis: Any) -> None:
    result = state.workers_are_alive(WINDOW)

    assert not result.passed
    assert result.saw == "0 workers in 0 clusters, 0 messages waiting"


def test_a_redis_that_is_away_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conf, "REDIS", "redis://127.0.0.1:1/0")

    result = state.workers_are_alive(WINDOW)

    assert not result.passed
    assert result.saw.startswith("Redis does not answer")


def verify(*words: str) -> tuple[str, int]:
    output = StringIO()
    try:
        call_command("verify", *words, stdout=output)
    except CommandError as exc:
        return output.getvalue(), exc.returncode
    return output.getvalue(), 0


def test_every_check_is_printed_with_what_it_saw_and_a_failure_exits_1(empty_redis: Any) -> None:
    text, exit_code = verify("--seconds", "0")

    lines = text.splitlines()
    assert exit_code == 1
    assert [line for line in lines if line.startswith("FAILED")] == [
        "FAILED  workers are alive: 0 workers in 0 clusters, 0 messages waiting"
    ]
    assert sum(line.startswith("ok") for line in lines) == 10


def test_all_checks_passing_exits_0(monkeypatch: pytest.MonkeyPatch) -> None:
    passing = CheckResult(name="workers are alive", passed=True, saw="2 workers")
    monkeypatch.setattr(verification, "workers_are_alive", lambda window: passing)

    text, exit_code = verify("--seconds", "0", "--json")

    document = json.loads(text)
    assert exit_code == 0
    assert (document["passed"], document["mode"], document["watched_seconds"]) == (True, "test", 0)
    assert {"name": "workers are alive", "passed": True, "saw": "2 workers"} in document["checks"]


def test_it_watches_long_enough_for_each_job_of_the_mode_to_be_due() -> None:
    assert verification.default_seconds("test") == 40
    assert verification.default_seconds("production") == 0
    assert verification.default_seconds(None) == 0


def test_before_any_set_up_the_checks_fail_and_say_why(settings: Settings) -> None:
    setting_up.remove([], now=NOW, by="tester")

    text, exit_code = verify("--seconds", "0")

    assert exit_code == 1
    assert "FAILED  fetch-repeatable ran on time by itself: fetch-repeatable has no schedule" in text


def test_a_negative_time_is_a_usage_error() -> None:
    assert verify("--seconds", "-1") == ("", 2)
