"""The two statements of every run, written down: to have the ORM make them was most of a worker's time.

A claim is one question and one answer, its end is another. Values go in as the model's own fields store them.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Field
from django.utils import timezone

from scheduling.ledger.patience import BRIEFLY
from scheduling.models import Run

# Whether another job follows is part of it, so one that is told to follow does from the next run on.
_TAKE = """
UPDATE scheduling_run SET state = 'running', attempt = attempt + 1, owner = %(owner)s, worker = %(worker)s,
    heartbeat = 0, started_at = {now}, finished_at = NULL,
    lateness = CASE WHEN "trigger" = 'schedule' THEN coalesce(lateness, {since_occurrence}) ELSE lateness END
WHERE id = %(run)s AND state = 'queued' AND {briefly}
RETURNING job_id, occurrence, attempt, started_at, parameters,
    (SELECT name FROM scheduling_job job WHERE job.id = job_id),
    (SELECT task FROM scheduling_job job WHERE job.id = job_id),
    (SELECT condition FROM scheduling_job job WHERE job.id = job_id),
    (SELECT time_limit FROM scheduling_job job WHERE job.id = job_id),
    EXISTS (SELECT 1 FROM scheduling_job follower WHERE follower.after_id = job_id)
"""
# What somebody asked for, or what follows something, has no time of its own to be late for.
_DIALECTS = {
    "postgresql": {
        "now": "clock_timestamp()",
        "since_occurrence": "clock_timestamp() - occurrence",
        "briefly": BRIEFLY,
    },
    # Django's own functions, which every connection of it has.
    "sqlite": {
        "now": "%(now)s",
        "since_occurrence": "django_timestamp_diff(%(now)s, occurrence)",
        "briefly": "TRUE",
    },
}
_END = "UPDATE scheduling_run SET {sets} WHERE id = %s AND owner = %s AND state = 'running' AND {briefly}"


def take(run_id: int, *, owner: str, worker: str) -> tuple[Any, ...] | None:
    """Make a queued run the owner's and tell of it in the order above; None when there is none to be had.

    Raises `OperationalError` where somebody else holds its row.
    """
    values: dict[str, int | str] = {"run": run_id, "owner": owner, "worker": worker}
    if connection.vendor == "sqlite":
        values["now"] = str(connection.ops.adapt_datetimefield_value(timezone.now()))
    with connection.cursor() as cursor:
        cursor.execute(_take_here(connection.vendor), values)
        rows = cursor.fetchall()
    return rows[0] if rows else None


def end(run_id: int, *, owner: str, **fields: Any) -> bool:
    """Store these fields of a run that is running, if it is the owner's; say whether it was."""
    stored = [_column(name).get_db_prep_save(value, connection) for name, value in fields.items()]
    with connection.cursor() as cursor:
        cursor.execute(_end_here(connection.vendor, tuple(fields)), [*stored, run_id, owner])
        return bool(cursor.rowcount)


@cache
def _take_here(vendor: str) -> str:
    return _TAKE.format_map(_DIALECTS[vendor])


@cache
def _end_here(vendor: str, names: tuple[str, ...]) -> str:
    sets = ", ".join(f"{_column(name).column} = %s" for name in names)
    return _END.format(sets=sets, briefly=_DIALECTS[vendor]["briefly"])


@cache
def _column(name: str) -> "Field[Any, Any]":
    found = Run._meta.get_field(name)
    assert isinstance(found, Field), f"{name} is no column of a run"
    return found


def instant_of(stored: datetime) -> datetime:
    """SQLite keeps it without a zone, in UTC."""
    return stored if stored.tzinfo else stored.replace(tzinfo=UTC)


def duration_of(stored: Any) -> timedelta:
    """SQLite keeps microseconds."""
    return timedelta(microseconds=stored) if isinstance(stored, int) else stored
