"""`scheduler audit`: a second reckoning names what was lost, doubled or shifted, and nothing else."""

import json
import random
from contextlib import suppress
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django_q.models import Success

from scheduling.engine.claiming import claim_batches
from scheduling.exceptions import RefusedError
from scheduling.ledger import retention
from scheduling.ledger.audit.auditing import JobAudit, audit
from scheduling.ledger.audit.judging import Verdict
from scheduling.ledger.journal import record_change
from scheduling.models import OPEN_STATES, CatchUp, Job, Overlap, Run, RunState
from scheduling.operations import changing
from scheduling.operations.pausing import end_pauses
from scheduling.timing.cadence import Cadence, Cron, Every
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


CADENCES: list[Cadence] = [
    Every(10),
    Every(3),
    Cron("* * * * *"),
    Cron("*/15 * * * * *", "Asia/Kathmandu"),
]
OTHER_CADENCES: list[Cadence] = [
    Every(7),
    Every(60),
    Every(30, 4),
    Cron("*/2,5 * * * *"),
    Cron("3,40 * * * * *"),
]


class Story:
    """A job in the hands of people and of a dispatcher that is away at times, by a clock of its own."""

    def __init__(self, chance: random.Random, cadence: Cadence, **fields: Any) -> None:
        self.chance, self.now = chance, NOON
        self.job: Job = JobFactory(schedule__name="told", every_seconds=10, **fields)
        changing.change("told", by="ada", now=self.now, cadence=cadence)

    def tell(self, *, steps: int) -> None:
        deeds = (
            self.wait,
            self.wait,
            self.be_away,
            self.pause,
            self.retime,
            self.limit,
            self.backfill,
            self.ask,
        )
        for _ in range(steps):
            self.chance.choice(deeds)()
        self.wait()

    def wait(self, *, seconds: int | None = None) -> None:
        """Time passes, with a dispatcher and a worker."""
        until = self.now + (seconds or self.chance.randint(10, 60)) * SECOND
        while self.now < until:
            end_pauses(now=self.now)
            for _ in claim_batches(now=self.now):
                pass
            self._work()
            self.now += self.chance.uniform(0.5, 3) * SECOND

    def _work(self) -> None:
        """Most runs are begun at once, and some last longer than an interval."""
        running = Run.objects.filter(state=RunState.RUNNING)
        for run in running.filter(not_before__lte=self.now):
            run.state, run.finished_at = RunState.SUCCEEDED, self.now
            run.save()
        if running.exists():
            return
        for run in Run.objects.filter(state__in=OPEN_STATES).order_by("occurrence")[:1]:
            run.state, run.attempt, run.started_at = RunState.RUNNING, 1, self.now
            if run.trigger == "schedule":
                run.lateness = self.now - run.occurrence
            run.not_before = self.now + self.chance.choice([0, 0, 0, 25]) * SECOND
            run.save()

    def be_away(self) -> None:
        self.now += self.chance.randint(1, 200) * SECOND

    def pause(self) -> None:
        end_pauses(now=self.now)
        until = self.now + 30 * SECOND if self.chance.random() < 0.5 else None
        changing.pause("told", by="ada", note="a, b -> c", now=self.now, until=until)
        self.wait(seconds=20)
        self.be_away()
        if until is None:
            changing.resume("told", by="ada", now=self.now)

    def retime(self) -> None:
        cadence = self.chance.choice(OTHER_CADENCES)
        start = self.now + self.chance.choice([-50, 0, 50]) * SECOND
        changing.change("told", by="ada", now=self.now, cadence=cadence, start=start)

    def limit(self) -> None:
        fields = {"ends_at": self.now + 90 * SECOND}
        changing.change("told", by="ada", now=self.now, repeats=4, fields=fields)
        self.wait()
        changing.change(
            "told", by="ada", now=self.now, repeats=-1, cadence=Every(11), fields={"ends_at": None}
        )

    def backfill(self) -> None:
        with suppress(RefusedError):  # some of them ran
            changing.backfill(
                "told", start=self.now - 100 * SECOND, end=self.now - 40 * SECOND, by="ada", now=self.now
            )

    def ask(self) -> None:
        changing.trigger("told", by="ada", now=self.now)


