"""`scheduler audit`: a second reckoning names what was lost, doubled or shifted, and nothing else."""

import json
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django_q.models import Success

from scheduling.ledger import retention
from scheduling.ledger.audit.auditing import JobAudit, audit
from scheduling.ledger.audit.judging import Verdict
from scheduling.ledger.journal import record_change
from scheduling.models import Action, Job, Run, RunState
from scheduling.operations import changing
from scheduling.timing.cadence import Every
from tests.scheduling.factories import NOON, JobFactory, RunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]

SECOND = timedelta(seconds=1)
TEN = 10 * SECOND
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MANY = 10_000
START, END = NOON - MANY * TEN, NOON - TEN


def audited(start: datetime = START, end: datetime = END, *, now: datetime = NOON) -> JobAudit:
    [found] = audit(None, start=start, end=end, now=now)
    return found


def told(found: JobAudit) -> list[tuple[int, Verdict]]:
    """Each broken promise, as (which occurrence in intervals before noon, what)."""
    return [((NOON - finding.occurrence) // TEN, finding.verdict) for finding in found.broken]


def ledger(job: Job, *, many: int = MANY) -> None:
    """So many occurrences before noon, all on time."""
    Run.objects.bulk_create(
        Run(
            job=job,
            occurrence=NOON - place * TEN,
            not_before=NOON - place * TEN,
            state=RunState.SUCCEEDED,
            attempt=1,
            lateness=SECOND / 100,
            started_at=NOON - place * TEN + SECOND / 100,
            finished_at=NOON - place * TEN + SECOND,
        )
        for place in range(1, many + 1)
    )


def at(place: int) -> Any:
    return Run.objects.filter(occurrence=NOON - place * TEN)


def executed_twice(place: int) -> None:
    for number in range(2):
        Success.objects.create(
            id=f"{place:016}{number:016}",
            name="t",
            func="scheduling.tasks.execute_run",
            args=(at(place).get().pk,),
            started=NOON,
            stopped=NOON,
            success=True,
            result="succeeded",
        )


def counted_as_missed(place: int) -> None:
    at(place).update(missed_before=1)


def beside_the_grid(place: int, *, by: timedelta) -> None:
    run = at(place).get()
    RunFactory(
        job=run.job,
        occurrence=run.occurrence + by,
        state=RunState.SUCCEEDED,
        attempt=1,
        lateness=SECOND / 100,
    )


def skipped_without_a_word(place: int) -> None:
    at(place).update(state=RunState.SKIPPED, error="")


def test_of_ten_thousand_occurrences_each_mutant_is_named_and_nothing_else() -> None:
    ledger(JobFactory(keep_succeeded=365 * DAY, keep_failed=365 * DAY))
    assert audited().counts == {Verdict.ON_TIME: MANY}

    at(MANY - 1).delete()
    at(4_321).delete()
    executed_twice(77)
    beside_the_grid(60, by=SECOND)
    beside_the_grid(9_000, by=timedelta(microseconds=1))
    at(500).update(occurrence=NOON - 500 * TEN + SECOND)
    at(30).update(missed_before=1)
    at(20).update(state=RunState.SKIPPED, error="")
    at(1).update(occurrence=NOON)

    assert told(audited()) == [
        (MANY - 1, Verdict.MISSED),
        (8_999, Verdict.DOUBLED),
        (4_321, Verdict.MISSED),
        (500, Verdict.MISSED),
        (499, Verdict.DOUBLED),
        (77, Verdict.DOUBLED),
        (59, Verdict.DOUBLED),
        (31, Verdict.DOUBLED),
        (20, Verdict.MISSED),
        (1, Verdict.MISSED),
    ]


def test_what_retention_has_pruned_is_not_known_any_more_and_never_a_miss() -> None:
    job = JobFactory(keep_succeeded=HOUR)
    first = NOON - 720 * TEN
    record_change(
        job, at=first, by="ada", action=Action.CREATED, detail=f"test: every 10 s, next run None -> {first}"
    )
    ledger(job, many=720)
    retention.prune(now=NOON, dry_run=False)
    at(10).delete()

    found = audited(first)

    assert found.counts == {Verdict.ON_TIME: 359, Verdict.FORGOTTEN: 360, Verdict.MISSED: 1}
    assert told(found) == [(10, Verdict.MISSED)]


def test_followers_and_runs_that_people_asked_for_are_audited_too() -> None:
    leader = JobFactory(schedule__name="lead")
    follower = JobFactory(schedule__name="score", schedule__next_run=None, after=leader)
    ledger(leader, many=3)
    for place in (1, 3):
        begun = NOON - place * TEN + 1.2 * SECOND
        RunFactory(
            job=follower,
            occurrence=NOON - place * TEN,
            state=RunState.SUCCEEDED,
            trigger="chain",
            attempt=1,
            started_at=begun,
            finished_at=begun,
        )
    changing.trigger("score", by="ada", now=NOON - 5 * SECOND)
    Run.objects.filter(trigger="operator").delete()

    [of_leader, of_follower] = audit(None, start=NOON - 5 * TEN, end=NOON, now=NOON)

    assert of_leader.broken == []
    assert [(finding.verdict.value, finding.why) for finding in of_follower.findings] == [
        ("on time", ""),
        ("missed", "the run that follows lead is not there"),
        ("on time", ""),
        ("missed", "the run that ada asked for is not there"),
    ]


def run(*words: str) -> tuple[str, int]:
    out = StringIO()
    try:
        call_command("scheduler", "audit", *words, stdout=out)
    except CommandError as exc:
        return f"{out.getvalue()}{exc}", exc.returncode
    return out.getvalue(), 0


def test_the_command_exits_1_on_a_miss_alone_and_names_it() -> None:
    ledger(JobFactory(schedule__name="note", keep_succeeded=365 * DAY, keep_failed=365 * DAY), many=30)
    window = ("--from", f"{NOON - 30 * TEN:%Y-%m-%dT%H:%MZ}", "--to", f"{NOON - TEN:%Y-%m-%dT%H:%M:%SZ}")
    at(2).update(lateness=3 * SECOND)
    at(3).update(state=RunState.SKIPPED, error="nothing fetched yet")
    text, code = run(*window)
    assert code == 0
    assert "note 2026-11-23 11:59:40Z: late: it began 3.0 s after its time" in text
    assert "note 2026-11-23 11:59:30Z: skipped: nothing fetched yet" in text

    at(7).delete()
    text, code = run("note", *window)
    assert code == 1
    assert "note 2026-11-23 11:58:50Z: missed: it has no run, and nothing says why" in text
    assert text.endswith("1 occurrence was missed or doubled.")
    [document] = json.loads(run("note", *window, "--json")[0].rpartition("]")[0] + "]")
    assert document["counts"]["missed"] == 1
    assert len(document["occurrences"]) == 30


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nobody",), "There is no job named 'nobody'"),
        (("--from", "soon"), "'soon' is not a time"),
        (("--from", "2026-11-24", "--to", "2026-11-23"), "it ends before it begins"),
        (("--from", "1970-01-02"), "take a shorter time"),
    ],
)
def test_a_question_that_makes_no_sense_is_a_usage_error(words: tuple[str, ...], told: str) -> None:
    ledger(JobFactory(keep_succeeded=365 * DAY), many=1)
    Run.objects.update(occurrence=NOON - 9_000 * DAY)

    text, code = run(*words)

    assert code == 2
    assert told in text


