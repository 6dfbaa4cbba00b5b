"""Whether there is anything to do now, and when there will be: the one question of an idle tick."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from scheduling.engine.recovery import SILENCE
from scheduling.engine.statements import answer_of

# The next tick comes sooner than this, so what lies behind it is of no matter now. Times may that Python
# cannot read, as somebody wrote them by SQL.
HORIZON = timedelta(minutes=1)
# What is queued and was asked for a moment ago is on its way to a worker. Each part takes its first row from
# an index, so a hundred thousand schedules cost what ten do; it is by the order that a database sees that.
_LOOK = """
WITH clock AS {materialized} (SELECT {at} AS now, {silent} AS silent, {horizon} AS horizon)
SELECT (SELECT now FROM clock),
    (SELECT schedule.next_run FROM django_q_schedule schedule
     JOIN scheduling_job job ON job.schedule_id = schedule.id
     WHERE schedule.next_run <= (SELECT now FROM clock) AND job.paused_at IS NULL
     ORDER BY schedule.next_run LIMIT 1) IS NOT NULL,
    (SELECT paused_until FROM scheduling_job
     WHERE paused_until <= (SELECT now FROM clock) AND paused_at IS NOT NULL AND schedule_id IS NOT NULL
     ORDER BY paused_until LIMIT 1) IS NOT NULL,
    (SELECT schedule.next_run FROM django_q_schedule schedule
     WHERE schedule.next_run > (SELECT now FROM clock) AND schedule.next_run < (SELECT horizon FROM clock)
     AND EXISTS (SELECT 1 FROM scheduling_job job WHERE job.schedule_id = schedule.id)
     ORDER BY schedule.next_run LIMIT 1),
    (SELECT min(not_before) FROM scheduling_run
     WHERE state = 'pending' AND not_before > (SELECT now FROM clock)
     AND not_before < (SELECT horizon FROM clock)),
    EXISTS (SELECT 1 FROM scheduling_run WHERE state = 'running')
    OR EXISTS (SELECT 1 FROM scheduling_run
               WHERE state = 'pending' AND not_before <= (SELECT now FROM clock))
    OR EXISTS (SELECT 1 FROM scheduling_run
               WHERE state = 'queued' AND not_before < (SELECT silent FROM clock))
"""
_DIALECTS = {
    "postgresql": {
        "materialized": "MATERIALIZED",
        "at": "coalesce(CAST(%(at)s AS timestamp with time zone), clock_timestamp())",
        "silent": "coalesce(CAST(%(at)s AS timestamp with time zone), clock_timestamp())"
        " - CAST(%(silence)s AS interval)",
        "horizon": "coalesce(CAST(%(at)s AS timestamp with time zone), clock_timestamp())"
        " + CAST(%(horizon)s AS interval)",
    },
    "sqlite": {"materialized": "", "at": "%(at)s", "silent": "%(silent)s", "horizon": "%(horizon)s"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How things stood at an instant of the database's clock."""

    now: datetime
    is_due: bool
    is_pause_over: bool
    # Whether a run is under way, may start or was taken by nobody.
    is_unsettled: bool
    # When the next schedule is due or the next attempt may start, whichever is sooner. What lay before
    # has been seen to, or waits for something else than a time.
    next_instant: datetime | None


def look_ahead(*, at: datetime | None = None) -> Outlook:
    """What there is to do now, by the database's clock, or `at` an instant as the rows stand now."""
    sql = _LOOK.format_map(_DIALECTS[connection.vendor])
    values: dict[str, Any] = {"at": at, "silence": SILENCE, "horizon": HORIZON}
    if connection.vendor == "sqlite":
        # It lives on one host, whose clock it would ask anyway.
        here = at or timezone.now()
        stored = connection.ops.adapt_datetimefield_value
        instants = {"at": here, "silent": here - SILENCE, "horizon": here + HORIZON}
        values = {name: str(stored(instant)) for name, instant in instants.items()}
    now, due, over, next_run, not_before, is_unsettled = answer_of(sql, values)[0]
    return Outlook(
        now=_instant_of(now),
        is_due=bool(due),
        is_pause_over=bool(over),
        is_unsettled=bool(is_unsettled),
        next_instant=min(_readable(next_run, not_before), default=None),
    )


def _readable(*stored: datetime | str | None) -> Iterator[datetime]:
    """Those that there are. What is no time is nothing to wait for."""
    for one in stored:
        with suppress(ValueError):
            if one is not None:
                yield _instant_of(one)


def _instant_of(stored: datetime | str) -> datetime:
    """SQLite tells what it computed as it keeps it, in words, and a column without its zone; both are UTC."""
    found = stored if isinstance(stored, datetime) else datetime.fromisoformat(stored)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
