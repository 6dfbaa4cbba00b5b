"""Computing a stored run again from its stored inputs, and comparing to the last digit."""

from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json, to_json

from validators.exceptions import ValidatorsError
from validators.models import ScoringRun
from validators.scoring.facts import Assessment
from validators.scoring.registry import METHODS, order, ranked, ranks
from validators.scoring.stored_inputs import unpacked
from validators.services.scores.methods import method_of


class RunNotComputableError(ValidatorsError):
    """There is no such run or method, or the run has no inputs that the method could read."""


@dataclass(frozen=True, slots=True)
class Again:
    """A recomputation. `compared_with` is the stored run of that method on the same inputs.

    Without one there is nothing to compare, and `equal` is None. `differing` are the vote
    accounts whose score, rank or components are not what was stored.
    """

    run: int
    method: str
    version: str
    compared_with: int | None
    stored_version: str | None
    equal: bool | None
    differing: list[str]
    best_first: list[Assessment]


def score_again(run_id: int, *, method_name: str | None = None) -> Again:
    """The run's own method, or another one, on the inputs of the run. Raises RunNotComputableError."""
    run = ScoringRun.objects.told().filter(pk=run_id).select_related("inputs").first()
    if run is None:
        raise RunNotComputableError(f"there is no scoring run {run_id}")
    if run.inputs is None:
        raise RunNotComputableError(f"scoring run {run_id} ({run.status}) has no stored inputs")
    name = method_name or run.method
    stored = run if name == run.method else _sibling(run, name)
    method = method_of(name, stored.version if stored else "")
    if method is None:
        raise RunNotComputableError(f"{name!r} is none of: {', '.join(METHODS)}")
    cluster = unpacked(bytes(run.inputs.body))
    if method.reads_past and cluster.skip_rates is None:
        raise RunNotComputableError(
            f"scoring run {run_id} was given no history, and {method.name} needs some"
        )
    best_first = ranked(method.assess(cluster))
    differing = [] if stored is None else _differing(stored, best_first)
    return Again(
        run_id,
        method.name,
        method.version,
        stored.pk if stored else None,
        stored.version if stored else None,
        None if stored is None else not differing,
        differing,
        best_first,
    )


def _sibling(run: ScoringRun, method: str) -> ScoringRun | None:
    return ScoringRun.objects.completed().filter(inputs=run.inputs, method=method).order_by("pk").last()


def _differing(stored: ScoringRun, best_first: list[Assessment]) -> list[str]:
    """Vote accounts that only one side scored, or that the two scored differently."""
    columns = ("validator__vote_account", "rank", "score", "components")
    before: dict[str, tuple[Any, ...]] = {row[0]: row[1:] for row in stored.scores.values_list(*columns)}
    # Through JSON, as the stored components went.
    now = {
        one.validator.vote_account: (rank, one.score, from_json(to_json(one.components)))
        for rank, one in zip(ranks(map(order, best_first)), best_first, strict=True)
    }
    return sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
