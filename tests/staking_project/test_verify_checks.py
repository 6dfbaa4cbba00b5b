"""`manage.py verify`: every promise as a check, and every check able to fail."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django_q.conf import Conf
from django_q.models import Task

from scheduling.checks import UNIQUE_NAME_INDEX
from scheduling.ledger.sightings import Sightings
from scheduling.models import Job, JobChange, Run, RunState
from scheduling.operations import changing, setting_up
from scheduling.timing.cadence import Every
from staking_project.acceptance import sources, state, steps, timing, verification
from tests.scheduling.factories import ScheduleFactory
from tests.staking_project.promises import (
    DAY,
    HOUR,
    NOW,
    SECOND,
    WINDOW,
    executed,
    fetch_is_on_time,
    ran,
    score_is_on_time,
    source_state,
)
from tests.validators.rows import scoring_run, validator
from validators.models import ClusterEpoch, Fetch, ScoringRun
from validators.reading.picture import headline_method

pytestmark = pytest.mark.usefixtures("as_it_should_be")

CHECKS = [
    state.schedules_are_unique,
    state.mode_switches_and_back,
    fetch_is_on_time,
    score_is_on_time,
    timing.no_occurrence_ran_twice,
    timing.every_occurrence_is_accounted_for,
    state.no_duplicates_after_switching,
    state.retention_is_applied,
    state.cleanup_works,
    state.picture_is_fresh,
    sources.sources_are_fresh,
    partial(steps.every_step_is_lawful, Sightings()),
]


@pytest.mark.parametrize("check", CHECKS)
def test_each_check_passes_on_a_system_that_keeps_its_promises(check: verification.Check) -> None:
    result = check(WINDOW)

    assert result.passed, result.saw
    assert result.saw


def test_a_cadence_that_somebody_set_is_kept_by_the_switch_and_named() -> None:
    changing.change("score-repeatable", by="ada", now=NOW, cadence=Every(45))
    changing.change("fetch-names-repeatable", by="ada", now=NOW, after="fetch-repeatable")

    result = state.mode_switches_and_back(WINDOW)

    assert result.passed, result.saw
    kept = "; kept: fetch-names-repeatable after each success of fetch-repeatable, set by ada, "
    assert result.saw.endswith(f"{kept}score-repeatable every 45 s, set by ada")


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


def lost_before_watching() -> None:
    JobChange.objects.all().delete()  # set up before all of them
    Run.objects.filter(job__name="fetch-repeatable", occurrence=NOW - 43 * SECOND).delete()


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
    scoring_run([], at=NOW, method=headline_method())


def nothing_fetched() -> None:
    Fetch.objects.all().delete()


def names_never_heard() -> None:
    ran("fetch-names-repeatable", seconds_ago=200, state=RunState.FAILED)
    source_state("names", last_success_at=None, last_error="timed out")


def fetch_is_paused() -> None:
    changing.pause("fetch-repeatable", by="tester", note="moving", now=NOW)


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
        (one_occurrence_missing, fetch_is_on_time, "1 occurrence came instead of 3"),
        (started_late, fetch_is_on_time, "began 1.2 s late"),
        (never_started, fetch_is_on_time, "began 5.0 s late"),
        (failed_run, fetch_is_on_time, "failed: Unavailable: 500"),
        (fetch_is_paused, fetch_is_on_time, "it is paused since "),
        (only_skipped, fetch_is_on_time, "none succeeded"),
        (missed_before, fetch_is_on_time, "found 7 missed before it"),
        (triggered_by_hand, fetch_is_on_time, "0 occurrences came"),
        (ran_twice, timing.no_occurrence_ran_twice, "executed more than once"),
        (lost_before_watching, timing.every_occurrence_is_accounted_for, "Z missed: it has no run"),
        (ran_twice, timing.every_occurrence_is_accounted_for, "Z doubled: its task came to its end"),
        (retention_changed, state.retention_is_applied, "fetch-repeatable keeps succeeded runs 41d"),
        (mix_modes, state.retention_is_applied, "no one mode"),
        (old_success_left, state.retention_is_applied, "1 successful task is too old"),
        (old_failure_left, state.retention_is_applied, "1 failed task is too old"),
        (old_run_left, state.retention_is_applied, "1 succeeded run is too old"),
        (old_failed_run_left, state.retention_is_applied, "1 failed run is too old"),
        (old_run_left, state.cleanup_works, "1 run was left"),
        (old_scores_left, state.cleanup_works, "1 trust score was left"),
        (cleanup_failed, state.cleanup_works, "failed: disk full"),
        (cleanup_long_ago, state.cleanup_works, "was its last run"),
        (no_runs, state.cleanup_works, "has not run yet"),
        (stale_fetch, state.picture_is_fresh, "fetch-repeatable stored last at"),
        (stale_score, state.picture_is_fresh, "score-repeatable stored last at"),
        (nothing_scored, state.picture_is_fresh, "0 validators scored"),
        (nothing_fetched, state.picture_is_fresh, "fetch-repeatable has stored nothing yet"),
        (remove_score, state.picture_is_fresh, "has no schedule"),
        (names_never_heard, sources.sources_are_fresh, "names: has stored nothing yet, and then: timed out"),
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


def test_no_workers_fail(empty_redis: Any) -> None:
    result = state.workers_are_alive(WINDOW)

    assert not result.passed
    assert result.saw == "0 workers in 0 clusters, 0 messages waiting"


def test_a_redis_that_is_away_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conf, "REDIS", "redis://127.0.0.1:1/0")

    result = state.workers_are_alive(WINDOW)

    assert not result.passed
    assert result.saw.startswith("Redis does not answer")
