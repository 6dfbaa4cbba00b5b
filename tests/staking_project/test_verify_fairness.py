"""`manage.py verify`: what is not held against the system, and that checking leaves every row as it was."""

import re
from datetime import datetime
from typing import Any

import pytest
from django_q.models import Schedule

from scheduling.models import Job, Run, RunState
from scheduling.operations import changing, setting_up
from scheduling.timing.cadence import Every
from staking_project.acceptance import sources, state, timing
from staking_project.acceptance.results import Window
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
from validators.jobs import JOBS
from validators.models import ClusterEpoch, SourceState
from validators.monitoring.sources import job_name

pytestmark = pytest.mark.usefixtures("as_it_should_be")


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


def test_the_only_run_yet_may_have_waited_for_the_first_dispatcher_and_no_other_may() -> None:
    setting_up.set_up("production", now=NOW, by="tester")
    Run.objects.filter(job__name="fetch-repeatable").delete()
    ran("fetch-repeatable", seconds_ago=HOUR.total_seconds(), lateness=90 * SECOND)

    assert fetch_is_on_time(WINDOW).passed
    assert "90000 ms late" in fetch_is_on_time(WINDOW).saw

    ran("fetch-repeatable", seconds_ago=2 * HOUR.total_seconds())

    assert "began 90.0 s late" in fetch_is_on_time(WINDOW).saw


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
    assert {job_name(source) for source in SourceState.Source} <= {job.name for job in JOBS}


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


def test_a_retention_that_somebody_set_is_held_to_and_named() -> None:
    fields = {"keep_succeeded": 4 * HOUR, "keep_failed": 2 * DAY}
    changing.change("fetch-repeatable", by="ada", now=NOW, fields=fields)
    ran("fetch-repeatable", seconds_ago=3 * 3_600)

    result = state.retention_is_applied(WINDOW)

    assert result.passed, result.saw
    assert "; fetch-repeatable keeps succeeded runs 4h, set by ada; fetch-repeatable keeps" in result.saw
    ran("fetch-repeatable", seconds_ago=5 * 3_600)
    assert "1 succeeded run is too old; fetch-repeatable keeps" in state.retention_is_applied(WINDOW).saw


def test_a_cleanup_that_somebody_made_rarer_may_be_as_long_ago() -> None:
    changing.change("cleanup-repeatable", by="ada", now=NOW, cadence=Every(12 * 3_600))
    Run.objects.filter(job__name="cleanup-repeatable").update(occurrence=NOW - HOUR)

    assert state.cleanup_works(WINDOW).passed


@pytest.mark.parametrize("heard", [None, NOW - 2 * DAY])
def test_a_source_that_somebody_paused_may_be_old_and_is_named(heard: datetime | None) -> None:
    source_state("names", last_success_at=heard)
    ran("fetch-names-repeatable", seconds_ago=2 * 86_400, state=RunState.FAILED)
    assert not sources.sources_are_fresh(WINDOW).passed
    changing.pause("fetch-names-repeatable", by="ada", note="too dear", now=NOW)

    result = sources.sources_are_fresh(WINDOW)

    assert result.passed, result.saw
    assert re.search(
        r"names (stored 2d ago|has stored nothing yet) and is paused since .*: too dear", result.saw
    )


def test_where_nothing_was_due_the_newest_run_is_what_did_not_run_twice() -> None:
    nothing = Window(start=NOW, end=NOW)
    Run.objects.filter(occurrence__gt=NOW - 3 * SECOND).delete()

    sound = timing.no_occurrence_ran_twice(nothing)
    for _ in range(2):
        executed(Run.objects.latest("pk").pk)
    broken = timing.no_occurrence_ran_twice(nothing)

    assert "0 runs of 0 occurrences" not in sound.saw
    assert (sound.passed, broken.passed) == (True, False)