@pytest.mark.parametrize("seed", range(301, 304))
def test_whatever_people_and_outages_do_nothing_is_called_missed_or_doubled(seed: int) -> None:
    chance = random.Random(seed)
    story = Story(
        chance,
        chance.choice(CADENCES),
        overlap=chance.choice(Overlap.values),
        catch_up=chance.choice(CatchUp.values),
        catch_up_window=chance.choice([DAY, 100 * SECOND]),
        jitter=chance.choice([0, 0, 0.9]) * SECOND,
        keep_succeeded=DAY,
    )

    story.tell(steps=8)

    found = audited(NOON, story.now, now=story.now)
    assert [str(one) for one in found.broken] == []


def claims(start: int, end: int) -> None:
    """A dispatcher, and a worker at once, each second from one second after noon up to another."""
    for second in range(start, end):
        now = NOON + second * SECOND
        for _ in claim_batches(now=now):
            pass
        for run in Run.objects.filter(state__in=OPEN_STATES):
            run.state, run.attempt, run.lateness = RunState.SUCCEEDED, 1, now - run.occurrence
            run.started_at = run.finished_at = now
            run.save()


def change(second: int, **changes: Any) -> None:
    changing.change("told", by="ada", now=NOON + second * SECOND, **changes)


def held(second: int, until: int) -> None:
    changing.pause("told", by="ada", note="", now=NOON + second * SECOND)
    changing.resume("told", by="ada", now=NOON + until * SECOND)


def broken_by(end: int) -> list[str]:
    found = audited(NOON, NOON + end * SECOND, now=NOON + end * SECOND)
    return [f"{one.occurrence:%H:%M:%S} {one.verdict}" for one in found.broken]


def test_what_a_cadence_lost_to_a_change_uses_up_the_count_of_the_new_one() -> None:
    JobFactory(schedule__name="told")
    change(61, cadence=Every(20), start=NOON + TEN, repeats=2)
    claims(62, 100)
    assert Run.objects.count() == 1
    assert broken_by(100) == []


def test_a_start_set_into_a_pause_after_its_end_is_asked_for_and_uses_up_the_count() -> None:
    JobFactory(schedule__name="told")
    claims(0, 1)
    held(3, until=63)
    change(65, start=NOON + 35 * SECOND, repeats=1)
    claims(66, 80)
    assert Run.objects.count() == 2
    assert broken_by(80) == []


def test_a_pause_excuses_nothing_that_was_claimed_before_somebody_set_the_start_back() -> None:
    JobFactory(schedule__name="told")
    change(0, repeats=12)
    claims(0, 60)
    change(60, start=NOON + 35 * SECOND)
    held(61, until=73)
    claims(74, 180)
    assert broken_by(180) == []


@pytest.mark.parametrize("every", [5, 20])
def test_a_cadence_changed_while_its_next_run_stays_in_the_past_counts_from_there(every: int) -> None:
    JobFactory(schedule__name="told")
    claims(0, 1)
    change(61, cadence=Every(every), start=NOON + TEN)
    claims(62, 100)
    assert broken_by(100) == []
    Run.objects.filter(occurrence=NOON + 90 * SECOND).delete()
    assert broken_by(100) == ["12:01:30 missed"]


def test_a_run_counts_what_was_missed_in_its_own_cadence_though_a_later_one_asks_for_it_too() -> None:
    JobFactory(schedule__name="told")
    claims(0, 1)
    claims(61, 65)
    change(65, cadence=Every(5), start=NOON + 55 * SECOND)
    claims(66, 100)
    assert broken_by(100) == []


def test_what_retention_has_pruned_is_not_known_any_more_and_never_a_miss() -> None:
    job = JobFactory(keep_succeeded=HOUR)
    first = NOON - 720 * TEN
    record_change(
        job, at=first, by="ada", action="created", detail=f"test: every 10 s, next run None -> {first}"
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
    assert text.endswith("1 occurrences were missed or doubled.")
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
