"""A log of every change of a run's row, kept by the database itself in the transaction that changes it.

Of nobody but the storms' installations: triggers, which are a few lines in either database.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scheduling.ledger.lawful import NONE, Look

COLUMNS = ("state", "attempt", "owner", "heartbeat", "failures", "worker")
READ = """SELECT t.run_id, j.name, t.occurrence, t.at, t.before, t.after FROM faults_transition t
    JOIN scheduling_job j ON j.id = t.job_id WHERE j.task LIKE 'tests.faults.%' ORDER BY t.id"""

_TABLE = """CREATE TABLE faults_transition (
    id {key}, run_id bigint, job_id bigint, occurrence {instant}, at {instant}, before {json}, after {json}
)"""
_ROW = "json_build_array({0}.state, {0}.attempt, {0}.owner, {0}.heartbeat, {failures}, {0}.worker)"
_SQLITE_ROW = _ROW.replace("json_build_array", "json_array").replace(
    "{failures}", "json_array_length({0}.failed_attempts)"
)
_SQLITE_INSERT = """INSERT INTO faults_transition (run_id, job_id, occurrence, at, before, after)
    VALUES ({0}.id, {0}.job_id, {0}.occurrence, strftime('%Y-%m-%d %H:%M:%f', 'now'), {1}, {2})"""
_POSTGRESQL_ROW = _ROW.replace("{failures}", "json_array_length({0}.failed_attempts::json)")
_POSTGRESQL = """CREATE FUNCTION faults_log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO faults_transition (run_id, job_id, occurrence, at, before, after) VALUES (
        coalesce(NEW.id, OLD.id), coalesce(NEW.job_id, OLD.job_id), coalesce(NEW.occurrence, OLD.occurrence),
        clock_timestamp(), CASE WHEN TG_OP = 'INSERT' THEN NULL ELSE {old} END,
        CASE WHEN TG_OP = 'DELETE' THEN NULL ELSE {new} END);
    RETURN NULL;
END $$"""


def ddl(vendor: str) -> list[str]:
    """The statements that have a database keep the log."""
    if vendor == "postgresql":
        row = _POSTGRESQL_ROW.format
        return [
            _TABLE.format(key="bigserial PRIMARY KEY", instant="timestamptz", json="json"),
            _POSTGRESQL.format(old=row("OLD"), new=row("NEW")),
            "CREATE TRIGGER faults_log AFTER INSERT OR UPDATE OR DELETE ON scheduling_run "
            "FOR EACH ROW EXECUTE FUNCTION faults_log()",
        ]
    rows = {"OLD": _SQLITE_ROW.format("OLD"), "NEW": _SQLITE_ROW.format("NEW"), "": "NULL"}
    of_each = {"INSERT": ("NEW", "", "NEW"), "UPDATE": ("NEW", "OLD", "NEW"), "DELETE": ("OLD", "OLD", "")}
    return [
        _TABLE.format(key="integer PRIMARY KEY AUTOINCREMENT", instant="text", json="text"),
        *(
            f"CREATE TRIGGER faults_log_{act} AFTER {act} ON scheduling_run BEGIN "
            f"{_SQLITE_INSERT.format(whose, rows[old], rows[new])}; END"
            for act, (whose, old, new) in of_each.items()
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Of one row. `process` is who had claimed it then, as host/pid."""

    run: int
    job: str
    occurrence: datetime
    at: datetime
    before: Look
    after: Look
    process: str = ""


def change_of(row: tuple[Any, ...], *, instant: Any, loaded: Any) -> Change:
    """A row of `READ`; `instant` and `loaded` read what the database keeps as text."""
    run, job, occurrence, at, before, after = row
    worker = (loaded(after) or loaded(before))[-1]
    return Change(
        run=run,
        job=job,
        occurrence=instant(occurrence),
        at=instant(at).astimezone(UTC),
        before=_look(loaded(before)),
        after=_look(loaded(after)),
        process="/".join(worker.split("/")[:2]),
    )


def _look(kept: list[Any] | None) -> Look:
    return Look(state=NONE) if kept is None else Look(**dict(zip(COLUMNS[:-1], kept[:-1], strict=True)))
