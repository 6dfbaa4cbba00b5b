"""The jobs of a seed, and what the observer knows of each without asking."""

import random
from datetime import datetime, timedelta
from typing import Any

from django_q.models import Schedule

from scheduling.models import CatchUp, Job, Overlap
from scheduling.modes import JobDeclaration
from tests.simulation.cadences import Occurrences, after_each
from tests.simulation.declared import declare
from tests.simulation.seen import Known
from tests.simulation.theme import EVERY, Theme
from tests.simulation.themes import theme_of
from tests.simulation.waits import waits_by

# Of slow seeds, whose clock on the wall jumps at two in the morning: that follow it, and that happen once a
# day whatever it does.
ZONE = "Europe/Zurich"
CRONS = {
    3_600: ("0 * * * *", "30 0-23 * * *", "0 15 * * * *"),
    21_600: ("0 */6 * * *", "*/30 2 * * *", "30 2,8,14,20 * * *"),
    86_400: ("*/30 2 * * *", "0,30 2 * * *"),
}

# Jobs that leave a worker of so many for the others.
WORKERS = 2
STRANGERS = tuple(
    JobDeclaration(
        name=f"stranger-{number}",
        task="tests.simulation.tasks.work",
        description="Asks somebody who may take his time.",
        every_seconds={},
        start_after_seconds={},
        leaves_a_worker=True,
    )
    for number in range(2)
)
# Of these the second needs the first.
SOURCES = tuple(
    JobDeclaration(
        name=f"source-{number}",
        task="tests.simulation.tasks.work",
        description="Has what another one needs.",
        every_seconds={},
        start_after_seconds={},
        needs=("source-0",) if number else (),
    )
    for number in range(2)
)
DECLARED = {"stranger": STRANGERS, "source": SOURCES}


def jobs_of(seed: int, *, every: int, beginning: datetime) -> dict[int, Known]:
    """Two by the clock, and sometimes one that follows."""
    dice, theme = random.Random(f"jobs {seed}"), theme_of(seed)
    kind = dice.choice(theme.kinds)
    made = [_job(f"{kind}-{number}", dice, theme, every=every, beginning=beginning) for number in range(2)]
    if dice.random() < theme.follows:
        made.append(_job("follower", dice, theme, every=every, beginning=beginning, after=made[0]))
    declare(made, DECLARED.get(kind, ()), seed=seed, every=every)
    for job in made:
        _leave_room(job, every=every)
    return {job.pk: _known(job, made, every=every) for job in made}


def _leave_room(job: Job, *, every: int) -> None:
    """Whose runs are more than all workers can do, beside each other, would keep everybody else waiting."""
    if job.overlap == Overlap.ALLOW and job.max_attempts * job.parameters["seconds"] > WORKERS * every:
        job.overlap = Overlap.QUEUE
        job.save(update_fields=["overlap"])


def _is_a_stranger(name: str) -> bool:
    return name in {one.name for one in STRANGERS}


def _needs(name: str) -> tuple[str, ...]:
    return next((one.needs for one in SOURCES if one.name == name), ())


def _known(job: Job, made: list[Job], *, every: int) -> Known:
    assert job.schedule is not None, "all of them have one"
    occurrences: Occurrences | None = None
    if job.after is None:
        occurrences = after_each(job.schedule.cron, ZONE, every=every)
    return Known(
        name=job.name,
        occurrences=occurrences,
        overlap=job.overlap,
        waits=waits_by(job),
        drawn=job,
        stores=".store" in job.task,
        follower=next((one.pk for one in made if one.after == job), None),
        jitter=job.jitter,
        time_limit=job.time_limit,
        shortest_limit=job.time_limit,
        has_condition=bool(job.condition),
        has_variants=job.parameters_b is not None,
        makes_up=job.catch_up != CatchUp.SKIP,
        ends_at=job.ends_at,
        longest=job.stretch_limit,
        pause_after=job.pause_after_failures,
        keep=job.keep_succeeded,
        keep_failed=job.keep_failed,
        window=job.catch_up_window if job.catch_up == CatchUp.ALL else timedelta(0),
        leaves_a_worker=_is_a_stranger(job.name),
        needing=next((one.pk for one in made if job.name in _needs(one.name)), None),
    )


