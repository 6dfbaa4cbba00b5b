"""What a worker does with a run: claim it, run its task, record what became of it.

The ledger decides, the message only asks: a run is claimed by one conditional UPDATE, and
everything a claim writes later is fenced by its owner token, so a worker that lost its run
can store nothing.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from django.db import Error as DatabaseError
from django.db import transaction

from scheduling.clock import database_now
from scheduling.conditions import require_condition
from scheduling.context import RunContext, attempt_began, attempt_ended, running
from scheduling.engine import statements, turnover
from scheduling.engine.aftermath import follow_failure, follow_first_success, follow_success
from scheduling.engine.claims import Claim, claim_run, give_back
from scheduling.engine.leases import held_lease
from scheduling.engine.leftovers import children_ended, forks_kept_in, transactions_closed
from scheduling.engine.recording import for_certain, persistently, under_lease, within_reach
from scheduling.engine.time_limits import time_limit
from scheduling.engine.turnover import HeldBack
from scheduling.engine.wording import explained, is_brief, keepable, told
from scheduling.exceptions import AttemptError, RunLostError, SkipRun
from scheduling.ledger.attempts import WITH_CADENCE, first_line, waits_of, with_failed_attempt
from scheduling.models import Run, RunState
from scheduling.models.paths import task_at
from scheduling.models.runs import LONGEST_PRESSURE
from scheduling.modes import declared_jobs, jobs_that_need
from scheduling.timing.attempts import with_jitter
from scheduling.timing.durations import show_wait

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

_current: ContextVar[Claim | None] = ContextVar("current_claim", default=None)
_pressure: ContextVar[str] = ContextVar("pressure", default="")


def current_occurrence() -> datetime | None:
    """The occurrence that the running task is for; None outside a run, and once its end is committed."""
    claim = _current.get()
    return claim.occurrence if claim else None


def report_pressure(what: str) -> None:
    """Say that something the task uses is overloaded; a job that may stretch its interval then does."""
    _pressure.set(what[:LONGEST_PRESSURE])


def commit_with_run(write: Callable[[], Result]) -> Result:
    """Call `write` in a transaction that also ends the run being executed, and return its result.

    A task does its reading and its network work first and stores everything through this, so
    its effect and the end of its run are one: both are there or neither. Outside a run it is
    a plain transaction. Raises `RunLostError`, and stores nothing, when the run was given to
    somebody else meanwhile.
    """
    claim = _current.get()
    if claim is None:
        with transaction.atomic():
            return write()
    result = _committed(claim, write)
    _current.set(None)
    return result


def commit_ahead(write: Callable[[], Result]) -> Result:
    """Call `write` in a transaction of its own before the one that ends the run, and return its result.

    For what nobody is told of until then and somebody takes away who finds it left behind: a run that
    dies, or is given to somebody else, leaves it there, and an answer that is lost has it written twice.
    The run goes on, so it is waited for with the lease held: who cannot renew that is ended meanwhile.
    """

    def commit() -> Result:
        with transaction.atomic():
            return write()

    claim = _current.get()
    return commit() if claim is None else under_lease(commit, what=f"A part of {claim}")


def _committed(claim: Claim, write: Callable[[], Result]) -> Result:
    """The work is done: a database that takes no writes just now is waited for, within the time limit.

    Without the lease, which nobody can renew there; whoever is given the run meanwhile fences us off.
    """

    def commit() -> Result:
        with transaction.atomic():  # [EFFECT-1]
            result = write()
            _end(claim, RunState.SUCCEEDED, result=keepable(result))
            return result

    return within_reach(commit, what=str(claim))


def execute_run(run_id: int) -> str:
    """Run the task of a queued run and record its end; the function django-q2 workers call.

    Returns what happened in a few words. Raises what the task raised, after recording it, so
    that django-q2's own history shows a failure as a failure.
    """
    asked_at = time.monotonic()
    claim = claim_run(run_id)
    if claim is None:
        return "already taken"
    with _under_way(claim):
        try:
            result = _call(claim, asked_at=asked_at)
            if _current.get() is not None:
                _succeed(claim, result=keepable(result))
        except SkipRun as exc:
            reason = told(exc)
            persistently(lambda: _end(claim, RunState.SKIPPED, error=reason), what=str(claim))
            return f"skipped: {reason}"
        except RunLostError as exc:
            logger.warning("%s", exc)
            for_certain(lambda: give_back(claim.run_id, owner=claim.owner))
            return "lost"
        except BaseException as exc:
            error = _fail(claim, exc)
            if isinstance(exc, Exception) and is_brief(exc):
                raise
            # Anything else would end the worker, or fill django-q2's history and log.
            raise AttemptError(first_line(error)) from None
    return "succeeded"


@contextmanager
def _under_way(claim: Claim) -> Iterator[None]:
    """While the block runs, this process is in that run, and whatever asks hears so."""
    token, pressure_token = _current.set(claim), _pressure.set("")
    context = RunContext(
        job=claim.job_name,
        run_id=claim.run_id,
        occurrence=f"{claim.occurrence:%Y-%m-%dT%H:%M:%SZ}",
        attempt=claim.attempt,
    )
    context_token = running.set(context)
    failure: BaseException | None = None
    attempt_began.send_robust(sender=None, run=context)
    try:
        yield
    except BaseException as exc:
        failure = exc
        raise
    finally:
        attempt_ended.send_robust(sender=None, run=context, exception=failure)
        _current.reset(token)
        _pressure.reset(pressure_token)
        running.reset(context_token)


def _call(claim: Claim, *, asked_at: float) -> Any:
    """Call the task; what it started ends with it, and a transaction that it left open is its failure."""
    task = task_at(claim.task)
    with (
        transactions_closed(),
        children_ended(),
        held_lease(run_id=claim.run_id, owner=claim.owner, since=asked_at),
        time_limit(claim.time_limit),
        forks_kept_in(),
    ):
        require_condition(
            claim.condition, job_id=claim.job_id, job_name=claim.job_name, occurrence=claim.occurrence
        )
        return task(**claim.parameters)


def warm_up() -> None:
    """Make this process ready for its first run, which would be later than those that follow."""
    with suppress(DatabaseError):
        statements.take(0, owner="", worker="")  # no run has this number
    for declared in declared_jobs():
        try:
            task_at(declared.task)
        except Exception:  # whatever its module does; the job's own runs will say it again
            logger.exception("%s cannot be imported.", declared.task)


def _fail(claim: Claim, exc: BaseException) -> str:
    """Record for certain that the attempt failed; returns the error as it is kept."""
    error = explained(exc)
    for_certain(lambda: _record_failure(claim, error=error), what=str(claim))
    return error


def _record_failure(claim: Claim, *, error: str) -> None:
    """Put the run back for its next attempt, or end it as failed after the last; says so in one line."""
    run = Run.objects.select_related(*WITH_CADENCE).filter(pk=claim.run_id).first()
    if run is None:
        raise RunLostError(f"{claim} is no longer in the ledger.")
    waits = waits_of(run.job, occurrence=claim.occurrence)
    fields = {"error": error, "failed_attempts": with_failed_attempt(run, error=error, now=claim.now())}
    attempt = f"attempt {claim.attempt} of {len(waits) + 1}"
    if claim.attempt > len(waits):  # [ATTEMPT-1]
        _end(claim, RunState.FAILED, **fields)
        logger.warning("%s: %s failed, and so the run has: %s", claim, attempt, first_line(error))
        return
    wait = with_jitter(waits[claim.attempt - 1])
    _end(claim, RunState.PENDING, not_before=database_now() + wait, **fields)
    logger.warning("%s: %s failed, the next is in %s: %s", claim, attempt, show_wait(wait), first_line(error))


def _succeed(claim: Claim, *, result: Any) -> None:
    """Record a success that stored nothing; where nothing follows from it, maybe with the next claim."""
    if _is_built_upon(claim):
        persistently(lambda: _end(claim, RunState.SUCCEEDED, result=result), what=str(claim))
        return
    fields = {"state": RunState.SUCCEEDED, "error": "", "result": result} | _ended(claim)
    turnover.end(
        HeldBack(
            name=str(claim),
            run_id=claim.run_id,
            owner=claim.owner,
            fields=fields,
            write=partial(_write, claim, fields),
            fail=partial(_fail, claim),
        )
    )


def _end(claim: Claim, state: RunState, **fields: Any) -> None:
    """Write what became of the claim and what follows from it, if it is still in force.

    Raises `RunLostError`, which rolls everything back, if it is not.
    """
    ended = _ended(claim)
    now = ended["finished_at"]
    has_sequel = state == RunState.FAILED or (state == RunState.SUCCEEDED and _is_built_upon(claim))
    # A statement alone is a transaction by itself, at half the price.
    with transaction.atomic(savepoint=False) if has_sequel else nullcontext():
        _write(claim, {"state": state, "error": ""} | fields | ended)
        if state == RunState.SUCCEEDED and claim.job_is_followed:
            follow_success(job_id=claim.job_id, occurrence=claim.occurrence, now=now)
        if state == RunState.SUCCEEDED and has_sequel:
            follow_first_success(job_id=claim.job_id, job_name=claim.job_name, run_id=claim.run_id, now=now)
        if state == RunState.FAILED:
            follow_failure(job_id=claim.job_id, now=now)


def _is_built_upon(claim: Claim) -> bool:
    """Whether something may follow from a success: a job that runs after this one, or that needs it."""
    return claim.job_is_followed or bool(jobs_that_need(claim.job_name))


def _ended(claim: Claim) -> dict[str, Any]:
    """What every end says: that it is now."""
    duration = claim.elapsed()
    return {"finished_at": claim.started_at + duration, "duration": duration, "pressure": _pressure.get()}


def _write(claim: Claim, fields: dict[str, Any]) -> None:
    if not statements.end(claim.run_id, owner=claim.owner, **fields):  # [FENCE-1]
        raise RunLostError(f"{claim} was given to somebody else during attempt {claim.attempt}.")