def test_of_two_who_change_a_cadence_at_once_the_one_whose_change_was_written_last_has_it() -> None:
    """Who waits for the other looked at the clock before: by the times of the journal it would be first."""
    job = JobFactory(schedule__next_run=NOON - 100 * TEN, keep_succeeded=365 * DAY, keep_failed=365 * DAY)
    ledger(job)
    at_once = NOON - 100 * TEN - TEN / 2
    Run.objects.filter(occurrence__gt=at_once).delete()
    changing.change(job.name, cadence=Every(20), by="ann", now=at_once)
    changing.change(job.name, cadence=Every(30), by="bob", now=at_once - SECOND / 5)
    job.schedule.refresh_from_db()
    first = job.schedule.next_run
    number = (NOON - first) // (30 * SECOND)
    for place in range(number):
        RunFactory(
            job=job,
            occurrence=first + place * 30 * SECOND,
            state=RunState.SUCCEEDED,
            attempt=1,
            lateness=SECOND / 100,
            started_at=first + place * 30 * SECOND,
            finished_at=first + place * 30 * SECOND,
        )
    type(job.schedule).objects.update(next_run=first + number * 30 * SECOND)

    assert audited().broken == []
    lost = Run.objects.get(occurrence=first + 9 * 30 * SECOND)
    lost.delete()
    assert [finding.occurrence for finding in audited().broken] == [lost.occurrence]
