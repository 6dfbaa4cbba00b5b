"""Fitting trust-v3 to this installation's own history, and using it only where that foresees more."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from scheduling.engine.execution import commit_with_run
from scheduling.exceptions import SkipRun
from validators.exceptions import ValidatorsError
from validators.figures import decimal
from validators.models import Refit
from validators.models.marks import Writer, mark_picture
from validators.scoring.backtest.judging import Judgement
from validators.scoring.backtest.running import backtest
from validators.scoring.backtest.truth import truth
from validators.scoring.facts import ScoringMethod
from validators.scoring.fitting.boosting import libraries
from validators.scoring.fitting.trust_v2 import Provenance
from validators.scoring.fitting.trust_v3 import examples, fit
from validators.scoring.timeline import Timeline
from validators.scoring.trust_v3.method import METHOD, method_with
from validators.scoring.trust_v3.tables import tables
from validators.services.memory import collector_paused
from validators.services.scores.methods import REFITTED, methods_in_use
from validators.services.scores.recorded import recorded_history

# The newest epochs, whose outcomes a candidate is judged by and has not seen.
JUDGED_EPOCHS: Final = 30
# So many before them at least: of fewer there is little to learn.
LEAST_EPOCHS: Final = 30
CANDIDATE: Final = "refit"
SHIPPED: Final = "shipped"
IN_USE: Final = "in use"
DIGEST_CHARS: Final = 6


class HistoryTooShortError(ValidatorsError):
    """There are too few epochs to learn from and to judge by."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How risks told what became of those alive. Less is better for the Brier score."""

    average_precision: float
    brier: float
    auc: float | None
    validators: int
    bad: int


@dataclass(frozen=True, slots=True)
class RefitSummary:
    """What a refit did: the result of its run."""

    method: str
    version: str
    fitted_to: int
    judged_to: int
    accepted: bool
    reason: str
    figures: dict[str, dict[str, Any]]


@collector_paused()
def refit_scores(
    *, now: datetime, dry_run: bool = False, progress: Callable[[str], None] = lambda _: None
) -> RefitSummary:
    """Fit to all but the newest 30 epochs, judge on those, and keep the record; minutes of work.

    An accepted one scores from then on. What was judged is what scores: it is not fitted again to the epochs
    that it was judged on. Stores nothing on a `dry_run`. Raises HistoryTooShortError, NoLibraryError, or a
    ValueError for a history in which nothing fails.
    """
    history = recorded_history(None)
    fitted_to, judged_to = _split(history)
    libraries()
    document = _fitted(history, fitted_to=fitted_to, now=now, progress=progress)
    figures = _figures(history, method_with(tables(document)), first=fitted_to, last=judged_to - 1)
    accepted, reason = verdict(figures, first=fitted_to + 1, last=judged_to)
    summary = RefitSummary(
        METHOD.name, document["version"], fitted_to, judged_to, accepted, reason,
        {name: asdict(one) for name, one in figures.items()},
    )  # fmt: skip
    if not dry_run:
        commit_with_run(lambda: _stored(summary, document, now))
    return summary


def refit_newest_history(*, now: datetime) -> dict[str, Any]:
    """The same as a run: its result, and a SkipRun while there is too little to learn from."""
    try:
        return asdict(refit_scores(now=now))
    except HistoryTooShortError as exc:
        raise SkipRun(str(exc)) from exc


def _split(history: Timeline) -> tuple[int, int]:
    first, last = min(history), max(history)
    judged_to = truth(history, first=first, last=last).last_known
    fitted_to = judged_to - JUDGED_EPOCHS
    known = sum(epoch <= fitted_to for epoch in history)
    if known < LEAST_EPOCHS:
        raise HistoryTooShortError(
            f"a refit needs {LEAST_EPOCHS} epochs to learn from and {JUDGED_EPOCHS} to be judged by, and of "
            f"the first there are {known}: import older ones with import_epochs, or wait"
        )
    return fitted_to, judged_to


def _fitted(
    history: Timeline, *, fitted_to: int, now: datetime, progress: Callable[[str], None]
) -> dict[str, Any]:
    first = min(history) + 1
    provenance = Provenance("this installation", first, fitted_to, f"{now:%Y-%m-%d}")
    document = fit(examples(history, first=first, last=fitted_to), provenance, progress=progress)
    learnt = {name: value for name, value in document.items() if name not in ("record", "version")}
    digest = sha256(json.dumps(learnt, sort_keys=True).encode()).hexdigest()[:DIGEST_CHARS]
    return {**document, "version": f"{METHOD.version}{REFITTED}{fitted_to}.{digest}"}


def _figures(history: Timeline, candidate: ScoringMethod, *, first: int, last: int) -> dict[str, Figures]:
    (in_use,) = methods_in_use([METHOD.name])
    asked = {CANDIDATE: candidate, SHIPPED: METHOD}
    if in_use.version not in (METHOD.version, candidate.version):
        asked[IN_USE] = in_use
    named = [replace(method, name=name) for name, method in asked.items()]
    result = backtest(history, named, epochs=range(first, last + 1))
    return {one.method: _alive(one.judgement) for one in result.methods}


def _alive(judged: Judgement) -> Figures:
    if "alive" not in judged.sets:
        raise HistoryTooShortError("nobody failed in the newest epochs, so nothing can be judged by them")
    alive = judged.sets["alive"]
    return Figures(alive.average_precision, alive.brier, alive.auc, alive.rows, alive.bad)


def verdict(figures: Mapping[str, Figures], *, first: int, last: int) -> tuple[bool, str]:
    """Whether the candidate beats each of the others, and why or why not in a sentence."""
    ours = figures[CANDIDATE]
    others = {name: one for name, one in figures.items() if name != CANDIDATE}
    beaten = [name for name, one in others.items() if _beats(ours, one)]
    against = ", ".join(
        f"{name} {decimal(one.average_precision, 4)} and {decimal(one.brier, 5)}"
        for name, one in others.items()
    )
    said = (
        f"outcomes of epochs {first} to {last}: average precision {decimal(ours.average_precision, 4)} "
        f"and Brier score {decimal(ours.brier, 5)}; {against}"
    )
    if METHOD.fitted_through is not None and first <= METHOD.fitted_through:
        said += f"; the shipped ones have learnt from mainnet's up to epoch {METHOD.fitted_through}"
    accepted = len(beaten) == len(others)
    return accepted, f"{'better in both' if accepted else 'not better in both'} on {said}"


def _beats(ours: Figures, other: Figures) -> bool:
    return ours.average_precision > other.average_precision and ours.brier < other.brier


def _stored(summary: RefitSummary, document: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The same history gives the same refit, which is kept once."""
    Refit.objects.get_or_create(
        method=summary.method,
        version=summary.version,
        defaults={
            "made_at": now,
            "fitted_to": summary.fitted_to,
            "judged_to": summary.judged_to,
            "accepted": summary.accepted,
            "reason": summary.reason,
            "figures": summary.figures,
            "coefficients": document if summary.accepted else None,
        },
    )
    mark_picture(Writer.REFITS)
    return asdict(summary)
