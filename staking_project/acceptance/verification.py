"""All the checks in their order: what stands, then watching, then what happened."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from django.db import Error as DatabaseError

from scheduling.clock import database_now
from scheduling.exceptions import SchedulingError
from scheduling.ledger.sightings import Sightings
from scheduling.modes import CLEANUP, JobDeclaration, declared_jobs
from staking_project.acceptance.results import CheckResult, Window
from staking_project.acceptance.sources import sources_are_fresh
from staking_project.acceptance.state import (
    cleanup_works,
    mode_switches_and_back,
    no_duplicates_after_switching,
    picture_is_fresh,
    retention_is_applied,
    schedules_are_unique,
    workers_are_alive,
)
from staking_project.acceptance.steps import every_step_is_lawful, watched
from staking_project.acceptance.timing import (
    every_occurrence_is_accounted_for,
    no_occurrence_ran_twice,
    ran_on_time,
)
from validators.jobs import SOURCES, VERDICTS

# A cadence up to this long (seconds) is watched for one whole round and a little more; of a longer
# one the newest occurrence is looked at.
LONGEST_WATCHED = 60
MARGIN = 10

Check = Callable[[Window], CheckResult]


def default_seconds(mode: str | None) -> float:
    """How long to watch a mode so that each of its jobs is due at least once; 0 when that takes long."""
    if mode is None:
        return 0.0
    longest = max(declared.every_seconds[mode] for declared in _working_jobs())
    return longest + MARGIN if longest <= LONGEST_WATCHED else 0.0


def verification(*, seconds: float) -> Iterator[CheckResult]:
    """Run every check, and give each one's result as soon as it is known."""
    checks: Sequence[Check] = (schedules_are_unique, mode_switches_and_back)
    start = database_now()
    for check in checks:
        yield _result(check, Window(start=start, end=database_now()))
    start = database_now()
    seen = watched(seconds)
    window = Window(start=start, end=database_now())
    for check in _checks_after_watching(seen):
        yield _result(check, window)


def _checks_after_watching(seen: Sightings) -> Sequence[Check]:
    return (
        *(partial(ran_on_time, declared.name) for declared in _working_jobs()),
        no_occurrence_ran_twice,
        every_occurrence_is_accounted_for,
        partial(every_step_is_lawful, seen),
        no_duplicates_after_switching,
        retention_is_applied,
        cleanup_works,
        workers_are_alive,
        picture_is_fresh,
        sources_are_fresh,
    )


def _working_jobs() -> list[JobDeclaration]:
    """Not the cleanup nor the sources, which have checks of their own: a source may fail once."""
    apart = {CLEANUP.name, VERDICTS.name, *(source.name for source in SOURCES)}
    return [declared for declared in declared_jobs() if declared.name not in apart]


def _result(check: Check, window: Window) -> CheckResult:
    """A check that cannot even look has failed."""
    try:
        return check(window)
    except (DatabaseError, SchedulingError) as exc:
        function = check.func if isinstance(check, partial) else check
        name = str(getattr(function, "__name__", function)).replace("_", " ")
        return CheckResult(name=name, passed=False, saw=f"could not look: {exc}")
