"""Misbehaviour on demand: which answer goes wrong, and how, by seed and count."""

import math
from dataclasses import dataclass
from enum import StrEnum

from validators.simulator import draws


class Fault(StrEnum):
    RATE_LIMITED = "429"  # status 429 with Retry-After: 1
    SERVER_ERROR = "500"  # status 500, plain text
    SLOW = "slow"  # the right answer, after a while
    TRUNCATED = "truncate"  # half a body under the Content-Length of the whole
    HTML = "html"  # status 200 and a web page
    EMPTY = "empty"  # status 200 and no body
    BEHIND = "behind"  # JSON-RPC error -32005, the node lags
    HANG = "hang"  # accepted and never answered
    CUT = "cut"  # the connection closes without an answer


class FaultSpecError(Exception):
    """The fault specification cannot be used; the message says which part."""


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Each fault with its probability; together at most 1."""

    probabilities: tuple[tuple[Fault, float], ...] = ()

    def fault(self, *, seed: int, request: int) -> Fault | None:
        """What befalls the HTTP request of this number; None lets it through."""
        drawn = draws.fraction(seed, "fault", request)
        for fault, probability in self.probabilities:
            if drawn < probability:
                return fault
            drawn -= probability
        return None


def parse_fault_plan(spec: str) -> FaultPlan:
    """Reads `429:0.1,slow:0.05`; raises FaultSpecError."""
    found: dict[Fault, float] = {}
    for part in filter(None, (piece.strip() for piece in spec.split(","))):
        fault, probability = _parse_part(part)
        if fault in found:
            raise FaultSpecError(f"Fault {fault} is given twice")
        found[fault] = probability
    # fsum, because 0.7 + 0.2 + 0.1 is more than 1 by ordinary addition in some orders.
    if math.fsum(found.values()) > 1:
        raise FaultSpecError(
            f"The probabilities of faults add up to {math.fsum(found.values()):g}, more than 1"
        )
    return FaultPlan(tuple(found.items()))


def _parse_part(part: str) -> tuple[Fault, float]:
    name, _, text = part.partition(":")
    try:
        fault = Fault(name.strip())
    except ValueError:
        raise FaultSpecError(f"Unknown fault {name!r}; known are {', '.join(Fault)}") from None
    try:
        probability = float(text)
    except ValueError:
        raise FaultSpecError(f"Fault {part!r} needs a probability, as in {fault}:0.1") from None
    if not 0 <= probability <= 1:
        raise FaultSpecError(f"The probability of fault {part!r} must lie between 0 and 1")
    return fault, probability
