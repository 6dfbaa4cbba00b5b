"""Wrong settings and a database that lost a promise, found before they hurt."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections
from django.utils.module_loading import import_string
from django_q.models import Schedule

from scheduling.modes import MODES, JobDeclaration, declared_jobs

UNIQUE_NAME_INDEX = "scheduling_unique_schedule_name"


@register()
def declared_jobs_can_run(**kwargs: Any) -> list[CheckMessage]:
    """Every declared job has a name of its own, a task that exists and a cadence for every mode."""
    try:
        declared = declared_jobs()
    except ImportError as exc:
        return [Error(f"SCHEDULED_JOBS: {exc}", hint="Name tuples of JobDeclaration.", id="scheduling.E001")]
    names = [job.name for job in declared]
    problems: list[CheckMessage] = [
        Error(f"Two declared jobs have the name {name!r}.", hint="Rename one of them.", id="scheduling.E003")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    for job in declared:
        problems += _problems_of(job)
    return problems


@register(Tags.database)
def schedule_names_are_unique(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """The unique index that our migration put on django-q2's table is still there.

    A migration of django-q2 that rebuilds its table on SQLite would drop it without a word.
    """
    for alias in databases or ():
        connection = connections[alias]
        with connection.cursor() as cursor:
            tables = connection.introspection.table_names(cursor)
            if Schedule._meta.db_table not in tables or "scheduling_run" not in tables:
                continue  # not migrated yet
            constraints = connection.introspection.get_constraints(cursor, Schedule._meta.db_table)
        index = constraints.get(UNIQUE_NAME_INDEX)
        if index is None or not index["unique"]:
            return [
                Error(
                    "The unique index on the names of schedules is gone, so duplicates are possible.",
                    hint="manage.py migrate scheduling 0001 && manage.py migrate scheduling",
                    id="scheduling.E004",
                )
            ]
    return []


@register(Tags.security, deploy=True)
def the_secret_key_is_given(**kwargs: Any) -> list[CheckMessage]:
    """Hosts that share a Redis need one key: a message signed with another is thrown away."""
    if not settings.SECRET_KEY_IS_GENERATED:
        return []
    return [
        Warning(
            "SECRET_KEY is the one generated for this installation.",
            hint="Set SECRET_KEY in the environment, the same on every host.",
            id="scheduling.W001",
        )
    ]


def _problems_of(job: JobDeclaration) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    try:
        import_string(job.task)
    except ImportError as exc:
        problems.append(
            Error(f"{job.name}: its task cannot be found: {exc}", hint="Mend the path.", id="scheduling.E002")
        )
    for mode in MODES:
        if job.every_seconds.get(mode, 0) < 1 or mode not in job.start_after_seconds:
            problems.append(
                Error(f"{job.name} has no cadence for mode {mode!r}.", hint="Add it.", id="scheduling.E005")
            )
    return problems
