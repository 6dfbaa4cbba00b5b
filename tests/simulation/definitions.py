"""How a job and its schedule are defined in the tables, and what the observer knows of a job by that."""

import json
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

from django_q.models import Schedule

from scheduling.models import Job
from tests.simulation.cadences import after_each
from tests.simulation.seen import Known, instant
from tests.simulation.waits import waits_by

DEFINITIONS = """SELECT job.id, job.name, job.mode, job.after_id, job.ends_at, job.time_limit,
    job.keep_succeeded, job.keep_failed, job.overrides, job.every_seconds, job.time_zone, schedule.minutes,
    schedule.cron, schedule.id IS NULL
    FROM scheduling_job job LEFT JOIN django_q_schedule schedule ON schedule.id = job.schedule_id
    ORDER BY job.id"""


class Definition(NamedTuple):
    """Of one job; durations in microseconds. `seconds` or `cron` of what goes by the clock."""

    job: int
    name: str
    mode: str
    after: int | None
    ends_at: str | None
    time_limit: int
    keep_succeeded: int
    keep_failed: int
    # What somebody set.
    overrides: frozenset[str]
    seconds: int | None
    cron: str | None
    time_zone: str
    is_removed: bool

    @property
    def cadence(self) -> tuple[Any, ...]:
        return self.seconds, self.cron, self.time_zone, self.after

    def but_for_overrides(self) -> "Definition":
        return self._replace(overrides=frozenset())


def definitions_of(rows: Iterable[tuple[Any, ...]]) -> dict[int, Definition]:
    return {row[0]: _definition(*row) for row in rows}


def _definition(*row: Any) -> Definition:
    *fields, overrides, every_seconds, time_zone, minutes, cron, is_removed = row
    has_clock = not is_removed and row[3] is None
    seconds = minutes * 60 if minutes else every_seconds
    cadence = (seconds, None, "") if not cron else (None, cron, time_zone)
    keys = frozenset(json.loads(overrides))
    return Definition._make((*fields, keys, *(cadence if has_clock else (None, None, "")), bool(is_removed)))


def redefined(jobs: Mapping[int, Known], definitions: Mapping[int, Definition]) -> dict[int, Known]:
    """What is known of each from now on. A run that was under way may still go by what was."""
    drawn: dict[int, Job] = {}
    for job_id, definition in definitions.items():
        known = jobs[job_id]
        if known.drawn is not None:
            drawn[job_id] = _job_of(known.drawn, definition)
    for job_id, job in drawn.items():
        after = definitions[job_id].after
        job.after = drawn[after] if after is not None else None
    followers = {one.after: job_id for job_id, one in definitions.items() if one.after is not None}
    return {
        job_id: _known(known, drawn[job_id], definitions[job_id], follower=followers.get(job_id))
        if job_id in drawn
        else known
        for job_id, known in jobs.items()
    }


def _job_of(drawn: Job, definition: Definition) -> Job:
    job = copy(drawn)
    job.schedule = None
    if not definition.is_removed:
        kind = Schedule.CRON if definition.cron else Schedule.MINUTES
        job.schedule = Schedule(name=job.name, schedule_type=kind, cron=definition.cron)
        job.every_seconds = definition.seconds
        job.time_zone = definition.time_zone or "UTC"
    return job


def _known(known: Known, job: Job, definition: Definition, *, follower: int | None) -> Known:
    limit = timedelta(microseconds=definition.time_limit)
    has_clock = not definition.is_removed and definition.after is None
    return replace(
        known,
        drawn=job,
        occurrences=after_each(definition.cron, definition.time_zone, every=definition.seconds or 0)
        if has_clock
        else None,
        waits=waits_by(job),
        former=(*known.former, known.waits),
        follower=follower,
        time_limit=max(known.time_limit, limit),
        shortest_limit=min(known.shortest_limit, limit),
        ends_at=instant(definition.ends_at) if definition.ends_at else None,
        keep=min(known.keep, timedelta(microseconds=definition.keep_succeeded)),
        keep_failed=min(known.keep_failed, timedelta(microseconds=definition.keep_failed)),
    )
