"""What a job is when it is declared, and what a mode means for all of them.

Frozen data: nothing here reads the clock, the database or the environment, except
`declared_jobs`, which collects what the settings name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils.module_loading import import_string

from scheduling.exceptions import UnknownNameError

# Long enough for any fetch or score, short enough that a stuck one is noticed the same day.
DEFAULT_TIME_LIMIT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDeclaration:
    """A job as code declares it.

    `name` is unique, `task` the dotted path of a callable without arguments.
    `every_seconds` and `start_after_seconds` are per mode; the latter is how long after
    set-up the first occurrence lies, if those of the jobs that it `needs` lie before. A first success
    of one of these is followed by a run of this job. One that `leaves_a_worker` asks strangers who may
    take their time: all jobs of its kind together never take the last worker. One that `reads_the_present`
    finds the same whichever occurrence it is for, so that none of the past is made up for.
    """

    name: str
    task: str
    description: str
    every_seconds: Mapping[str, int]
    start_after_seconds: Mapping[str, int]
    time_limit: timedelta = DEFAULT_TIME_LIMIT
    needs: tuple[str, ...] = ()
    leaves_a_worker: bool = False
    reads_the_present: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """A named set of cadences and how long job history is kept under it."""

    name: str
    keep_succeeded: timedelta
    keep_failed: timedelta


MODES: Mapping[str, Mode] = {
    mode.name: mode
    for mode in (
        Mode(name="test", keep_succeeded=timedelta(hours=1), keep_failed=timedelta(hours=24)),
        Mode(name="production", keep_succeeded=timedelta(days=7), keep_failed=timedelta(days=30)),
    )
}

# Of a first set-up that names none.
DEFAULT_MODE = "test"

CLEANUP = JobDeclaration(
    name="cleanup-repeatable",
    task="scheduling.tasks.clean_up",
    description="Deletes job history, task history and score history that is older than the mode keeps it.",
    every_seconds={"test": 60, "production": 3600},
    start_after_seconds={"test": 15, "production": 60},
)


def mode_named(name: str) -> Mode:
    """The mode of that name; raises `UnknownNameError` with the names there are."""
    try:
        return MODES[name]
    except KeyError:
        raise UnknownNameError(f"There is no mode {name!r}; the modes are {', '.join(MODES)}.") from None


def declared_jobs() -> tuple[JobDeclaration, ...]:
    """Every job the settings name, and the cleanup job, in the order they are set up."""
    declared: list[JobDeclaration] = []
    for path in settings.SCHEDULED_JOBS:
        declared.extend(import_string(path))
    return (*declared, CLEANUP)


def jobs_that_need(name: str) -> list[str]:
    """The names of the declared jobs that build on this one."""
    return [job.name for job in declared_jobs() if name in job.needs]


def jobs_that_leave_a_worker() -> set[str]:
    """The names of the declared jobs that wait rather than take the last worker."""
    return {job.name for job in declared_jobs() if job.leaves_a_worker}


def reads_the_present(name: str) -> bool:
    """Whether the declared job of that name finds nothing of the past."""
    return any(job.name == name and job.reads_the_present for job in declared_jobs())


def first_starts(declared: Sequence[JobDeclaration], *, mode: str) -> dict[str, int]:
    """How long after set-up each job's first occurrence lies, in seconds: behind those of what it needs.

    Raises `UnknownNameError` for a need that is not declared, or that needs the job itself.
    """
    by_name = {job.name: job for job in declared}
    starts: dict[str, int] = {}

    def start(name: str, waiting: tuple[str, ...]) -> int:
        if name not in by_name or name in waiting:
            raise UnknownNameError(f"{' needs '.join((*waiting, name))}, which cannot be.")
        if name not in starts:
            job = by_name[name]
            needed = [start(need, (*waiting, name)) for need in job.needs]
            starts[name] = max(job.start_after_seconds[mode], *(first + 1 for first in needed), 0)
        return starts[name]

    for job in declared:
        start(job.name, ())
    return starts
