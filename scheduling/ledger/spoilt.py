"""Values that somebody wrote by SQL, past all that checks them, and that make a job's rows unreadable.

SQLite takes any text into a column of numbers or times; PostgreSQL takes times and spans that Python does not
have. Who reads such a row with others reads none of them.
"""

from dataclasses import dataclass

from django.db import connection, models
from django_q.models import Schedule

from scheduling.models import OPEN_STATES, Job, Run

# Where the rows of a job are, and how they hang on it.
_ROWS: tuple[tuple[type[models.Model], str], ...] = (
    (Job, "JOIN scheduling_job job ON job.id = held.id"),
    (Schedule, "JOIN scheduling_job job ON job.schedule_id = held.id"),
    (
        Run,
        "JOIN scheduling_job job ON job.id = held.job_id WHERE held.state IN ({})".format(
            ", ".join(f"'{state}'" for state in OPEN_STATES)
        ),
    ),
)
# SQLite compares times as texts, so one that is written otherwise than Django writes it is not the same.
_NO_TIME_IN_SQLITE = (
    "NOT coalesce(datetime(substr({0}, 1, 19), '+0 days') = substr({0}, 1, 19) "
    "AND (length({0}) = 19 OR substr({0}, 20) GLOB '." + "[0-9]" * 6 + "'), FALSE)"
)
_SPOILT = {
    "sqlite": {
        models.DateTimeField: _NO_TIME_IN_SQLITE,
        models.DurationField: "typeof({0}) <> 'integer'",
        models.IntegerField: "typeof({0}) <> 'integer'",
        models.CharField: "typeof({0}) <> 'text'",
        models.TextField: "typeof({0}) <> 'text'",
    },
    # As far as Python's calendar goes, and its spans of a thousand million days.
    "postgresql": {
        models.DateTimeField: "NOT ({0} >= '0001-01-01 00:00+00' AND {0} < '10000-01-01 00:00+00')",
        models.DurationField: "abs(extract(epoch FROM {0})) > 86399999900000",
    },
}
_OTHER_JSON = {
    "sqlite": "CASE WHEN json_valid({0}) THEN json_type({0}) <> '%s' ELSE TRUE END",
    "postgresql": "jsonb_typeof({0}) <> '%s'",
}
_JSON_OF = {dict: "object", list: "array"}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableJob:
    """A job of which a row cannot be read, or that runs after one, and why; the value itself is not told."""

    id: int
    name: str
    problem: str


def unreadable_jobs() -> list[UnreadableJob]:
    """Those of which something stored is of no kind that its column is for, each once, by name."""
    questions = (_question(model, joined) for model, joined in _ROWS)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(questions))
        found = {job: UnreadableJob(id=job, name=name, problem=_told(name, *at)) for job, name, *at in cursor}
    return sorted(found.values(), key=lambda one: str(one.name))


def _question(model: type[models.Model], joined: str) -> str:
    spoilt = {field.column: test for field in model._meta.concrete_fields if (test := _test_of(field))}
    whens = " ".join(f"WHEN {test} THEN '{column}'" for column, test in spoilt.items())
    table = model._meta.db_table
    return (
        f"SELECT * FROM (SELECT job.id, job.name, '{table}' AS place, held.id AS row_id, "  # noqa: S608
        f'CASE {whens} END AS wrong FROM "{table}" held {joined}) looked WHERE wrong IS NOT NULL'
    )


def _test_of(field: "models.Field[object, object]") -> str:
    """What is true of a value that cannot be; empty when there is no such value."""
    column = f'held."{field.column}"'
    if isinstance(field, models.JSONField):
        kind = _JSON_OF.get(field.default)
        test = _OTHER_JSON[connection.vendor] % kind if kind else ""
    else:
        tests = _SPOILT[connection.vendor]
        test = next((test for kind, test in tests.items() if isinstance(field, kind)), "")
    return f"({column} IS NOT NULL AND {test.format(column)})" if test else ""


def _told(name: str, table: str, row: int, column: str) -> str:
    return (
        f"{name} is passed over: {column} in row {row} of {table} holds what this program never writes "
        "there; it is to be mended by SQL, as it was written."
    )
