"""Pausing, resuming, triggering and backfilling: what then runs, what is refused, and what is kept of it."""

from datetime import datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from scheduling.engine.recovery import open_runs, release_pending
from scheduling.exceptions import RefusedError, UnknownNameError
from scheduling.ledger.selectors import schedule_rows
from scheduling.models import Job, Run, RunState, RunTrigger
from scheduling.monitoring.refusals import database_problem
from scheduling.operations import changing
from scheduling.operations.pausing import end_pauses, pause_all, resume_all
from scheduling.operations.setting_up import remove
from tests.scheduling.claims import claim_due
from tests.scheduling.factories import NOON, JobFactory, RunFactory
from tests.scheduling.operations.outcomes import TEN, journal, next_run

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_a_paused_job_claims_nothing_and_goes_on_with_the_first_occurrence_after_its_pause(job: Job) -> None:
    changing.pause(job.name, by="ada", note="endpoint is moving", now=NOON - TEN)

    assert claim_due(now=NOON + 3 * TEN) == []

    assert changing.resume(job.name, by="bob", now=NOON + 3.5 * TEN) == NOON + 4 * TEN
    assert claim_due(now=NOON + 3.5 * TEN) == []
    assert [run.missed_before for run in claim_due(now=NOON + 4 * TEN)] == [0]
    assert journal() == [
        ("ada", "pause", "endpoint is moving"),
        ("bob", "resume", f"next run {NOON} -> {NOON + 4 * TEN}"),
    ]


def test_pausing_twice_and_resuming_what_runs_are_refused(job: Job) -> None:
    with pytest.raises(RefusedError, match="is not paused"):
        changing.resume(job.name, by="ada", now=NOON)
    changing.pause(job.name, by="ada", note="", now=NOON)
    with pytest.raises(RefusedError, match="is paused already, since 2026-11-23 12:00:00Z"):
        changing.pause(job.name, by="ada", note="", now=NOON)


def test_a_pause_ends_by_itself_and_the_occurrence_of_its_end_runs(job: Job) -> None:
    changing.pause(job.name, by="ada", note="moving", now=NOON - TEN, until=NOON + 3 * TEN)
    assert [row.next_run_at for row in schedule_rows()] == [None]
    assert end_pauses(now=NOON + 2.9 * TEN) == []

    assert end_pauses(now=NOON + 3.02 * TEN) == [job.name]
    assert end_pauses(now=NOON + 3.02 * TEN) == []

    [run] = claim_due(now=NOON + 3.02 * TEN)
    assert (run.occurrence, run.missed_before) == (NOON + 3 * TEN, 0)
    assert journal()[0] == ("ada", "pause", "until 2026-11-23 12:00:30Z: moving")
    assert journal()[1] == ("scheduler", "resume", f"next run {NOON} -> {NOON + 3 * TEN}")
    assert Job.objects.get().paused_until is None


def test_a_pause_of_a_broken_cadence_ends_as_well_and_its_claim_says_what_is_wrong(job: Job) -> None:
    JobFactory(schedule__name="score-repeatable")
    pause_all(by="ada", note="moving", now=NOON - TEN, until=NOON + TEN)
    Job.objects.filter(pk=job.pk).update(every_seconds=0)

    assert end_pauses(now=NOON + TEN) == [job.name, "score-repeatable"]

    assert [run.job.name for run in claim_due(now=NOON + TEN)] == ["score-repeatable"]
    assert Run.objects.get(state=RunState.FAILED).job == job
    assert next_run(job) is None


