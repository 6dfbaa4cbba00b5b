"""What `scheduler retry` does and shows: one failed run of a schedule, or many."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from scheduling.exceptions import RefusedError, WrongValueError
from scheduling.ledger.presentation import retry_text, run_document
from scheduling.ledger.search import RunFilter
from scheduling.management.command import Reply
from scheduling.management.tables import table
from scheduling.models import Job
from scheduling.operations.naming import job_named
from scheduling.operations.retrying import Retried, failed_run, failed_runs, retry, retry_all
from scheduling.timing.instants import parse_instant, show_instant

# Longer numbers are of no run.
MOST_DIGITS = 18


def retry_reply(
    *,
    words: Sequence[str],
    by: str,
    occurrence: str | None,
    failed: str | Literal[True] | None,
    start: str | None,
    end: str | None,
    now: datetime,
    **options: Any,
) -> Reply:
    """The reply to `scheduler retry`; `failed` is a schedule's name, or True for all of them.

    Raises a `SchedulingError` that says which words do not go together.
    """
    if failed is None and (start or end):
        raise RefusedError("`--from` and `--to` go with `--failed`.")
    if occurrence and (failed is not None or len(words) != 1):
        raise RefusedError("`--occurrence` goes with one schedule's name.")
    if failed is not None:
        if words:
            raise RefusedError("`--failed` takes one schedule's name, or none for all.")
        return _many(_failed(None if failed is True else failed, start=start, end=end), by=by, now=now)
    if _are_ids(words):
        return _many([int(word) for word in words], by=by, now=now)
    if len(words) != 1:
        raise RefusedError("Name one schedule, or ids of runs as `scheduler history` shows them.")
    chosen = failed_run(words[0], occurrence=parse_instant(occurrence) if occurrence else None)
    run = retry(chosen.pk, by=by, now=now)
    return Reply(document=run_document(run), text=retry_text(run))


def _are_ids(words: Sequence[str]) -> bool:
    """A schedule may be called by a number, too."""
    are_numbers = all(word.isdecimal() and len(word) <= MOST_DIGITS for word in words)
    return bool(words) and are_numbers and not Job.objects.filter(name=words[0]).exists()


def _failed(name: str | None, *, start: str | None, end: str | None) -> list[int]:
    wanted = RunFilter(
        schedule=job_named(name).name if name else "",
        since=parse_instant(start) if start else None,
        until=parse_instant(end) if end else None,
    )
    if wanted.since and wanted.until and wanted.since > wanted.until:
        told = f"from {show_instant(wanted.since)} to {show_instant(wanted.until)}"
        raise WrongValueError(f"The time {told} is none: it ends before it begins.")
    found = failed_runs(wanted, with_deliveries=True)
    if not found:
        raise RefusedError(f"{name} has no failed run." if name else "Nothing has failed.")
    return found


def _many(run_ids: Sequence[int], *, by: str, now: datetime) -> Reply:
    retried: Retried = retry_all(run_ids, by=by, now=now)
    rows = [(run.run_id, run.why_not or run.when) for run in retried.runs]
    return Reply(
        document={"retried": retried.begun, "runs": [run.document() for run in retried.runs]},
        text=f"{table(('run', 'what became of it'), rows)}\n{retried.begun} of {len(rows)} begin anew.",
        problem="" if retried.begun else "Nothing begins anew.",
    )
