"""A score's parts in words."""

from typing import Any

from validators.models import ScoringRun
from validators.scoring.facts import Part
from validators.services.scores.methods import method_of


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
