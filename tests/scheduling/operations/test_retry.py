"""A failed run that an operator lets begin anew."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError

from scheduling.clock import database_now
from scheduling.engine.execution import execute_run
from scheduling.engine.recovery import open_runs, release_pending
from scheduling.exceptions import RefusedError, UnknownNameError
from scheduling.ledger.search import RunFilter
from scheduling.models import JobChange, Overlap, Run, RunState, RunTrigger
from scheduling.operations import changing, setting_up
from scheduling.operations.retrying import failed_runs, retry, retry_all
from tests.commands import printed
from tests.scheduling.factories import NOON, RunFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def scheduler(*words: str) -> str:
    return printed("scheduler", *words)


def failed_run(**fields: object) -> Run:
    given = {"attempt": 3, "losses": 2, "finished_at": NOON, "error": "ValueError: no\n\nTraceback"}
    run: Run = RunFactory(state=RunState.FAILED, owner="old", **(given | fields))
    return run


def test_a_retried_run_begins_anew_with_all_its_attempts_and_keeps_its_occurrence() -> None:
    failed = failed_run()

    run = retry(failed.pk, by="ada", now=NOON)

    assert run.error == "retried by ada after: ValueError: no"
    assert release_pending(open_runs(), now=NOON) == [run]
    assert execute_run(run.pk) == "succeeded"
    run.refresh_from_db()
    assert (run.state, run.attempt, run.losses, run.occurrence) == ("succeeded", 1, 0, failed.occurrence)
    assert run.error == ""
    change = JobChange.objects.get()
    assert (change.by, change.action, change.detail) == (
        "ada",
        "retry",
        f"{failed.occurrence}: ValueError: no",
    )


@pytest.mark.parametrize("state", [state for state in RunState if state != RunState.FAILED])
def test_only_a_failed_run_is_retried(state: RunState) -> None:
    run = RunFactory(state=state, attempt=2)

    with pytest.raises(RefusedError, match=f"it is {state}"):
        retry(run.pk, by="ada", now=NOON)

    run.refresh_from_db()
    assert (run.state, run.attempt) == (state, 2)
    assert not JobChange.objects.exists()


def test_a_run_that_is_gone_or_whose_schedule_was_removed_is_not_retried() -> None:
    run = failed_run()
    with pytest.raises(UnknownNameError, match="There is no run"):
        retry(run.pk + 1, by="ada", now=NOON)

    setting_up.remove([run.job.name], now=NOON, by="bob")
    with pytest.raises(RefusedError, match="has no schedule"):
        retry(run.pk, by="ada", now=NOON)


def test_in_a_pause_it_waits_until_its_schedule_is_resumed() -> None:
    failed = failed_run(failed_attempts=[{"attempt": 3, "ended_at": "", "worker": "", "error": "no"}])
    name = failed.job.name
    changing.pause(name, by="ada", note="", now=NOON)

    assert scheduler("retry", name) == f"{failed} begins anew when {name} is resumed.\n"

    assert release_pending(open_runs(), now=database_now()) == []
    assert f"waits until {name} is resumed: retried by " in scheduler("explain", name)
    changing.resume(name, by="ada", now=NOON)
    assert release_pending(open_runs(), now=database_now()) == [failed]


def test_what_failed_before_its_first_attempt_waits_in_a_pause_too() -> None:
    """As the claim of a schedule that cannot be leaves it."""
    failed = failed_run(attempt=0, losses=0)
    changing.pause(failed.job.name, by="ada", note="", now=NOON)

    retry(failed.pk, by="ada", now=NOON)

    assert release_pending(open_runs(), now=database_now()) == []


def test_a_pause_that_came_after_the_look_holds_it_too() -> None:
    failed = failed_run(failed_attempts=[{"attempt": 3, "ended_at": "", "worker": "", "error": "no"}])
    retry(failed.pk, by="ada", now=NOON)
    seen = open_runs()
    changing.pause(failed.job.name, by="ada", note="", now=NOON)

    assert release_pending(seen, now=database_now()) == []


def test_the_command_retries_the_newest_failure_or_the_one_of_an_occurrence() -> None:
    older = failed_run(occurrence=NOON + timedelta(seconds=0.25))
    newer = failed_run(job=older.job, occurrence=NOON + timedelta(seconds=10))
    name = older.job.name

    assert "begins anew" in scheduler("retry", name)
    assert Run.objects.get(state=RunState.PENDING) == newer

    with pytest.raises(CommandError, match=r"gives way to the run of 2026-11-23 12:00:10Z, which has yet to"):
        scheduler("retry", name, "--occurrence", "2026-11-23T12:00:00Z")
    Run.objects.filter(pk=newer.pk).update(state=RunState.SUCCEEDED)
    scheduler("retry", name, "--occurrence", "2026-11-23T12:00:00Z")
    assert not Run.objects.filter(state=RunState.FAILED).exists()

    with pytest.raises(CommandError, match=r"has no failed run at 2026-11-23 12:00:00Z") as caught:
        scheduler("retry", name, "--occurrence", "2026-11-23T12:00:00Z")
    assert caught.value.returncode == 2


def test_the_command_retries_many_by_their_ids_or_all_that_failed() -> None:
    runs = [failed_run() for _ in range(3)]
    ended = RunFactory(state=RunState.SUCCEEDED)

    said = scheduler("retry", str(runs[0].pk), str(ended.pk), "999999999")
    assert f"{runs[0]} begins anew as soon as a worker is free." in said
    assert f"{ended} has not failed (it is succeeded)" in said
    assert "There is no run 999999999" in said
    assert said.endswith("1 of 3 begin anew.\n")

    document = json.loads(scheduler("retry", "--failed", runs[1].job.name, "--json"))
    assert document == {
        "retried": 1,
        "runs": [{"id": runs[1].pk, "run": str(runs[1]), "begins_anew": True, "why_not": None}],
    }
    later = f"{runs[2].occurrence + timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"
    with pytest.raises(CommandError, match=r"^Nothing has failed\.$"):
        scheduler("retry", "--failed", "--from", later)
    scheduler("retry", "--failed")
    assert not Run.objects.filter(state=RunState.FAILED).exists()
    with pytest.raises(CommandError, match="Nothing begins anew") as caught:
        scheduler("retry", str(runs[0].pk))
    assert caught.value.returncode == 1


@pytest.mark.parametrize(
    "words",
    [
        *([], ["one", "two"], ["1", "two"], ["--failed", "one", "two"], ["--occurrence", "2026-11-23"]),
        *(["one", "--from", "2026-11-23"], ["1" * 30], ["--failed", "nobody"], ["²"]),
    ],
)
def test_words_that_do_not_go_together_are_refused_and_nothing_is_retried(words: list[str]) -> None:
    failed_run()

    with pytest.raises(CommandError) as caught:
        scheduler("retry", *words)

    assert caught.value.returncode == 2
    assert Run.objects.filter(state=RunState.FAILED).exists()


def test_more_than_the_most_are_refused_and_not_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduling.operations.retrying.MOST_RETRIED", 2)
    runs = [failed_run() for _ in range(3)]

    with pytest.raises(RefusedError, match="More failed runs than 2"):
        failed_runs(RunFilter(), with_deliveries=True)
    with pytest.raises(RefusedError, match="3 runs at once are too many"):
        retry_all([run.pk for run in runs], by="ada", now=NOON)
    assert failed_runs(RunFilter(schedule=runs[0].job.name), with_deliveries=True) == [runs[0].pk]


@pytest.mark.parametrize(
    ("overlap", "trigger", "begun"),
    [
        (Overlap.SKIP, RunTrigger.SCHEDULE, 2),
        (Overlap.QUEUE, RunTrigger.OPERATOR, 2),
        (Overlap.ALLOW, RunTrigger.SCHEDULE, 4),
        (Overlap.SKIP, RunTrigger.BACKFILL, 4),
    ],
)
def test_of_runs_that_take_over_from_each_other_the_newest_of_a_schedule_is_retried(
    overlap: Overlap, trigger: RunTrigger, begun: int
) -> None:
    oldest = failed_run(job__overlap=overlap, trigger=trigger)
    runs = [oldest, *(failed_run(job=oldest.job, trigger=trigger) for _ in range(2)), failed_run()]

    retried = retry_all([run.pk for run in runs], by="ada", now=NOON)

    left = [] if begun == 4 else runs[:2]
    assert (retried.begun, list(Run.objects.filter(state=RunState.FAILED).order_by("occurrence"))) == (
        begun,
        left,
    )
    said = f"gives way to the run of {runs[2].occurrence:%Y-%m-%d %H:%M:%S}Z, which has yet to begin;"
    assert [why.partition(" retry it ")[0] for why in retried.refused] == [f"{run} {said}" for run in left]
