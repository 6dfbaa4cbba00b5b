"""The attempts of a run: how many there are and when, and what those that failed have left behind."""

import re
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Final

from django.db.models import QuerySet

from scheduling.exceptions import CadenceError
from scheduling.models import Action, Job, JobChange, Run, RunState
from scheduling.timing.attempts import MOST_KEPT, waits_between_attempts
from scheduling.timing.cadence import EPOCH
from scheduling.timing.durations import show_wait

# Of each error its beginning is kept; the whole of the last one stands in `Run.error`.
LONGEST_KEPT = 500
# How a run ends that a newer one took over from; the rest is the error of its last attempt.
TAKEN_OVER: Final = re.compile(r"(?P<ours>the run of [^a-z]*Z took over after attempt \d+: )(?P<rest>.*)")
# What to load of a run, so that its attempts can be told without another question.
WITH_CADENCE = ("job__schedule", "job__after__schedule")
# A chain of jobs that follow each other is no longer than this.
LONGEST_CHAIN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedAttempt:
    """An attempt that came to nothing, as `Run.failed_attempts` keeps it; times are ISO 8601 in UTC."""

    attempt: int
    ended_at: str
    worker: str
    error: str

    @classmethod
    def read(cls, stored: Any) -> "FailedAttempt":
        """What this or another version wrote; what it did not know is empty."""
        return cls(
            attempt=stored.get("attempt", 0),
            ended_at=stored.get("ended_at", ""),
            worker=stored.get("worker", ""),
            error=stored.get("error", ""),
        )


def first_line(error: str) -> str:
    """Of an error as a run keeps it what went wrong, without where."""
    return error.partition("\n")[0]


def within_a_sentence(error: str) -> str:
    """The same without its full stop, which sentences of ours end in, and errors of others seldom."""
    return first_line(error).removesuffix(".")


def failed_attempts(run: Run) -> list[FailedAttempt]:
    """The oldest first."""
    return [FailedAttempt.read(stored) for stored in run.failed_attempts]


def cause_of(run: Run) -> str:
    """Why a failed run came to nothing, in a line: what its last attempt met, not who took over then."""
    line = first_line(run.error)
    if not (taken_over := TAKEN_OVER.fullmatch(line)):
        return line
    failed = failed_attempts(run)
    return failed[-1].error if failed else taken_over["rest"]


def attempt_sentences(run: Run) -> list[str]:
    """What became of each attempt that failed, and who retried the run between them, the oldest first."""
    told = [
        (
            failed.ended_at,
            f"Attempt {failed.attempt} failed{_at(failed.ended_at)}: {within_a_sentence(failed.error)}.",
        )
        for failed in failed_attempts(run)
    ]
    for retry in retries_of(run).order_by("pk"):
        at = f"{retry.at:%Y-%m-%dT%H:%M:%SZ}"
        told.append((at, f"{retry.by} retried it{_at(at)}; its attempts count from 1 again."))
    # Those of one second stay in this order: nobody retries what has not failed.
    return [sentence for _, sentence in sorted(told, key=itemgetter(0))]


def retries_of(run: Run) -> "QuerySet[JobChange]":
    """The journal's lines of a run that was retried: each begins with its occurrence, in full."""
    detail = f"{run.occurrence}: "
    return JobChange.objects.filter(job=run.job_id, action=Action.RETRY, detail__startswith=detail)


def _at(instant: str) -> str:
    return f" at {instant.replace('T', ' ')}" if instant else ""


def with_failed_attempt(run: Run, *, error: str, now: datetime) -> list[Any]:
    """What `Run.failed_attempts` holds when the attempt that the run is in has failed as well."""
    failed = FailedAttempt(
        attempt=run.attempt,
        ended_at=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        worker=run.worker,
        error=first_line(error)[:LONGEST_KEPT],
    )
    return [*run.failed_attempts, asdict(failed)][-MOST_KEPT:]


def waits_of(job: Job, *, occurrence: datetime) -> tuple[timedelta, ...]:
    """How long the run of an occurrence waits after each failed attempt; it has one attempt more."""
    return waits_between_attempts(
        most=job.max_attempts, first_wait=job.backoff, interval=interval_after(job, occurrence)
    )


def interval_after(job: Job, occurrence: datetime) -> timedelta | None:
    """From an occurrence to the job's next one; None for what nothing asks for by the clock.

    A job that runs after another one has that one's interval.
    """
    for _ in range(LONGEST_CHAIN):
        if job.after is None:
            break
        job = job.after
    try:
        return (job.cadence.after(occurrence) - occurrence) * job.stretch
    except (CadenceError, OverflowError):
        return None


def failures_of_open(run: Run) -> int:
    """How many attempts of a run that has not ended have failed."""
    return run.attempt - (1 if run.state == RunState.RUNNING else 0)


def attempts_text(job: Job) -> str:
    """How often a run is tried, for a list: `8 in 2h24min`."""
    occurrence = (job.schedule and job.schedule.next_run) or EPOCH
    waits = waits_of(job, occurrence=occurrence)
    return f"{len(waits) + 1} in {show_wait(sum(waits, timedelta(0)))}" if waits else "1"
