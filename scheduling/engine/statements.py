"""The statements of every run, written down: to have the ORM make them was most of a worker's time.

A claim is one question and one answer, its end is another; schedules are moved on many at a time. Values go
in as the models' own fields store them.
"""

import select
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model
from django.utils import timezone
from django_q.models import Schedule

from scheduling.ledger.patience import BRIEFLY
from scheduling.models import Run

# Seconds. A connection that worked so long ago, and of which nothing was heard since, is taken to work: a
# server that goes says so. Not for longer, as firewalls forget in silence what is idle.
STILL_WORKS = 60.0
_worked: tuple[object, float] = (None, 0.0)

# What it waited for before its first attempt is over; why an earlier one failed is told until it ends.
# Whether another job follows is part of it, so one that is told to follow does from the next run on.
# [ONCE-1] [ATTEMPT-1]
_TAKE = """
UPDATE scheduling_run SET state = 'running', attempt = attempt + 1, owner = %(owner)s, worker = %(worker)s,
    heartbeat = 0, started_at = {now}, finished_at = NULL,
    error = CASE WHEN attempt = 0 THEN '' ELSE error END,
    lateness = CASE WHEN "trigger" = 'schedule' THEN coalesce(lateness, {since_occurrence}) ELSE lateness END
WHERE id = %(run)s AND state = 'queued' AND {briefly}
RETURNING job_id, occurrence, attempt, started_at, parameters,
    (SELECT name FROM scheduling_job job WHERE job.id = job_id),
    (SELECT task FROM scheduling_job job WHERE job.id = job_id),
    (SELECT condition FROM scheduling_job job WHERE job.id = job_id),
    (SELECT time_limit FROM scheduling_job job WHERE job.id = job_id),
    EXISTS (SELECT 1 FROM scheduling_job follower WHERE follower.after_id = job_id)
"""
# Of a schedule and its job, in the order of `Move.seen_cadence`.
_CADENCE = (
    "django_q_schedule.schedule_type, django_q_schedule.minutes, django_q_schedule.cron, job.every_seconds,"
    " job.offset_seconds, job.time_zone"
)
# What somebody asked for, or what follows something, has no time of its own to be late for.
_DIALECTS = {
    "postgresql": {
        "now": "clock_timestamp()",
        "since_occurrence": "clock_timestamp() - occurrence",
        "briefly": BRIEFLY,
        "following": "CAST(move.column3 AS timestamp with time zone)",
        "another_end": "job.ends_at IS DISTINCT FROM CAST(move.column6 AS timestamp with time zone)",
        "another_cadence": f"({_CADENCE}) IS DISTINCT FROM (move.column7, CAST(move.column8 AS integer),"
        " move.column9, CAST(move.column10 AS integer), CAST(move.column11 AS integer), move.column12)",
    },
    # Django's own functions, which every connection of it has.
    "sqlite": {
        "now": "%(now)s",
        "since_occurrence": "django_timestamp_diff(%(now)s, occurrence)",
        "briefly": "TRUE",
        "following": "move.column3",
        "another_end": "job.ends_at IS NOT move.column6",
        "another_cadence": f"({_CADENCE}) IS NOT (move.column7, move.column8, move.column9, move.column10,"
        " move.column11, move.column12)",
    },
}
# Both databases call the columns so. [CLAIM-2] [PAUSE-1]
_MOVE = """
UPDATE django_q_schedule SET next_run = {following}, repeats = move.column4 FROM (VALUES {moves}) move
WHERE django_q_schedule.id = move.column1 AND django_q_schedule.next_run = move.column2
    AND django_q_schedule.repeats = move.column5
    AND NOT EXISTS (
        SELECT 1 FROM scheduling_job job
        WHERE job.schedule_id = move.column1
            AND (job.paused_at IS NOT NULL OR {another_cadence} OR {another_end})
    )
RETURNING django_q_schedule.id
"""
# [FENCE-1]
_END = """
UPDATE scheduling_run SET {sets}
WHERE id = %(ended_run)s AND owner = %(ended_owner)s AND state = 'running' AND {briefly}
"""
# Of two runs; both are done, whichever of them comes to nothing. [FENCE-1]
_END_AND_TAKE = """
WITH ended AS ({end} RETURNING 1), taken AS ({take})
SELECT (SELECT count(*) FROM ended), taken.* FROM (SELECT 1) one LEFT JOIN taken ON TRUE
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A schedule and its job as they were seen, and what the schedule is to hold: no `next_run` is None.

    `seen_cadence` is what the columns of `_CADENCE` hold.
    """

    schedule_id: int
    seen_next_run: datetime
    seen_repeats: int
    seen_ends_at: datetime | None
    seen_cadence: tuple[Any, ...]
    next_run: datetime | None
    repeats: int


