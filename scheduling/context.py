"""Which run this process is in: what log lines, traces and reports of errors are about."""

from contextvars import ContextVar
from dataclasses import dataclass

from django.dispatch import Signal

# Sent by whoever executes a run, with `run`, a `RunContext`; the end also with `exception`, None for none.
# For traces and reports of errors: what a receiver raises is logged and changes nothing.
attempt_began = Signal()
attempt_ended = Signal()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """One attempt of one run. `occurrence` is ISO 8601 in UTC."""

    job: str
    run_id: int
    occurrence: str
    attempt: int


running: ContextVar[RunContext | None] = ContextVar("running", default=None)


def current_run() -> RunContext | None:
    """The run under way in this process or thread; None outside one."""
    return running.get()