def test_a_schedule_that_is_removed_while_pauses_end_keeps_no_other_paused(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    JobFactory(schedule__name="score-repeatable")
    pause_all(by="ada", note="moving", now=NOON - TEN, until=NOON + TEN)

    def resume_what_is_removed(name: str, **how: Any) -> datetime | None:
        if name == job.name:
            remove([name], now=NOON, by="bob")
        return changing.resume(name, **how)

    monkeypatch.setattr("scheduling.operations.pausing.resume", resume_what_is_removed)
    monkeypatch.setattr("scheduling.operations.pausing._left_alone", {})

    assert end_pauses(now=NOON + TEN) == ["score-repeatable"]


@pytest.mark.parametrize("until", [None, NOON + 5 * TEN])
def test_a_pause_that_began_while_an_older_one_ended_is_left_alone(
    job: Job, until: datetime | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[PAUSE-1] Somebody was between the dispatcher's look and its act."""
    changing.pause(job.name, by="ada", note="", now=NOON - TEN, until=NOON + TEN)

    def resume_what_is_paused_anew(name: str, **how: Any) -> datetime | None:
        changing.resume(name, by="bob", now=NOON + TEN)
        changing.pause(name, by="bob", note="for long", now=NOON + TEN, until=until)
        return changing.resume(name, **how)

    monkeypatch.setattr("scheduling.operations.pausing.resume", resume_what_is_paused_anew)
    monkeypatch.setattr("scheduling.operations.pausing._left_alone", {})

    assert end_pauses(now=NOON + TEN) == []

    assert Job.objects.values_list("pause_note", "paused_until").get() == ("for long", until)


def test_a_pause_that_is_over_already_is_refused(job: Job) -> None:
    with pytest.raises(RefusedError, match="is over already"):
        changing.pause(job.name, by="ada", note="", now=NOON, until=NOON)


def test_everything_is_paused_and_resumed_at_once(job: Job) -> None:
    other = JobFactory(schedule__name="score-repeatable")
    changing.pause(other.name, by="bob", note="his own", now=NOON)

    assert pause_all(by="ada", note="moving", now=NOON) == [job.name]
    assert claim_due(now=NOON + TEN) == []
    assert resume_all(by="ada", now=NOON + TEN) == [job.name, other.name]


def test_what_somebody_else_pauses_or_removes_meanwhile_keeps_nothing_from_being_paused(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("removed", "paused", "score-repeatable"):
        JobFactory(schedule__name=name)

    def pause_beside_others(name: str, **how: Any) -> None:
        if name == job.name:
            changing.pause("paused", by="bob", note="his own", now=NOON)
            remove(["removed"], now=NOON, by="bob")
        changing.pause(name, **how)

    monkeypatch.setattr("scheduling.operations.pausing.pause", pause_beside_others)

    assert pause_all(by="ada", note="moving", now=NOON) == [job.name, "score-repeatable"]


@pytest.mark.parametrize(
    ("full_at", "said"), [("b", "Paused before that: a. Not paused: b, c."), ("a", "Not paused: a, b, c.")]
)
def test_where_the_disk_is_full_half_way_it_is_said_what_is_paused_and_what_is_not(
    monkeypatch: pytest.MonkeyPatch, full_at: str, said: str
) -> None:
    for name in "abc":
        JobFactory(schedule__name=name)

    def pause_while_there_is_room(name: str, **how: Any) -> None:
        if name == full_at:
            raise OperationalError("database or disk is full")
        changing.pause(name, **how)

    monkeypatch.setattr("scheduling.operations.pausing.pause", pause_while_there_is_room)

    with pytest.raises(OperationalError) as refused:
        call_command("scheduler", "pause", "--all")

    assert database_problem(refused.value).endswith(f"or it may not grow any more. {said}")


@pytest.mark.parametrize("words", [["pause"], ["resume"], ["pause", "fetch-repeatable", "--all"]])
def test_one_schedule_or_all_of_them(job: Job, words: list[str]) -> None:
    with pytest.raises(CommandError, match="argument"):
        call_command("scheduler", *words)


def test_a_triggered_run_leaves_the_schedule_untouched_and_waits_for_a_run_under_way(job: Job) -> None:
    RunFactory(job=job, state=RunState.RUNNING, occurrence=NOON - TEN)
    run = changing.trigger(job.name, by="ada", now=NOON)

    assert release_pending(open_runs(), now=NOON) == []
    Run.objects.filter(state=RunState.RUNNING).update(state=RunState.SUCCEEDED)
    assert release_pending(open_runs(), now=NOON) == [run]

    assert (run.trigger, next_run(job)) == (RunTrigger.OPERATOR, NOON)
    assert journal() == [("ada", "trigger", "")]


def test_a_backfill_runs_the_missed_and_the_skipped_occurrences_one_after_the_other(job: Job) -> None:
    RunFactory(job=job, state=RunState.SKIPPED, occurrence=NOON - 2 * TEN)

    runs = changing.backfill(job.name, start=NOON - 3 * TEN, end=NOON - TEN, by="ada", now=NOON)

    assert [run.occurrence for run in runs] == [NOON - 3 * TEN, NOON - 2 * TEN, NOON - TEN]
    assert set(Run.objects.values_list("state", "trigger")) == {(RunState.PENDING, RunTrigger.BACKFILL)}
    assert release_pending(open_runs(), now=NOON) == [runs[0]]
    assert release_pending(open_runs(), now=NOON) == []


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (-3, -1, "1 of the 3 occurrences ran already or are under way, the first 2026-11-23 11:59:40Z"),
        (-1, 1, "ends in the past"),
        (-1, -3, "begins before it ends"),
        (-0.9, -0.1, "no occurrence between 2026-11-23 11:59:51Z and 2026-11-23 11:59:59Z"),
        (-2000, 0, "more than 1000 occurrences"),
    ],
)
def test_a_backfill_that_makes_no_sense_asks_for_nothing(
    job: Job, start: float, end: float, message: str
) -> None:
    RunFactory(job=job, state=RunState.SUCCEEDED, occurrence=NOON - 2 * TEN)

    with pytest.raises(RefusedError, match=message):
        changing.backfill(job.name, start=NOON + start * TEN, end=NOON + end * TEN, by="ada", now=NOON)

    assert Run.objects.count() == 1
    assert journal() == []


def test_a_name_that_is_none_is_answered_with_those_that_are(job: Job) -> None:
    with pytest.raises(UnknownNameError, match="no schedule named 'fetch'; there are: fetch-repeatable"):
        changing.trigger("fetch", by="ada", now=NOON)


@pytest.mark.django_db
def test_where_there_are_none_a_name_is_answered_with_what_makes_them() -> None:
    with pytest.raises(UnknownNameError, match="there are none, and `scheduler setup` makes them"):
        changing.trigger("fetch", by="ada", now=NOON)
