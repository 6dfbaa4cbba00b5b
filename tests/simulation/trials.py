"""What is promised of a run that is tried again: how often, after which waits, and who takes over from it."""

from collections.abc import Mapping
from datetime import timedelta

from scheduling.models import ON_THEIR_OWN, Overlap, RunState
from tests.simulation.processes import BrokenError, Process
from tests.simulation.seen import Known, Row, instant
from tests.simulation.turns import waits_for_an_attempt

# A run that has lost so many workers is over.
MOST_LOSSES = 3
# A wait may be longer by this part.
JITTER = 0.25
LEAST = timedelta(milliseconds=1)
# Seconds for which the heartbeat of another host's run has to stand still.
LEASE = 12.0


def of_a_trial(was: Row, row: Row, job: Known, *, by: Process, at: float) -> None:
    """Of a run that has changed."""
    if was.lateness is not None and row.lateness != was.lateness:
        raise BrokenError("POLICY", f"run {row.id} began {row.lateness} late, and before {was.lateness}")
    if by.kind == "operator":
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


def of_a_loss(was: Row, row: Row, *, by: Process, owner: Process, stood_for: float) -> None:
    """Of a run that a dispatcher takes back: by the kernel of its own host, or else by a stopwatch."""
    if row.losses == was.losses:
        return
    if owner.host == by.host and owner.alive:
        raise BrokenError("RECOVER-1", f"run {row.id} is taken back, and {owner.name} lives on this host")
    if owner.host != by.host and stood_for < LEASE:
        beat = f"{stood_for:.1f} s after its last heartbeat"
        raise BrokenError("RECOVER-1", f"run {row.id} of {owner.name} is taken back {beat}")


def of_a_takeover(
    was: Row, row: Row, rows: Mapping[int, Row], before: Mapping[int, Row], job: Known, *, by: Process
) -> None:
    """Only a newer run ends one that waits, and that only while it waits for another attempt.

    It is due, or was claimed just now; where runs may overlap there is none that does, and what is for an
    occurrence of the past or tells of an alert never does.
    """
    if by.kind != "dispatcher" or (was.state, row.state) != (RunState.PENDING, RunState.FAILED):
        return
    claimed = any(one.job == row.job and one.id not in before for one in rows.values())
    if not claimed and by.read.get(row.id) != (was.attempt, instant(was.not_before)):
        raise BrokenError("POLICY", f"run {row.id} is taken over, and is not as it was seen")
    ours = [one for one in rows.values() if one.job == row.job and one.trigger not in ON_THEIR_OWN]
    newer = [one for one in ours if one.occurrence > row.occurrence]
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
