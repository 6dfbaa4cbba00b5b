"""What must hold in every state and at every step; the ids are those of `docs/proof/specification.md`."""

from tests.proof.state import (
    ENDED,
    EXECUTING,
    FAILED,
    MISSED,
    MOST_ATTEMPTS,
    NONE,
    QUEUED,
    RUNNING,
    SKIPPED,
    SUCCEEDED,
    Configuration,
    Overlap,
    State,
    Step,
)

# Of [LIVE-1] the explorer itself takes care, once it has seen every state.
LIVE = "LIVE-1"
CLAIMS = ("claim", "claim by the old version", "move on")
# What an owner writes; what an operator may begin anew, and out of which end.
ENDS = ("commit", "succeed", "succeed and take", "fail", "skip")
BEGUN_ANEW = (("retry", FAILED), ("backfill", SKIPPED))
OF_OPERATORS = ("cancel", "retry", "backfill")


def broken(before: State, step: Step, made: Configuration) -> str:
    """The id of a rule that a step, or the state that it leads to, breaks; empty when none."""
    after = step.state
    return (
        _of_claiming(before, step)
        or (_of_rows(before, step, made) if after.rows != before.rows else "")
        or (_of_workers(after) if after.workers != before.workers or after.rows != before.rows else "")
    )


def _of_claiming(before: State, step: Step) -> str:
    world = step.state.world
    if world.twice:
        return "CLAIM-1"
    if step.name in CLAIMS:
        seen = before.dispatchers[step.who].of
        if not seen == before.world.next_run < world.next_run:
            return "CLAIM-2"
        if before.world.paused:
            return "PAUSE-1"
    if world != before.world and any(row.state == NONE for row in step.state.rows[: world.next_run]):
        return "CLAIM-3"
    return ""


def _of_workers(after: State) -> str:
    executing = 0
    for worker in after.workers:
        if worker.at == EXECUTING:
            bit = 1 << worker.run
            if executing & bit:
                return "ONCE-1"
            executing |= bit
            if worker.mine and after.rows[worker.run].state not in (RUNNING, SUCCEEDED):
                return "ONCE-2"
        elif worker.armed:
            return "WATCH-1"
    return ""


def _of_rows(before: State, step: Step, made: Configuration) -> str:
    under_way = 0
    for run, (was, now) in enumerate(zip(before.rows, step.state.rows, strict=True)):
        under_way += now.state in (QUEUED, RUNNING)
        if now != was and (rule := _of_change(before, step, run)):
            return rule
    if under_way > 1 and made.overlap != Overlap.ALLOW:
        return "OVERLAP-1"
    return ""


def _of_change(before: State, step: Step, run: int) -> str:
    was, now = before.rows[run], step.state.rows[run]
    name = step.name.removesuffix(", answer lost")
    if was.state in ENDED and now.state != was.state and (name, was.state) not in BEGUN_ANEW:
        return "END-1"
    if was.is_held_by_a_pause and before.world.paused and now.state == QUEUED != was.state:
        return "PAUSE-2"
    if was.state == RUNNING and name in OF_OPERATORS:
        return "ASK-1"
    if was.state == RUNNING != now.state:
        if name in ("put back", "hand over") and _is_at_it(before, run):
            return "RECOVER-1"
        worker = before.workers[step.who]
        if name in (*ENDS, "give back") and worker.run == run and not worker.mine:
            return "FENCE-1" if name in ENDS else "FENCE-2"
        if name == "hand over" and not before.dispatchers[step.who].same_owner:
            return "FENCE-2"
    if now.effects != (now.state == SUCCEEDED):
        return "EFFECT-1"
    if now.begun > MOST_ATTEMPTS:
        return "ATTEMPT-1"
    return ""


def _is_at_it(state: State, run: int) -> bool:
    """Whether a process executes a run under the claim that the ledger knows."""
    return any(w.at == EXECUTING and w.run == run and w.mine for w in state.workers)


def is_end(state: State) -> bool:
    """Whether every occurrence was claimed and has ended."""
    return (
        state.world.next_run == len(state.rows)
        and not state.world.paused
        and all(row.state in (*ENDED, MISSED) for row in state.rows)
    )
