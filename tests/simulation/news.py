"""What is to be told to whom, and what a receiver may count on."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from scheduling.models import Job, RunState, RunTrigger
from scheduling.monitoring import alert_delivery
from tests.simulation.processes import BrokenError
from tests.simulation.seen import Known, Row, instant
from tests.simulation.theme import TELLS
from tests.simulation.themes import is_about, theme_of
from tests.simulation.waits import waits_between

# Of the seeds that are not slow so many have something to tell, and so often.
SHARE = 0.25
MANY = (1, 3, 6)
CHANNELS = ("alert-webhook", "alert-email")
TASKS = dict.fromkeys(CHANNELS, "tests.simulation.deliveries.tell")


def has_news(seed: int) -> bool:
    """Where a seed has a theme that is what it is about, or there are none."""
    if theme_of(seed).strikes:
        return is_about(seed, TELLS)
    return seed % 5 != 4 and random.Random(f"news {seed}").random() < SHARE


def how_often(seed: int) -> int:
    return random.Random(f"how much news {seed}").choice(MANY) if has_news(seed) else 0


def channels_of(seed: int) -> list[str]:
    return list(CHANNELS[: 1 + seed // 5 % 2]) if has_news(seed) else []


def known_channels(seed: int) -> dict[int, Known]:
    """Their jobs, made as the first news makes them."""
    made = [alert_delivery._delivery_job(channel) for channel in channels_of(seed)]
    return {job.pk: _known(job) for job in made}


def _known(job: Job) -> Known:
    waits = waits_between(job.max_attempts, job.backoff, interval=None)
    return Known(
        name=job.name,
        occurrences=None,
        overlap=job.overlap,
        waits=lambda _: waits,
        stores=False,
        time_limit=job.time_limit,
        shortest_limit=job.time_limit,
        keep=timedelta(days=7),
        keep_failed=timedelta(days=7),
        is_channel=True,
    )


def of_what_is_joined(before: Mapping[int, Row], rows: Mapping[int, Row]) -> None:
    """News that end as told together are in a newer delivery that is under way from the same commit on.

    Newer of those that were due: so it has all its attempts, and none ends untold whoever dies between.
    """
    begun = [
        row
        for row in rows.values()
        if row.state == RunState.QUEUED and row.id in before and before[row.id].state == RunState.PENDING
    ]
    for was in before.values():
        is_over = was.id in rows and (was.state, rows[was.id].state) == (RunState.PENDING, RunState.SKIPPED)
        if was.trigger != RunTrigger.ALERT or not is_over:
            continue
        into = next((row for row in begun if row.job == was.job), None)
        if into is None:
            raise BrokenError("TELL", f"delivery {was.id} is over, and nobody tells its news")
        if into.id < was.id and instant(was.not_before) <= instant(into.queued_at or ""):
            raise BrokenError("TELL", f"delivery {was.id} is joined into {into.id}, which is older")


@dataclass(slots=True)
class Deliveries:
    """What was to be told, and what a receiver has answered for; news are numbered as they came."""

    dice: random.Random = field(default_factory=random.Random)
    asked: list[tuple[str, int]] = field(default_factory=list)
    # By channel and subject, the newest that its receiver has answered for, and that was begun to be told.
    told: dict[tuple[str, str], int] = field(default_factory=dict)
    begun: dict[tuple[str, str], int] = field(default_factory=dict)
    is_well: bool = False
    count: int = 0

    def begins(self, channel: str, news: Iterable[Mapping[str, str]]) -> None:
        """Of one alert no older news is told after a newer one, whoever tells."""
        for one in news:
            key, number = (channel, one["subject"]), int(one["message"])
            if number < self.begun.get(key, -1):
                raise BrokenError("TELL", f"{channel} is told {number} of {key[1]}, and was of a newer one")
            self.begun[key] = number

    def answered(self, channel: str, news: Iterable[Mapping[str, str]]) -> None:
        for one in news:
            key, number = (channel, one["subject"]), int(one["message"])
            self.told[key] = max(self.told.get(key, -1), number)

    def of_all(self, rows: Iterable[Row], jobs: Mapping[int, Known]) -> None:
        """Of a channel one delivery at a time, on all hosts together."""
        if not self.count:
            return
        under_way = [
            row.job
            for row in rows
            if row.trigger == RunTrigger.ALERT and row.state in (RunState.QUEUED, RunState.RUNNING)
        ]
        for job_id in set(under_way):
            if under_way.count(job_id) > 1:
                raise BrokenError("TELL", f"two deliveries of {jobs[job_id].name} are under way")

    def at_the_end(self, rows: Iterable[Row], jobs: Mapping[int, Known]) -> None:
        """The newest of each alert is told by each channel, unless all of its attempts have failed."""
        failed = {row.job for row in rows if row.trigger == RunTrigger.ALERT and row.state == RunState.FAILED}
        newest = dict(self.asked)
        for job_id, job in jobs.items():
            for subject, number in newest.items():
                told = self.told.get((job.name, subject), -1)
                if job.is_channel and job_id not in failed and told < number:
                    raise BrokenError("TELL", f"{job.name} is never told {number} of {subject}")
