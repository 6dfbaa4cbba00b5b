"""Who holds a row of ours locked (PostgreSQL): a session that began something and forgot to end it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Model
from django_q.models import Schedule

from scheduling.models import Job
from scheduling.timing.durations import show_roughly

# A transaction of ours is over within this; what lasts longer was forgotten.
FORGOTTEN = timedelta(seconds=2)
# Whose rows are tried together: for that long no dispatcher claims them.
TRIED_AT_ONCE = 100
# In a copy of a database tables have the same numbers, and `pg_locks` tells of all databases.
_HOLDERS = """
SELECT DISTINCT session.pid, coalesce(nullif(session.application_name, ''), 'a session without a name'),
       coalesce(session.usename, ''), extract(epoch FROM statement_timestamp() - session.xact_start)
FROM pg_locks held JOIN pg_stat_activity session ON session.pid = held.pid
WHERE held.relation = ANY(ARRAY[to_regclass(%s), to_regclass(%s)]) AND held.granted
      AND session.datname = current_database()
      AND session.pid <> pg_backend_pid() AND held.mode NOT IN ('AccessShareLock')
      AND session.xact_start < statement_timestamp() - make_interval(secs => %s)
ORDER BY 4 DESC
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockHolder:
    """A session with an old transaction that holds locks on our tables."""

    pid: int
    application: str
    user: str
    age: timedelta

    def __str__(self) -> str:
        user = f" of {self.user}" if self.user else ""
        return f"{self.application}{user}, pid {self.pid}, for {show_roughly(self.age)}"


def lock_holders(*models: type[Model]) -> list[LockHolder]:
    """Of rows of two models, schedules and jobs if not said; the oldest first. SQLite has none."""
    if connection.vendor != "postgresql":
        return []
    tables = [model._meta.db_table for model in models or (Schedule, Job)]
    with connection.cursor() as cursor:
        cursor.execute(_HOLDERS, [*tables, FORGOTTEN.total_seconds()])
        return [
            LockHolder(pid=pid, application=application, user=user, age=timedelta(seconds=float(age)))
            for pid, application, user, age in cursor.fetchall()
        ]


def free_jobs(keys: Iterable[int]) -> set[int]:
    """Those of the jobs whose row and whose schedule's row nobody holds; held by us until we commit."""
    rows = Job.objects.filter(pk__in=list(keys), schedule__next_run__isnull=False)
    locked = rows.select_related("schedule").select_for_update(
        of=("self", "schedule"), no_key=True, skip_locked=True
    )
    return {job.pk for job in locked.only("pk", "schedule__id")}


def held_jobs(keys: Sequence[int]) -> set[int]:
    """Those of the jobs whose rows somebody holds. SQLite has none."""
    if connection.vendor != "postgresql":
        return set()
    held: set[int] = set()
    for start in range(0, len(keys), TRIED_AT_ONCE):
        some = keys[start : start + TRIED_AT_ONCE]
        with transaction.atomic():
            held |= set(some) - free_jobs(some)
    return held


def holders_in_words() -> str:
    """Who holds what is held."""
    return "; ".join(map(str, lock_holders())) or "somebody who is not to be seen"
