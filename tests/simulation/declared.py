"""What the code of a seed declares, where people set schedules up, and what of its jobs somebody has set."""

import random
from collections.abc import Sequence
from datetime import timedelta

from scheduling.models import Job
from scheduling.modes import MODES, JobDeclaration
from scheduling.operations.overrides import CADENCE, DECLARED
from tests.simulation.theme import CHANGED_TRAP, SETS
from tests.simulation.themes import is_about, theme_of

# Of the world that runs now.
_declared: list[JobDeclaration] = []
# In so many of the seeds people set schedules up, remove and change them.
SHARE = 0.35
# Over half of each interval there are so many attempts, whichever of them somebody sets meanwhile.
MOST_ATTEMPTS = 3


def has_people(seed: int) -> bool:
    """Where a seed has a theme that is what it is about, or nobody does."""
    if theme_of(seed).strikes:
        return is_about(seed, SETS, CHANGED_TRAP)
    return random.Random(f"people {seed}").random() < SHARE


def declared_jobs() -> tuple[JobDeclaration, ...]:
    return tuple(_declared)


def declare(made: Sequence[Job], strangers: Sequence[JobDeclaration], *, seed: int, every: int) -> None:
    """Those and nothing else; what a job of them has that was not declared may be somebody's wish."""
    _declared[:] = strangers
    if not has_people(seed):
        return
    dice = random.Random(f"declared {seed}")
    leaving = {one.name for one in strangers}
    _declared.clear()
    for job in made:
        _can_be_changed(job)
        if job.name in leaving or dice.random() < 0.8:
            _declared.append(_declaration(job, dice, every=every, leaves_a_worker=job.name in leaving))


def _can_be_changed(job: Job) -> None:
    """How often one is tried does not depend on its interval, and no pressure changes that."""
    assert job.schedule is not None, "all of them have one"
    job.stretch_limit, job.max_attempts = None, min(job.max_attempts, MOST_ATTEMPTS)
    minutes, seconds = divmod(job.every_seconds or 0, 60)
    if minutes and not seconds and not job.schedule.cron and job.after is None:
        job.every_seconds, job.schedule.minutes = None, minutes
        job.schedule.save()
    job.save()


def _declaration(job: Job, dice: random.Random, *, every: int, leaves_a_worker: bool) -> JobDeclaration:
    """Half of the jobs are as declared, but for what somebody has set."""
    is_declared = dice.random() < 0.5
    set_by = {key for key in DECLARED if dice.random() < 0.4}
    declaration = JobDeclaration(
        name=job.name,
        task=job.task,
        description="Is set up.",
        every_seconds={
            "test": every * (1 if is_declared else dice.choice((1, 2))),
            "production": every * dice.choice((2, 3)),
        },
        start_after_seconds={mode: dice.choice((0, 1, every // 2)) for mode in MODES},
        time_limit=job.time_limit if is_declared else timedelta(seconds=dice.choice((2, 30))),
        leaves_a_worker=leaves_a_worker,
    )
    job.description, job.mode = declaration.description, dice.choice(("test", "test", "production"))
    job.overrides = {key: {"by": "bob", "at": "2026-11-20T08:00:00Z"} for key in sorted(set_by)}
    if is_declared:
        mode = MODES[job.mode]
        job.ends_at = job.ends_at if "ends_at" in set_by else None
        if "keep_succeeded" not in set_by:
            job.keep_succeeded = mode.keep_succeeded
        if "keep_failed" not in set_by:
            job.keep_failed = mode.keep_failed
    if job.after is None and job.schedule and job.schedule.cron and CADENCE not in set_by and is_declared:
        # Its cron is somebody's, then.
        job.overrides |= {CADENCE: {"by": "bob", "at": "2026-11-20T08:00:00Z"}}
    job.save()
    return declaration
