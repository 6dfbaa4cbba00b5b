"""What is promised of a run that is tried again: how often, after which waits, and who takes over from it."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from scheduling.models import ASKED_FOR, ON_THEIR_OWN, Overlap, RunState, RunTrigger
from tests.simulation.processes import BrokenError, Process
from tests.simulation.seen import ENDED, Known, Row, instant

# A run that has lost so many workers is over.
MOST_LOSSES = 3
# A wait may be longer by this part.
JITTER = 0.25
LEAST = timedelta(milliseconds=1)


def of_a_trial(was: Row, row: Row, job: Known, *, by: Process, at: float) -> None:
    """Of a run that has changed."""
    if was.lateness is not None and row.lateness != was.lateness:
        raise BrokenError("POLICY", f"run {row.id} began {row.lateness} late, and before {was.lateness}")
    if by.kind == "operator":
        if was.state == RunState.FAILED and row.state == RunState.PENDING and (row.attempt or row.losses):
            raise BrokenError(
                "POLICY", f"run {row.id} begins anew with {row.attempt} and {row.losses} losses"
            )
        return
    if was.state != RunState.RUNNING or row.attempt != was.attempt or row.failures <= was.failures:
        return
    owner, until = by.done
    if by.kind == "worker" and owner == was.owner and at < until - LEAST.total_seconds():
        raise BrokenError("POLICY", f"run {row.id} was done by {by.name}, and has failed")
    attempts = job.attempts(row.occurrence)
    is_over = row.attempt >= attempts or row.losses >= MOST_LOSSES
    if is_over != (row.state == RunState.FAILED):
        tried = f"after attempt {row.attempt} of {attempts}, with {row.losses} losses"
        raise BrokenError("POLICY", f"run {row.id} is {row.state} {tried}")
    if row.state == RunState.PENDING:
        if by.said is None:
            raise BrokenError("POLICY", f"run {row.id} waits from an instant at which it was at work")
        _of_a_wait(row, job, waits=instant(row.not_before) - by.said, is_lost=row.losses > was.losses)


def _of_a_wait(row: Row, job: Known, *, waits: timedelta, is_lost: bool) -> None:
    """The first loss of a worker is nobody's fault, and costs no time."""
    kept = [one(instant(row.occurrence)) for one in (job.waits, *job.former)]
    known = [one[min(row.losses - 2, len(one) - 1) if is_lost else row.attempt - 1] for one in kept]
    known = [timedelta(0)] if is_lost and row.losses == 1 else known
    if not any(least - LEAST <= waits <= least * (1 + JITTER) + LEAST for least in known):
        raise BrokenError("POLICY", f"run {row.id} waits {waits} for its next attempt, and not {known[0]}")


def of_a_takeover(
    was: Row, row: Row, rows: Mapping[int, Row], before: Mapping[int, Row], job: Known, *, by: Process
) -> None:
    """Only a newer run ends one that waits, and that only while it waits for another attempt.

    It is due, or was claimed just now; where runs may overlap there is none that does.
    """
    if by.kind != "dispatcher" or (was.state, row.state) != (RunState.PENDING, RunState.FAILED):
        return
    claimed = any(one.job == row.job and one.id not in before for one in rows.values())
    if not claimed and by.read.get(row.id) != (was.attempt, instant(was.not_before)):
        raise BrokenError("POLICY", f"run {row.id} is taken over, and is not as it was seen")
    newer = [one for one in rows.values() if one.job == row.job and one.occurrence > row.occurrence]
    if not newer:
        raise BrokenError("POLICY", f"run {row.id} is taken over, and none is newer")
    if job.overlap == Overlap.ALLOW:
        raise BrokenError("POLICY", f"run {row.id} is taken over, and may run beside others")
    said = by.said
    # Of a release, as it was when it looked: a newer one may have been tried since, and wait itself.
    due = {one.id: by.read.get(one.id, (0, instant(one.not_before)))[1] for one in newer}
    if said is not None and not any(one.id not in before or due[one.id] <= said for one in newer):
        raise BrokenError("POLICY", f"run {row.id} is taken over, and none that is newer is due")
    if by.said is not None and not waits_for_an_attempt(was, now=by.said):
        raise BrokenError("POLICY", f"run {row.id} is taken over, and was not waiting for another attempt")


def of_a_retry(was: Row, row: Row, before: Mapping[int, Row], job: Known, *, by: Process) -> None:
    """At once; and none beside another one that has yet to begin, and that it would keep waiting."""
    is_retry = by.kind == "operator" and (was.state, row.state) == (RunState.FAILED, RunState.PENDING)
    if is_retry and by.said is not None and instant(row.not_before) > by.said:
        raise BrokenError("POLICY", f"run {row.id} is to begin anew, and waits until {row.not_before}")
    if not is_retry or row.trigger in ON_THEIR_OWN or job.overlap == Overlap.ALLOW:
        return
    for one in before.values():
        is_begun = one.attempt or one.state not in (RunState.PENDING, RunState.QUEUED)
        if one.job == row.job and not is_begun and one.trigger not in ON_THEIR_OWN:
            raise BrokenError("POLICY", f"run {row.id} begins anew, and run {one.id} has yet to begin")


def of_a_skip(row: Row, before: Mapping[int, Row], job: Known, *, by: Process) -> None:
    """Of an occurrence skipped at its claim: an earlier run stands before it, from which none takes over."""
    is_skipped = row.trigger == RunTrigger.SCHEDULE and row.state == RunState.SKIPPED
    if not is_skipped or not job.makes_up or by.kind != "dispatcher" or by.said is None:
        return
    ahead = [one for one in before.values() if one.job == row.job and _stands_before(one)]
    if job.overlap == Overlap.ALLOW or all(waits_for_an_attempt(one, now=by.said) for one in ahead):
        raise BrokenError("POLICY", f"run {row.id} is skipped, and nothing of {job.name} stands before it")


def _stands_before(row: Row) -> bool:
    is_tried = row.trigger == RunTrigger.OPERATOR and row.attempt > 0
    return row.state not in ENDED and (row.trigger not in ASKED_FOR or is_tried)


def waits_for_an_attempt(row: Row, *, now: datetime) -> bool:
    is_its_own = row.trigger in ON_THEIR_OWN
    is_waiting = row.state == RunState.PENDING and row.attempt > 0 and not is_its_own
    return is_waiting and instant(row.not_before) > now
