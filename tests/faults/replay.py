"""What the database and the tasks logged, as a run of the specification's model. Pure.

An occurrence has to have one row at a time, whose every change is logged and is a step
(`scheduling/ledger/lawful.py`), and every line of the effect log to lie within a claim of the process that
wrote it: a task begins once under a claim and not outside one, and who says that it ended has written that
end.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduling.ledger.lawful import RUNNING, SUCCEEDED, broken_step
from tests.faults.checker import Effect
from tests.faults.transitions import Change

# SQLite tells the time in thousandths of a second.
ROUNDED = timedelta(milliseconds=2)


@dataclass(slots=True)
class _Claim:
    """From the change that made a process the owner to the one that ended it; what its task told."""

    process: str
    taken_at: datetime
    left_at: datetime | None = None
    left_as: str = ""
    told: tuple[str, ...] = ()


def unlawful(changes: Sequence[Change], effects: Iterable[Effect]) -> list[str]:
    """One sentence for each occurrence, at most, whose trace is none of the model's."""
    changes_of: dict[tuple[str, datetime], list[Change]] = defaultdict(list)
    effects_of: dict[tuple[str, datetime], list[Effect]] = defaultdict(list)
    for change in changes:
        changes_of[change.job, change.occurrence].append(change)
    for effect in sorted(effects, key=lambda effect: effect.at):
        if effect.occurrence is not None:
            effects_of[effect.job, effect.occurrence].append(effect)
    found = []
    for job, occurrence in sorted(changes_of.keys() | effects_of.keys()):
        key = job, occurrence
        broken = _broken(changes_of[key], effects_of[key])
        if broken:
            found.append(f"{job} {occurrence:%H:%M:%S}: {broken}")
    return found


def _broken(changes: Sequence[Change], effects: Iterable[Effect]) -> str:
    there: set[int] = set()
    for change in changes:
        there = there | {change.run} if change.after.state else there - {change.run}
        if len(there) > 1:
            return "it has two rows"
    rows = {change.run: [(c.before, c.after) for c in changes if c.run == change.run] for change in changes}
    for steps in rows.values():
        if broken := broken_step(steps):
            return broken
    claims = _claims(changes)
    for effect in effects:
        if broken := _of_effect(effect, claims):
            return broken
    for claim in claims:
        if claim.left_as == SUCCEEDED and "began" not in claim.told:
            return f"{claim.process} has written a success, and its task never began"
    return ""


def _claims(changes: Iterable[Change]) -> list[_Claim]:
    claims: list[_Claim] = []
    for change in changes:
        if change.after.state == RUNNING != change.before.state:
            claims.append(_Claim(change.process, change.at))
        elif change.before.state == RUNNING != change.after.state:
            claims[-1].left_at, claims[-1].left_as = change.at, change.after.state
    return claims


def _of_effect(effect: Effect, claims: Iterable[_Claim]) -> str:
    """What is wrong with a line; one that is right is noted with its claim."""
    own = [claim for claim in claims if claim.process == effect.process]
    if effect.what == "began":
        for claim in own:
            if not claim.told and _is_within(effect.clock, claim):
                claim.told = ("began",)
                return ""
        return f"{effect.process} began its task outside any claim of its own, or twice under one"
    under_way = [claim for claim in own if claim.told == ("began",)]
    if effect.what in ("ended", "broke"):
        if not under_way:
            return f"{effect.process} told that its task {effect.what}, which it had not begun"
        claim = under_way[-1]
        claim.told = ("began", effect.what)
        if effect.what == "ended" and not _has_succeeded(claim, by=effect.clock):
            return (
                f"{effect.process} ended its task, and {claim.left_as or 'nothing'} was written by its claim"
            )
    return ""


def _is_within(instant: datetime, claim: _Claim) -> bool:
    return claim.taken_at <= instant + ROUNDED and (
        claim.left_at is None or instant <= claim.left_at + ROUNDED
    )


def _has_succeeded(claim: _Claim, *, by: datetime) -> bool:
    return claim.left_as == SUCCEEDED and claim.left_at is not None and claim.left_at <= by + ROUNDED