def move_on(moves: Sequence[Move]) -> set[int]:
    """Set each schedule to its next run, if it stands where it was seen and is not paused; returns those.

    Nor if it has another cadence, end or count since: on SQLite somebody may set one between the look and
    this, and the next run that was seen may be one of the new cadence as well.
    """
    if not moves:
        return set()
    column = _column(Schedule, "next_run")
    values: list[Any] = []
    for move in moves:
        instants = (move.seen_next_run, move.next_run, move.seen_ends_at)
        seen, following, ends_at = (column.get_db_prep_save(at, connection) for at in instants)
        values += move.schedule_id, seen, following, move.repeats, move.seen_repeats, ends_at
        values += move.seen_cadence
    row = ", ".join(["%s"] * (len(values) // len(moves)))
    rows = ", ".join([f"({row})"] * len(moves))
    sql = _MOVE.format(moves=rows, **_DIALECTS[connection.vendor])
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return {row[0] for row in cursor.fetchall()}


def take(run_id: int, *, owner: str, worker: str) -> tuple[Any, ...] | None:
    """Make a queued run the owner's and tell of it in the order above; None when there is none to be had.

    Raises `OperationalError` where somebody else holds its row.
    """
    values: dict[str, int | str] = {"run": run_id, "owner": owner, "worker": worker}
    if connection.vendor == "sqlite":
        values["now"] = str(connection.ops.adapt_datetimefield_value(timezone.now()))
    rows = answer_of(_take_here(connection.vendor), values)
    return rows[0] if rows else None


def end(run_id: int, *, owner: str, **fields: Any) -> bool:
    """Store these fields of a run that is running, if it is the owner's; say whether it was."""
    values = _stored(fields) | {"ended_run": run_id, "ended_owner": owner}
    with connection.cursor() as cursor:
        cursor.execute(_end_here(connection.vendor, tuple(fields)), values)
        return bool(cursor.rowcount)


def end_and_take(
    run_id: int, *, owner: str, worker: str, ended_run: int, ended_owner: str, **fields: Any
) -> tuple[bool, tuple[Any, ...] | None]:
    """`end` of one run and `take` of another, as one statement of PostgreSQL's."""
    values = _stored(fields) | {"ended_run": ended_run, "ended_owner": ended_owner}
    sql = _both(tuple(fields))
    was_ours, *row = answer_of(sql, values | {"run": run_id, "owner": owner, "worker": worker})[0]
    return bool(was_ours), tuple(row) if row[0] is not None else None


def answer_of(sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows. A connection that worked lately is not tried first: that is one round trip."""
    global _worked
    here: Any = connection
    on, at = _worked
    is_known = on is not None and here.connection is on and time.monotonic() - at < STILL_WORKS
    if is_known and _is_silent(on):
        here.health_check_done = True
    rows = _prepared(sql, values) if connection.vendor == "postgresql" else None
    if rows is None:
        with here.cursor() as cursor:
            cursor.execute(sql, values)
            rows = cursor.fetchall()
    _worked = (here.connection, time.monotonic())
    return rows


def _is_silent(driver: Any) -> bool:
    """Whether the server has said nothing, as it would before it closes the connection. SQLite has none."""
    if connection.vendor == "sqlite":
        return True
    if driver.closed:
        return False
    heard = select.poll()
    heard.register(driver.fileno(), select.POLLIN)
    return not heard.poll(0)


def _prepared(sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]] | None:
    """The rows, by a prepared statement; None where none may be. Only who needs the driver imports it."""
    from scheduling.engine import prepared

    return prepared.answer(sql, values) if prepared.can_be() else None


def _stored(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _column(Run, name).get_db_prep_save(value, connection) for name, value in fields.items()}


@cache
def _take_here(vendor: str) -> str:
    return _TAKE.format_map(_DIALECTS[vendor])


@cache
def _end_here(vendor: str, names: tuple[str, ...]) -> str:
    sets = ", ".join(f"{_column(Run, name).column} = %({name})s" for name in names)
    return _END.format(sets=sets, briefly=_DIALECTS[vendor]["briefly"])


@cache
def _both(names: tuple[str, ...]) -> str:
    return _END_AND_TAKE.format(end=_end_here("postgresql", names), take=_take_here("postgresql"))


@cache
def _column(model: type[Model], name: str) -> "Field[Any, Any]":
    found = model._meta.get_field(name)
    assert isinstance(found, Field), f"{name} is no column"
    return found


def instant_of(stored: datetime) -> datetime:
    """SQLite keeps it without a zone, in UTC."""
    return stored if stored.tzinfo else stored.replace(tzinfo=UTC)


def duration_of(stored: Any) -> timedelta:
    """SQLite keeps microseconds."""
    return timedelta(microseconds=stored) if isinstance(stored, int) else stored
