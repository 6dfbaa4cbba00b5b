"""Runs as the pages for staff list them, with the errors of their attempts."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from scheduling.ledger.attempts import failed_attempts, first_line
from scheduling.ledger.presentation import milliseconds, took_ms
from scheduling.ledger.public import public_reason
from scheduling.models import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptLine:
    """An attempt that failed; `ended_at` as the ledger keeps it, in UTC."""

    number: int
    ended_at: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """One run. `late` and `took` are in milliseconds; `trace` is empty for whom it is not."""

    run_id: int
    name: str
    occurrence: datetime
    state: str
    trigger: str
    attempt: int
    late: float | None
    took: float | None
    worker: str
    reason: str
    trace: str
    attempts: tuple[AttemptLine, ...]

    @property
    def host(self) -> str:
        return self.worker.partition("/")[0]


def run_lines(runs: Iterable[Run], *, in_full: bool) -> list[RunLine]:
    """Not `in_full` leaves out hosts, and of errors that are not ours all but their kind."""
    told: Callable[[str], str] = first_line if in_full else public_reason
    return [
        RunLine(
            run_id=run.pk,
            name=run.job.name,
            occurrence=run.occurrence,
            state=run.state,
            trigger=run.trigger,
            attempt=run.attempt,
            late=milliseconds(run.lateness),
            took=took_ms(run.state, run.duration),
            worker=run.worker if in_full else "",
            reason=told(run.error),
            trace=run.error if in_full and "\n" in run.error else "",
            attempts=tuple(_attempt_lines(run, told)),
        )
        for run in runs
    ]


def _attempt_lines(run: Run, told: Callable[[str], str]) -> Iterator[AttemptLine]:
    """Where the numbers begin again, somebody retried the run."""
    before = 0
    for failed in failed_attempts(run):
        anew = "retried by hand, and then: " if 0 < failed.attempt <= before else ""
        yield AttemptLine(
            number=failed.attempt,
            ended_at=failed.ended_at.replace("T", " "),
            reason=f"{anew}{told(failed.error)}",
        )
        before = failed.attempt
