"""Wrong settings and a database that lost a promise, found before they hurt."""

import re
from collections.abc import Iterable, Iterator, Sequence
from email.utils import parseaddr
from itertools import islice
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections
from django.db.models import Model
from django.utils.module_loading import import_string
from django_q.models import Schedule

from scheduling.defaults import CLUSTER
from scheduling.exceptions import CadenceError, UnknownNameError
from scheduling.ledger.stored_tasks import tasks_that_are_gone
from scheduling.models import Job, Run
from scheduling.models.paths import task_at
from scheduling.modes import MODES, JobDeclaration, declared_jobs, first_starts
from scheduling.outgoing import is_private_enough
from scheduling.telling import INSTALL, is_installed, not_understood, schema_of
from scheduling.timing.zones import require_canonical

# The tag of what an operator can have set wrongly; what only a change of the code breaks has Django's.
INSTALLATION = "installation"
# And of what settings name by dotted paths. To import all of it is a third of a short command, so that only
# `check`, and what sets up or runs the jobs, asks for it.
DECLARED = "declared"
# Of files that everything goes on without: `check` names them, and keeps nothing from starting.
FILES = "files"
# What is wrong with more than these has one reason for most of them.
MOST_NAMED = 10
UNIQUE_NAME_INDEX = "scheduling_unique_schedule_name"
UNIQUE_RUN = "scheduling_run_once_per_occurrence"
# Of Q_CLUSTER, what no project may have otherwise.
MUST = ("broker_class", "scheduler", "max_attempts")


def bounded(messages: Iterable[CheckMessage]) -> list[CheckMessage]:
    """The first of one kind, and how many more there are: `migrate` prints these as well."""
    coming = iter(messages)
    named = list(islice(coming, MOST_NAMED))
    more = sum(1 for _ in coming)
    if more:
        told = f"The same is wrong with {more:,} more."
        named.append(CheckMessage(named[-1].level, told, hint="Mend these, then ask again.", id=named[-1].id))
    return named


@register(DECLARED)
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
    return problems or _problems_of_needs(declared)


@register(DECLARED)
def named_functions_exist(**kwargs: Any) -> list[CheckMessage]:
    """Every function that a setting names by its path can be imported."""
    named = [
        *(
            (f"SCHEDULING_CONDITIONS[{name!r}]", path)
            for name, path in settings.SCHEDULING_CONDITIONS.items()
        ),
        *((f"READINESS_CHECKS[{name!r}]", path) for name, path in settings.READINESS_CHECKS.items()),
        *((f"ALERT_RULES[{name!r}]", path) for name, path in settings.ALERT_RULES.items()),
        *((f"COURIER_LANES[{name!r}]", path) for name, path in settings.COURIER_LANES.items()),
        *(("RETENTION_TASKS", path) for path in settings.RETENTION_TASKS),
        *(("METRICS", path) for path in settings.METRICS),
    ]
    problems: list[CheckMessage] = []
    for setting, path in named:
        try:
            import_string(path)
        except ImportError as exc:
            problems.append(Error(f"{setting}: {exc}", hint="Mend the path.", id="scheduling.E006"))
    return problems


@register(INSTALLATION)
def the_cluster_is_ours(**kwargs: Any) -> list[CheckMessage]:
    """What this app rests on in django-q2's settings is as it has to be, also where it is used alone."""
    differing = [name for name in MUST if settings.Q_CLUSTER.get(name) != CLUSTER[name]]
    if not differing:
        return []
    return [
        Error(
            f"Q_CLUSTER has {' and '.join(differing)} of its own; schedules would run twice, or not at all.",
            hint="Write it as {**scheduling.defaults.CLUSTER, 'name': …, 'redis': …}.",
            id="scheduling.E020",
        )
    ]


@register(INSTALLATION)
def alerts_can_be_told(**kwargs: Any) -> list[CheckMessage]:
    """A webhook has an address that can be asked and a secret to sign with."""
    problems: list[CheckMessage] = []
    url = settings.ALERT_WEBHOOK_URL
    if url and (re.search(r"\s", url) or not is_private_enough(url)):
        problems.append(
            Error(
                "ALERT_WEBHOOK_URL is no https address, and none of this machine.",
                hint="Write it as https://…; over http others read the alerts.",
                id="scheduling.E007",
            )
        )
    if url and not settings.ALERT_WEBHOOK_SECRET:
        problems.append(
            Error(
                "ALERT_WEBHOOK_URL is set without ALERT_WEBHOOK_SECRET: anybody could forge our alerts.",
                hint="Set a long random secret, and give it to the receiver.",
                id="scheduling.E008",
            )
        )
    problems += [*_problems_of_mail(), *_problems_of_chats()]
    if settings.HEARTBEAT_URL and not re.fullmatch(r"https?://[^\s/]\S*", settings.HEARTBEAT_URL):
        problems.append(
            Error("HEARTBEAT_URL is no http or https address.", hint="Mend it.", id="scheduling.E011")
        )
    return problems


