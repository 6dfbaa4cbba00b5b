"""What is found by one rule, and by a whole set."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What is said of one rule, or of a whole set."""

    PASSES = "passes"
    # Of a set alone: it meets every rule, and a ranking or an auction chooses among those who do.
    ELIGIBLE = "eligible"
    FAILS = "fails"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says. Epochs and value are of what made it fail, the newest of it."""

    rule: str
    outcome: Outcome
    # Why it is not known.
    because: str = ""
    # It is not to be known from any endpoint.
    elsewhere: bool = False
    value: float | bool | str | None = None
    epoch: int | None = None
    first_epoch: int | None = None
    epochs: int = 0
    # The first running epoch that no longer looks back at it, if nothing else fails; None is never, or not
    # known.
    clears_in: int | None = None
    # It fails in the newest epoch that is looked at by what stays until somebody changes it.
    goes_on: bool = False
    # It is not known, but something of what it asks for is, and none of that fails.
    so_far: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule set says of one validator."""

    outcome: Outcome
    # The same by those rules alone that an installation can look at.
    measured: Outcome
    findings: tuple[Finding, ...]

    @property
    def clears_in(self) -> int | None:
        """The epoch in which all that fails is out of its windows; None is never, or not known."""
        return all_clear_in([one.clears_in for one in self.findings if one.outcome is Outcome.FAILS])


def all_clear_in(clears: Sequence[int | None]) -> int | None:
    """The last of these epochs; None where one is never, or not known, or there is none."""
    known = [epoch for epoch in clears if epoch is not None]
    return max(known) if known and len(known) == len(clears) else None
