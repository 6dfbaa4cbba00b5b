"""Schedules and runs as callers of the API get them.

Reading is open to everybody, so neither hosts, nor parameters, nor more than the first line of an
error are among it; and of errors that are not ours, of notes and of names of people nothing, but for staff.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field
from typing_extensions import TypeAliasType

from scheduling.api.replies import Envelope
from scheduling.api.run_filters import State
from scheduling.ledger.attempts import attempts_text, failed_attempts, first_line
from scheduling.ledger.presentation import milliseconds, took_ms
from scheduling.ledger.public import public_reason
from scheduling.ledger.selectors import ScheduleRow
from scheduling.models import Run

# Named, so that generated clients name them so too; the words of `RunTrigger` and of `MODES`.
RunState = TypeAliasType(
    "RunState",
    Annotated[
        State,
        Field(
            description="pending: waits. queued: a worker was asked. running: a worker has it. The last "
            "three are ends; skipped: it was not to run"
        ),
    ],
)
Trigger = TypeAliasType(
    "Trigger",
    Annotated[
        Literal["schedule", "operator", "backfill", "chain", "alert"],
        Field(
            description="schedule: its cadence. operator: somebody. backfill: somebody, who wants an "
            "occurrence of the past made up for. chain: the success of another job. alert: a delivery of one"
        ),
    ],
)
Mode = TypeAliasType(
    "Mode", Annotated[Literal["test", "production"], Field(description="Which set of cadences")]
)


class FailedAttemptDocument(Schema):
    """One attempt of a run that came to nothing."""

    attempt: int = Field(description="Which one, from 1")
    ended_at: datetime | None = Field(description="UTC; null: not known")
    reason: str = Field(description="Why; of an error that is not ours only its kind, but for staff")


class RunDocument(Schema):
    """What became of one occurrence of a schedule."""

    id: int = Field(description="The key of the run")
    schedule: str = Field(description="The name of its schedule")
    occurrence: datetime = Field(description="The instant the schedule asked for, UTC")
    state: RunState = Field(description="Where it stands; the last three are ends")
    trigger: Trigger = Field(description="What asked for it")
    attempt: int = Field(description="How many attempts began")
    failed_attempts: list[FailedAttemptDocument] = Field(description="Each that failed, the oldest first")
    started_at: datetime | None = Field(description="When its last attempt began, UTC; null: none did")
    finished_at: datetime | None = Field(description="When it ended, UTC; null: it has not")
    lateness_ms: float | None = Field(description="First start minus occurrence, in milliseconds")
    duration_ms: float | None = Field(
        description="Of the last attempt, in milliseconds; null until the run has ended"
    )
    missed_before: int = Field(description="Missed occurrences that this run makes up for")
    reason: str | None = Field(
        description="Why it failed, was put back or was skipped; of an error that is not ours only its kind, "
        "but for staff and tokens with the scope read"
    )


class OverrideDocument(Schema):
    """A policy that somebody set, which set-up then leaves alone."""

    policy: str = Field(description="Which policy of the schedule")
    by: str = Field(description="Who set it")
    at: datetime = Field(description="When, UTC")


class ScheduleDocument(Schema):
    """A rule that says when a job runs."""

    name: str = Field(description="Unique; in addresses")
    description: str = Field(description="What the job does, for people")
    cadence: str = Field(description="When it runs, in words")
    attempts: str = Field(description="How often a run is tried at most, and in which time")
    mode: Mode = Field(description="Which set of cadences it was set up with")
    next_run_at: datetime | None = Field(description="UTC; null: paused, or nothing more is due")
    paused_at: datetime | None = Field(description="UTC; null: it is not paused")
    paused_until: datetime | None = Field(description="When it goes on by itself; null: when somebody says")
    pause_note: str | None = Field(description="For staff and tokens with the scope read; else null")
    overrides: list[OverrideDocument] | None = Field(
        description="What somebody set otherwise than declared; for staff and tokens that read; else null"
    )
    edition: int = Field(description="Of its newest edit; another one means that somebody edited it")
    last_run: RunDocument | None = Field(description="Its newest run; null: there is none")


class NameList(Envelope):
    """Whom it befell."""

    names: list[str] = Field(description="Of the schedules that it changed")


class ScheduleReply(Envelope):
    """One schedule."""

    schedule: ScheduleDocument = Field(description="As it stands")


class ScheduleList(Envelope):
    """Every schedule."""

    items: list[ScheduleDocument] = Field(description="All of them, by name")
    next_cursor: str | None = Field(description="Always null: there is no second page")


class RunReply(Envelope):
    """One run."""

    run: RunDocument = Field(description="As it stands")


class RunList(Envelope):
    """A page of runs."""

    items: list[RunDocument] = Field(description="The newest occurrence first")
    next_cursor: str | None = Field(description="Give it back as `cursor` for the next page; null at the end")


def run_document(run: Run, *, to_staff: bool = False) -> dict[str, Any]:
    """`to_staff`: for who may read what strangers may not."""
    return {
        "id": run.pk,
        "schedule": run.job.name,
        "occurrence": run.occurrence,
        "state": run.state,
        "trigger": run.trigger,
        "attempt": run.attempt,
        "failed_attempts": [
            {
                "attempt": failed.attempt,
                "ended_at": failed.ended_at or None,
                "reason": _reason(failed.error, to_staff),
            }
            for failed in failed_attempts(run)
        ],
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "lateness_ms": milliseconds(run.lateness),
        "duration_ms": took_ms(run.state, run.duration),
        "missed_before": run.missed_before,
        "reason": _reason(run.error, to_staff) or None,
    }


def _reason(error: str, to_staff: bool) -> str:
    return first_line(error) if to_staff else public_reason(error)


def schedule_document(row: ScheduleRow, *, to_staff: bool = False) -> dict[str, Any]:
    job, run = row.job, row.last_run
    if run is not None:
        run.job = job  # spares a query for each
    return {
        "name": job.name,
        "description": job.description,
        "cadence": row.cadence,
        "attempts": attempts_text(job),
        "mode": job.mode,
        "next_run_at": row.next_run_at,
        "paused_at": job.paused_at,
        "paused_until": job.paused_until,
        "edition": row.edition,
        "pause_note": (job.pause_note or None) if to_staff else None,
        "overrides": [{"policy": key, **who} for key, who in job.overrides.items()] if to_staff else None,
        "last_run": run_document(run, to_staff=to_staff) if run is not None else None,
    }