@register(Tags.database)
def what_is_to_be_there_once_is(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """The unique index that our migration put on django-q2's table is still there, and the one on runs.

    A migration of django-q2 that rebuilds its table on SQLite would drop the first without a word, and a copy
    of the rows alone has neither.
    """
    gone: list[CheckMessage] = []
    if not _has_unique(Schedule, UNIQUE_NAME_INDEX, databases=databases or ()):
        gone.append(
            Error(
                "The unique index on the names of schedules is gone, so duplicates are possible.",
                hint="manage.py migrate scheduling 0001 && manage.py migrate scheduling",
                id="scheduling.E004",
            )
        )
    if not _has_unique(Run, UNIQUE_RUN, databases=databases or ()):
        gone.append(
            Error(
                "The unique constraint on runs is gone, so one occurrence may run twice.",
                hint=f"CREATE UNIQUE INDEX {UNIQUE_RUN} ON {Run._meta.db_table} (job_id, occurrence)",
                id="scheduling.E015",
            )
        )
    return gone


def _has_unique(model: type[Model], name: str, *, databases: Sequence[str]) -> bool:
    """Whether the model's table has that one in each database that is migrated."""
    for alias in databases:
        connection = connections[alias]
        with connection.cursor() as cursor:
            tables = connection.introspection.table_names(cursor)
            if Schedule._meta.db_table not in tables or Run._meta.db_table not in tables:
                continue  # not migrated yet
            found = connection.introspection.get_constraints(cursor, model._meta.db_table).get(name)
        if found is None or not found["unique"]:
            return False
    return True


@register(Tags.database)
def stored_schedules_can_run(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """What stands in the tables does what whoever put it there expects.

    Warnings, since `migrate` asks this as well, and a table may have to be mended by it.
    """
    if "default" not in (databases or ()) or not _is_migrated():
        return []
    return [*bounded(_nobodys_schedules()), *bounded(_tasks_that_are_gone()), *bounded(_former_zones())]


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


def _is_migrated() -> bool:
    tables = set(connections["default"].introspection.table_names())
    return {Schedule._meta.db_table, Job._meta.db_table, Run._meta.db_table} <= tables


def _nobodys_schedules() -> Iterator[CheckMessage]:
    """Of those that django-q2's own `schedule()` makes: its scheduler is switched off here."""
    for row in Schedule.objects.filter(job=None).order_by("pk").iterator():
        yield Warning(
            f"The schedule {row.name or row.pk!r} of django-q2 ({row.func}) never runs: it is not ours.",
            hint="Declare it as a JobDeclaration that SCHEDULED_JOBS names, and delete the row.",
            id="scheduling.W002",
        )


def _tasks_that_are_gone() -> Iterator[CheckMessage]:
    for name, reason in tasks_that_are_gone():
        yield Warning(
            f"{name} cannot run: {reason}",
            hint=f"Bring back what is gone, or: manage.py scheduler remove {name}",
            id="scheduling.W003",
        )


def _former_zones() -> Iterator[CheckMessage]:
    crons = Job.objects.filter(schedule__schedule_type=Schedule.CRON).exclude(time_zone="UTC")
    for name, zone in crons.order_by("name").values_list("name", "time_zone").iterator():
        try:
            require_canonical(zone)
        except CadenceError as exc:
            yield Warning(
                f"{name} runs by a name that is none of a time zone any more: {exc}",
                hint=f"manage.py scheduler set {name} --cron … --tz …",
                id="scheduling.W004",
            )


def _problems_of_mail() -> Iterator[CheckMessage]:
    asked = {"ALERT_EMAILS": settings.ALERT_EMAILS, "DEFAULT_FROM_EMAIL": [settings.DEFAULT_FROM_EMAIL]}
    for setting, written in asked.items():
        if wrong := [one for one in written if not re.fullmatch(r"[^@\s]+@[^@\s]+", parseaddr(one)[1])]:
            yield Error(
                f"{setting}: {wrong[0]!r} is no address of e-mail.",
                hint="Write it as ops@example.org; several with commas between.",
                id="scheduling.E014",
            )


def _problems_of_chats() -> Iterator[CheckMessage]:
    """Their addresses hold keys, so none is repeated."""
    addresses: Sequence[str] = settings.ALERT_URLS
    unknown = {place for place, address in enumerate(addresses) if not schema_of(address)}
    if is_installed():
        unknown.update(not_understood(addresses))
    for place in sorted(unknown):
        yield Error(
            f"ALERT_URLS: address {place + 1} is none that apprise knows.",
            hint="Write it like slack://…, see https://appriseit.com/services/; `alert test` tries it.",
            id="scheduling.E012",
        )
    if settings.ALERT_URLS and not is_installed():
        yield Error("ALERT_URLS is set and apprise is not installed.", hint=INSTALL, id="scheduling.E013")


def _problems_of_needs(declared: Sequence[JobDeclaration]) -> list[CheckMessage]:
    try:
        for mode in MODES:
            first_starts(declared, mode=mode)
    except UnknownNameError as exc:
        return [Error(str(exc), hint="Mend `needs` of the jobs.", id="scheduling.E010")]
    return []


def _problems_of(job: JobDeclaration) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    try:
        task_at(job.task)
    except (ImportError, UnknownNameError) as exc:
        hint = "Mend the path, or name its module in TASK_MODULES."
        told = f"{job.name}: its task cannot be found: {exc}"
        problems.append(Error(told, hint=hint, id="scheduling.E002"))
    for mode in MODES:
        if job.every_seconds.get(mode, 0) < 1 or mode not in job.start_after_seconds:
            problems.append(
                Error(f"{job.name} has no cadence for mode {mode!r}.", hint="Add it.", id="scheduling.E005")
            )
    return problems