def _job(
    name: str,
    dice: random.Random,
    theme: Theme,
    *,
    every: int,
    beginning: datetime,
    after: Job | None = None,
) -> Job:
    task = f"tests.simulation.tasks.{dice.choice(theme.tasks)}"
    schedule = _schedule(name, task, dice, theme, every=every, beginning=beginning)
    # The first of the two may be over before anybody looks.
    ends_after = dice.choice((None, None, None, every, 2 * every)) if not theme.is_endless else None
    # Half an interval more is none, since what is stretched stays on its grid. Who may be followed is not:
    # the attempts of a follower are spread over his interval, and would change with it.
    longest = dice.choice((None, None, None, None, 1.5 * every, 3.0 * every))
    longest = longest if name.endswith("-1") and not schedule.cron else None
    most = (3 if every == EVERY else 7) if dice.choice(theme.retries) else 1
    first = schedule.next_run
    if after is not None:
        schedule = _without_a_time(schedule)
    return Job.objects.create(
        name=name,
        task=task,
        schedule=schedule,
        after=after,
        mode="test",
        every_seconds=every,
        time_zone=ZONE if schedule.cron else "UTC",
        ends_at=first + timedelta(seconds=ends_after) if ends_after else None,
        stretch_limit=timedelta(seconds=longest) if longest else None,
        # How often one that is stretched is tried depends on how long its interval is just now: once.
        max_attempts=1 if longest else most,
        **_policies(dice, theme, every=every),
    )


def _policies(dice: random.Random, theme: Theme, *, every: int) -> dict[str, Any]:
    overlap, catch_up = dice.choice(theme.overlaps), dice.choice(theme.catch_ups)
    window = dice.choice((2 * every, 360 * every))
    # Longer than what is late may be, where that is asked.
    jitter = dice.choice((0, 8, 8) if catch_up == CatchUp.SKIP else (0, 0, 2))
    return {
        "overlap": overlap,
        "catch_up": catch_up,
        "catch_up_window": timedelta(seconds=window),
        "jitter": timedelta(seconds=jitter),
        "parameters": {"seconds": dice.choice(theme.work)},
        "parameters_b": dice.choice((None, None, {"seconds": 1.0})),
        "time_limit": timedelta(seconds=dice.choice(theme.jobs.get("time_limit", (2, 30, 30, 30)))),
        "pause_after_failures": dice.choice(theme.jobs.get("pause_after_failures", (None, None, None, 2))),
        "condition": dice.choice(("", "", "", "", "", "now and then")),
        "keep_succeeded": timedelta(seconds=dice.choice(theme.jobs.get("keep_succeeded", (86_400, 1)))),
        "keep_failed": timedelta(seconds=dice.choice(theme.jobs.get("keep_failed", (86_400,)))),
    }


def _schedule(
    name: str, task: str, dice: random.Random, theme: Theme, *, every: int, beginning: datetime
) -> Schedule:
    # Some were due while nobody looked, so that one claim has several.
    ago = -2.5 * every
    first = beginning + timedelta(seconds=ago if theme.is_late else dice.choice((0, 1, ago)))
    cron = dice.choice((None, *CRONS[every])) if every in CRONS else None
    cron = theme.cron or cron
    return Schedule.objects.create(
        name=name,
        func=task,
        schedule_type=Schedule.CRON if cron else Schedule.MINUTES,
        cron=cron,
        minutes=None,
        next_run=next(after_each(cron, ZONE, every=every)(first)) if cron else first,
        repeats=dice.choice((-1, -1, -1, 2, 3)) if not theme.is_endless else -1,
    )


def _without_a_time(schedule: Schedule) -> Schedule:
    """Of what runs after another one."""
    schedule.schedule_type, schedule.cron, schedule.next_run, schedule.repeats = "I", None, None, -1
    schedule.save()
    return schedule
