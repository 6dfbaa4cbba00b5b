"""A score's parts in words."""

from typing import Any

from validators.models import ScoringRun
from validators.scoring.facts import Part
from validators.scoring.registry import METHODS


def explained(run: ScoringRun | None, components: Any) -> list[Part]:
    """The parts of a score in words; none for a method, or a version of one, that is no longer known."""
    method = METHODS.get(run.method) if run else None
    if run is None or method is None or not components or method.version != run.version:
        return []
    return method.explain(components)
