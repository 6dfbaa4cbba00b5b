"""Two scoring methods side by side: which validators they place apart, and why."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db.models import F, TextField, Window
from django.db.models.functions import Cast, RowNumber

from scheduling.api.unknown import there_is_no
from validators.exceptions import ValidatorsError
from validators.models import ScoringRun, TrustScore, Validator
from validators.reading.explanations import explained, is_explained
from validators.reading.picture import Picture, current_picture
from validators.reading.standings import called
from validators.reading.terms import with_marks
from validators.scoring.comparison import Pair, Reason, middle, reasons, sampled_places
from validators.scoring.registry import METHODS
from validators.services.bulk import read_rows

# Run, validator -> the components of that score.
Components = Mapping[tuple[int, int], Any]
Middle = Mapping[str, float]


class MethodChoiceError(ValidatorsError):
    """Two methods that cannot be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodChoice:
    """The names of two methods that are not the same."""

    method: str
    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodComparison:
    """The newest completed run of each of two methods; `pairs` are all that either scored, in no order."""

    picture: Picture
    other_run: ScoringRun | None
    pairs: Sequence[Pair]

    @property
    def methods(self) -> tuple[str | None, str | None]:
        """Their names; None where there is no run."""
        run, other = self.picture.scoring_run, self.other_run
        return (run.method if run else None, other.method if other else None)

    @property
    def is_possible(self) -> bool:
        return self.picture.scoring_run is not None and self.other_run is not None

    @property
    def of_one_fetch(self) -> bool:
        """Whether both judged the same picture; else some differences are the time between."""
        run, other = self.picture.scoring_run, self.other_run
        if run is None or other is None:
            return False
        return run.fetch_id is not None and run.fetch_id == other.fetch_id

    @property
    def unexplained(self) -> list[str]:
        """The methods whose runs are of a version that is no longer explained."""
        runs = (self.picture.scoring_run, self.other_run)
        return [run.method for run in runs if run and not is_explained(run)]

    def missing(self, choice: MethodChoice) -> list[str]:
        """The methods chosen that no completed run is stored of."""
        runs = {choice.method: self.picture.scoring_run, choice.other: self.other_run}
        return [name for name, run in runs.items() if run is None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedByMethods:
    """A validator, its places by both, and what moves it most in each."""

    validator: Validator
    pair: Pair
    reasons: Sequence[Reason]
    other_reasons: Sequence[Reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherVerdict:
    """What another method says of a validator; `pair` has that method's rank and score as the other ones."""

    run: ScoringRun
    pair: Pair
    reasons: Sequence[Reason]
    other_reasons: Sequence[Reason]


def known_methods() -> list[str]:
    """Those that every run computes, the headline method first, then the others that there are."""
    return list(dict.fromkeys([*settings.SCORE_METHODS, *METHODS]))


def chosen_methods(method: str | None, other: str | None) -> MethodChoice:
    """What is not named is the first that is left. Raises MethodChoiceError."""
    for name in (method, other):
        if name and name not in METHODS:
            raise MethodChoiceError(f"{there_is_no(name, METHODS, kind='scoring method')}.")
    if method and method == other:
        raise MethodChoiceError(
            f"“{method}” cannot be compared with itself. There are: {', '.join(METHODS)}."
        )
    first = method or next(name for name in known_methods() if name != other)
    return MethodChoice(method=first, other=other or next(name for name in known_methods() if name != first))


def setting_to_compare(choice: MethodChoice) -> str:
    """What SCORE_METHODS must be for the next run to compute both; empty when it is that already."""
    wanted = list(dict.fromkeys([*settings.SCORE_METHODS, choice.method, choice.other]))
    return "" if wanted == settings.SCORE_METHODS else ",".join(wanted)


def current_comparison(choice: MethodChoice) -> MethodComparison:
    """Of the newest completed runs. Four queries."""
    other_run = ScoringRun.objects.completed().filter(method=choice.other).newest()
    return comparison_of(current_picture(choice.method), other_run)


def comparison_of(picture: Picture, other_run: ScoringRun | None) -> MethodComparison:
    """Of two runs; without either there is nothing to compare. One query."""
    run = picture.scoring_run
    pairs = _pairs(run.pk, other_run.pk) if run and other_run else []
    return MethodComparison(picture=picture, other_run=other_run, pairs=pairs)


def found_pairs(pairs: Sequence[Pair], search: str) -> Sequence[Pair]:
    """Those whose name or key holds these words, in the same order. A query if there are words."""
    if not search:
        return pairs
    keys = set(Validator.objects.filter(called(search)).values_list("pk", flat=True))
    return [pair for pair in pairs if pair.key in keys]


def with_reasons(comparison: MethodComparison, pairs: Sequence[Pair]) -> list[ComparedByMethods]:
    """Some pairs of a comparison with their validators, explained. Four queries."""
    run, other = comparison.picture.scoring_run, comparison.other_run
    if run is None or other is None:
        return []
    # Not in_bulk, which asks SQLite once more for each thousand.
    found = Validator.objects.filter(pk__in=[pair.key for pair in pairs])
    validators = {validator.pk: validator for validator in with_marks(list(found))}
    components = _components([run.pk, other.pk], list(validators))
    usual, other_usual = middle_of(run), middle_of(other)
    return [
        ComparedByMethods(
            validator=validators[pair.key],
            pair=pair,
            reasons=_reasons(run, components.get((run.pk, pair.key)), usual),
            other_reasons=_reasons(other, components.get((other.pk, pair.key)), other_usual),
        )
        for pair in pairs
    ]


def other_verdicts(validator: Any, picture: Picture) -> list[OtherVerdict]:
    """What every other method of SCORE_METHODS says of a validator that carries the annotations of the
    standings. A query, and three for each other method."""
    run = picture.scoring_run
    others = [name for name in settings.SCORE_METHODS if run is not None and name != run.method]
    if run is None or not others:
        return []
    own = _reasons(run, validator.components, middle_of(run))
    found = (_verdict(name, validator, own) for name in others)
    return [verdict for verdict in found if verdict is not None]


def middle_of(run: ScoringRun) -> Middle:
    """The points that each part lacks in the middle of a run. One query."""
    # Not by rank, which equals share; and by key, so that components are read of these alone.
    place = Window(RowNumber(), order_by=[F("rank").asc(), F("pk").asc()])
    ranked = TrustScore.objects.filter(run=run).annotate(place=place)
    sample = TrustScore.objects.filter(
        pk__in=ranked.filter(place__in=sampled_places(run.scored_count)).values("pk")
    )
    texts = sample.order_by("pk").annotate(text=Cast("components", TextField()))
    return _middle(run.method, run.version, tuple(texts.values_list("text", flat=True)))


# A run of each method, and those of before while a new one is made.
@lru_cache(maxsize=8)
def _middle(method: str, version: str, texts: Sequence[str]) -> Middle:
    """Kept by all that it is made of: every page of the same run asks for it."""
    run = ScoringRun(method=method, version=version)
    return middle([explained(run, json.loads(text)) for text in texts])


def _verdict(method: str, validator: Any, own: Sequence[Reason]) -> OtherVerdict | None:
    run = ScoringRun.objects.completed().filter(method=method).newest()
    if run is None:
        return None
    score = TrustScore.objects.filter(run=run, validator_id=validator.pk).first()
    if score is None:
        return None
    return OtherVerdict(
        run=run,
        pair=Pair(
            *(validator.pk, validator.rank, validator.score, score.rank, score.score),
            vote_account=validator.vote_account,
        ),
        reasons=own,
        other_reasons=_reasons(run, score.components, middle_of(run)),
    )


def _reasons(run: ScoringRun, components: Any, usual: Middle) -> list[Reason]:
    return reasons(explained(run, components), usual)


def _pairs(run: int, other: int) -> list[Pair]:
    rows = TrustScore.objects.filter(run_id__in=[run, other]).values_list(
        "run_id", "validator_id", "rank", "score", "validator__vote_account"
    )
    placed: dict[int, dict[int, tuple[int, float]]] = {run: {}, other: {}}
    accounts: dict[int, str] = {}
    for key, validator, rank, score, account in read_rows(rows):
        placed[key][validator] = (rank, score)
        accounts[validator] = account
    nowhere = (None, None)
    first, second = placed[run], placed[other]
    return [
        Pair(key, *first.get(key, nowhere), *second.get(key, nowhere))._replace(vote_account=account)
        for key, account in accounts.items()
    ]


def _components(runs: Sequence[int], validators: Iterable[int]) -> Components:
    scores = TrustScore.objects.filter(run_id__in=runs, validator_id__in=validators)
    return {
        (run, validator): components
        for run, validator, components in scores.values_list("run_id", "validator_id", "components")
    }
