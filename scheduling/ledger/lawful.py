"""The steps that a run may take, by `docs/proof/specification.md`, and whether what was seen of one is such.

The steps are those of the specification's model as the row of one occurrence shows them: a test explores the
model and finds these and no others. Pure: what was seen goes in, sentences come out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from scheduling.timing.attempts import MOST_KEPT

# The state of what is not there, and those of a row.
NONE = ""
PENDING, QUEUED, RUNNING = OPEN = ("pending", "queued", "running")
SUCCEEDED, FAILED, SKIPPED = ENDED = ("succeeded", "failed", "skipped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a row says of its run. `failures` is how many of its attempts are kept as failed."""

    state: str
    attempt: int = 0
    owner: str = ""
    heartbeat: int = 0
    failures: int = 0

    def __str__(self) -> str:
        return f"{self.state}, attempt {self.attempt}" if self.state else "no row"


@dataclass(frozen=True, slots=True)
class Step:
    """From a state to a state; what becomes of the attempt's number, the owner and the list of failures."""

    name: str
    before: str
    after: str
    attempt: str = "same"  # or one more, one less, 0
    is_claim: bool = False
    is_failure: bool = False
    # Only of a run that was tried.
    is_tried: bool = False


STEPS = (
    *(Step("claim", NONE, state, "0") for state in (PENDING, QUEUED, FAILED, SKIPPED)),
    Step("backfill", NONE, PENDING, "0"),
    Step("backfill", SKIPPED, NONE, "0"),  # its row makes room for another
    Step("release", PENDING, QUEUED),
    Step("take", QUEUED, RUNNING, "one more", is_claim=True),
    Step("succeed", RUNNING, SUCCEEDED),
    Step("skip", RUNNING, SKIPPED),
    *(Step("fail", RUNNING, state, is_failure=True) for state in (PENDING, FAILED)),
    *(Step("put back", RUNNING, state, is_failure=True) for state in (PENDING, FAILED)),
    Step("give back", RUNNING, PENDING, "one less"),
    Step("hand over", RUNNING, PENDING, "one less"),
    Step("take over", PENDING, FAILED, is_tried=True),
    *(Step("cancel", state, SKIPPED) for state in (PENDING, QUEUED)),
    Step("retry", FAILED, PENDING, "0"),
)
# Beyond the model, which assumes that it is not done to what may be asked for again.
RETENTION = tuple(Step("retention", state, NONE, "0") for state in ENDED)


def steps_between(before: Look, after: Look) -> list[str]:
    """The names of the single steps from one to the other; a heartbeat and standing still are such."""
    if after == before:
        return ["nothing"]
    if after == replace(before, heartbeat=before.heartbeat + 1) and before.owner:
        return ["beat"]
    return [step.name for step in (*STEPS, *RETENTION) if _leads(step, before, after)]


def _leads(step: Step, before: Look, after: Look) -> bool:
    if (step.before, step.after) != (before.state, after.state) or (step.is_tried and not before.attempt):
        return False
    if step.after == NONE:
        return True
    is_new_owner = bool(after.owner) and after.owner != before.owner
    return (
        after.attempt == _attempt_after(step, before.attempt)
        and after.failures == _failures_after(step, before.failures)
        and is_new_owner == step.is_claim
        and (step.is_claim or after.owner == before.owner)
        and after.heartbeat == (0 if step.is_claim else before.heartbeat)
    )


def _attempt_after(step: Step, attempt: int) -> int:
    return {"same": attempt, "one more": attempt + 1, "one less": attempt - 1, "0": 0}[step.attempt]


def _failures_after(step: Step, failures: int) -> int:
    return min(failures + step.is_failure, MOST_KEPT)


def is_way(before: Look, after: Look, *, retried: bool) -> bool:
    """Whether some steps, which nobody saw, lead from one to the other; a retry would be written down.

    Of whoever's token is not known nothing is asked.
    """
    are_known = bool(after.owner) and (bool(before.owner) or not before.attempt)
    is_other = after.owner != before.owner if are_known else None
    if is_other is False and before.owner and after.heartbeat < before.heartbeat:
        return False
    start, end = ((one.state, one.attempt, one.failures) for one in (before, after))
    return _is_way(start, end, is_other, retried)


@lru_cache(maxsize=4_096)
def _is_way(
    start: tuple[str, int, int], end: tuple[str, int, int], is_other: bool | None, retried: bool
) -> bool:
    """By trying: states are few, and attempts no more than those that failed meanwhile and one."""
    most = max(start[1], end[1]) + max(end[2] - start[2], 0) + 1
    reached, left = {(*start, False)}, [(*start, False)]
    while left:
        state, attempt, failures, claimed = left.pop()
        if (state, attempt, failures) == end and is_other in (None, claimed):
            return True
        for step in STEPS:
            if step.before != state or step.after == NONE or (step.is_tried and not attempt):
                continue
            if step.name == "retry" and not retried:
                continue
            number, failed = _attempt_after(step, attempt), _failures_after(step, failures)
            following = (step.after, number, failed, claimed or step.is_claim)
            if number <= most and failed <= end[2] and following not in reached:
                reached.add(following)
                left.append(following)
    return False


def broken_step(changes: Iterable[tuple[Look, Look]]) -> str:
    """Of every change of a row, in their order, the first that is no step or is missing; empty if none is."""
    last = Look(state=NONE)
    for before, after in changes:
        for one, next_one in ((last, before), (before, after)):
            if not steps_between(one, next_one):
                return _told(one, next_one, (*_never(one, next_one), *_not_at_once(one, next_one)))
        if before != last:
            return _told(last, before, ["that change is not among them"])
        last = after
    return ""


def broken_way(looks: Iterable[Look], *, retried: bool) -> str:
    """Of some looks at a row, in their order, the first that nothing leads to; empty when all follow."""
    for before, after in pairwise(looks):
        if not is_way(before, after, retried=retried):
            return _told(before, after, _never(before, after))
    return ""


def _told(before: Look, after: Look, reasons: Iterable[str]) -> str:
    """What is wrong with it, in a sentence."""
    return f"from {before} to {after}: {next(iter(reasons), 'no step leads there')}"


def _never(before: Look, after: Look) -> Iterator[str]:
    """What no steps do, however many."""
    if before.state in ENDED and after.state != before.state:
        yield "it had ended"
    if after.state == NONE:
        yield "it was open, and is there no more"
    if after.attempt < before.attempt:
        yield "its attempt went back"
    failures = after.failures - before.failures
    if before.state == after.state == RUNNING and before.owner != after.owner and not failures:
        yield "it was claimed while another claim was in force"
    if after.attempt > before.attempt + failures + (before.state != RUNNING):
        yield "it skipped an attempt"
    if after.attempt > before.attempt and after.owner == before.owner != "":
        yield "another attempt was begun without a claim"
    if after.state == SUCCEEDED and not after.attempt:
        yield "nobody was at it"
    if before.owner == after.owner and after.heartbeat < before.heartbeat:
        yield "its heartbeat went back"


def _not_at_once(before: Look, after: Look) -> Iterator[str]:
    """What takes more than one step."""
    if after.state == RUNNING and before.state not in (QUEUED, RUNNING):
        yield "nobody had queued it"
    if after.state == RUNNING != before.state and after.attempt == before.attempt:
        yield "its attempt was not counted"
    if before.state == NONE:
        yield "no run begins so"
    if after.state == SUCCEEDED and before.state != RUNNING:
        yield "nobody was at it"
    if after.owner != before.owner:
        yield "its owner changed without a claim"
