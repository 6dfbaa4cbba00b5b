"""A score's parts in words, what costs it most, and the sentence that says what its number means."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from validators.figures import decimal
from validators.models import ScoringRun
from validators.scoring.facts import Part
from validators.scoring.ten_epochs import risk_of_ten_epochs
from validators.scoring.trust_v3.explanation import sentence
from validators.scoring.wording import risk_percent
from validators.services.scores.methods import method_of

# More would be the whole explanation, which is there as well.
MOST_COSTS: Final = 4
# Points; what is less is not named.
LEAST_COST: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """Of a bad next epoch, how far what is unknown could move it, and of a bad one within ten; as text."""

    next: str
    low: str
    high: str
    within_ten: str

    @property
    def is_open(self) -> bool:
        return self.low != self.high


def is_explained(run: ScoringRun) -> bool:
    """Whether its method is known in the version that it was made with."""
    method = method_of(run.method, run.version)
    return method is not None and method.version == run.version


def explained(run: ScoringRun | None, components: Any) -> list[Part]:
    """The parts of a score in words; none for a method, or a version of one, that is no longer known."""
    method = method_of(run.method, run.version) if run else None
    if run is None or method is None or not components or method.version != run.version:
        return []
    return method.explain(components)


def costs(parts: Sequence[Part]) -> list[Part]:
    """Those that take most from a score, the most first."""
    costly = [part for part in parts if part.shortfall >= LEAST_COST]
    return sorted(costly, key=lambda part: -part.shortfall)[:MOST_COSTS]


def verdict(run: ScoringRun | None, score: float | None, components: Any, parts: Sequence[Part]) -> str:
    """One sentence, of a score that has these parts; empty where there is no score."""
    if run is None or score is None:
        return ""
    if run.method == "trust-v3" and parts:
        return sentence(score, components)
    return f"{run.method} gives it {decimal(score, 2)} of 100 points."


def risk_told(components: Any) -> Risk | None:
    """None for a method that gives none."""
    risk = components.get("risk") if components else None
    within_ten = risk_of_ten_epochs(risk)
    if risk is None or within_ten is None:
        return None
    low, high = components.get("risk_low"), components.get("risk_high")
    return Risk(
        next=risk_percent(risk),
        low=risk_percent(risk if low is None else low),
        high=risk_percent(risk if high is None else high),
        within_ten=risk_percent(within_ten),
    )
