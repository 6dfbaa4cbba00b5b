"""`scheduler audit` calls nothing missed or doubled, whatever people and outages do to a schedule."""

import random
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django_q.models import Schedule

from scheduling.engine.batches import claim_batches
from scheduling.exceptions import RefusedError
from scheduling.models import OPEN_STATES, CatchUp, Job, Overlap, Run, RunState
from scheduling.operations import changing
from scheduling.operations.pausing import end_pauses
from scheduling.timing.cadence import Cadence, Cron, Every
from tests.scheduling.factories import NOON, JobFactory
from tests.scheduling.ledger.test_audit import audited

pytestmark = [pytest.mark.django_db, pytest.mark.database]

SECOND = timedelta(seconds=1)
TEN = 10 * SECOND
DAY = timedelta(days=1)

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
            self.restart,
            self.recount,
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
        stands = Schedule.objects.get(job=self.job).next_run or self.now
        start = self.chance.choice([self.now + by * SECOND for by in (-50, 0, 50)] + [stands])
        changing.change("told", by="ada", now=self.now, cadence=cadence, start=start)

    def restart(self) -> None:
        start = self.now + self.chance.choice([-100, -40, 0, 25]) * SECOND
        changing.change("told", by="ada", now=self.now, start=start)

    def recount(self) -> None:
        changing.change("told", by="ada", now=self.now, repeats=self.chance.choice([1, 3, 12]))
        if self.chance.random() < 0.5:
            self.wait()
            changing.change("told", by="ada", now=self.now, repeats=-1)

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


@pytest.mark.parametrize("seed", [301, 433, 436, 447])
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
