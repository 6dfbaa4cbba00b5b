"""A job's policies as a page tells them, each with who set it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from scheduling.ledger.attempts import attempts_text
from scheduling.ledger.presentation import clock_time
from scheduling.ledger.selectors import cadence_text
from scheduling.models import CatchUp, Job, Overlap
from scheduling.operations.overrides import CADENCE, COUNT
from scheduling.timing.durations import show_duration

_OVERLAPS = {
    Overlap.SKIP: "skip: an occurrence that finds an earlier run still open is skipped",
    Overlap.QUEUE: "queue: one waits for the run before it, a second one is skipped",
    Overlap.ALLOW: "allow: runs of it may meet",
}
_CATCH_UPS = {
    CatchUp.LATEST: "latest: of what no dispatcher claimed in time, the newest runs",
    CatchUp.SKIP: "skip: what no dispatcher claimed in time is counted, and does not run",
    CatchUp.ALL: "all: what was missed runs one after the other, back to {window} ago",
}
# What one line tells together.
_BESIDE = {
    "max_attempts": ("max_attempts", "backoff"),
    "catch_up": ("catch_up", "catch_up_window"),
    "keep_succeeded": ("keep_succeeded", "keep_newest"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One of them; `set_by` says who set it otherwise than declared, and when, or is empty."""

    name: str
    value: str
    set_by: str


def policies_of(job: Job, *, in_full: bool) -> list[Policy]:
    """All that say something; parameters and names of people only `in_full`."""
    return [
        Policy(name=name, value=value, set_by=_set_by(job, *_BESIDE.get(field, (field,)), in_full=in_full))
        for name, field, value in (*_when(job), *_how(job), *_kept(job), *(_given(job) if in_full else ()))
        if value
    ]


def _when(job: Job) -> Iterator[tuple[str, str, str]]:
    left = job.schedule.repeats if job.schedule else -1
    yield "Cadence", CADENCE, cadence_text(job) if job.schedule else "no schedule"
    yield "Starts after its time by up to", "jitter", show_duration(job.jitter) if job.jitter else ""
    yield "Ends", "ends_at", f"{clock_time(job.ends_at)} UTC" if job.ends_at else ""
    yield "Occurrences left", COUNT, str(left) if left >= 0 else ""
    yield (
        "Under load",
        "stretch_limit",
        f"intervals up to {show_duration(job.stretch_limit)}; now {job.stretch} times as long"
        if job.stretch_limit
        else "",
    )
    yield "Condition", "condition", job.condition


def _how(job: Job) -> Iterator[tuple[str, str, str]]:
    yield "Overlap", "overlap", _OVERLAPS.get(Overlap(job.overlap), "")
    window = show_duration(job.catch_up_window)
    yield "Catch-up", "catch_up", _CATCH_UPS.get(CatchUp(job.catch_up), "").format(window=window)
    yield "Attempts", "max_attempts", f"{attempts_text(job)}, the first wait {show_duration(job.backoff)}"
    yield "Time limit of a run", "time_limit", show_duration(job.time_limit)
    yield (
        "Pauses itself",
        "pause_after_failures",
        f"when {job.pause_after_failures} runs in a row have failed" if job.pause_after_failures else "",
    )


def _kept(job: Job) -> Iterator[tuple[str, str, str]]:
    newest = f", the newest {job.keep_newest} runs however old" if job.keep_newest > 1 else ""
    yield "Good runs are kept", "keep_succeeded", f"{show_duration(job.keep_succeeded)}{newest}"
    yield "Failed runs are kept", "keep_failed", show_duration(job.keep_failed)


def _given(job: Job) -> Iterator[tuple[str, str, str]]:
    given: tuple[tuple[str, str, Any], ...] = (
        ("Parameters", "parameters", job.parameters),
        ("Parameters of variant b", "parameters_b", job.parameters_b),
    )
    for name, field, value in given:
        yield name, field, json.dumps(value, ensure_ascii=False) if value else ""


def _set_by(job: Job, *fields: str, in_full: bool) -> str:
    """Of several that one line tells, who set one of them last."""
    set_ones = [job.overrides[field] for field in fields if field in job.overrides]
    if not set_ones:
        return ""
    who = max(set_ones, key=itemgetter("at"))
    return f"set by {who['by']} at {who['at']}" if in_full else f"set at {who['at']}"
