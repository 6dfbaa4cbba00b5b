"""What the public pages show, read in a fixed number of queries each."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils import timezone

from validators.models import (
    CommissionChange,
    ScoringRun,
    TrustScore,
    ValidatorEpoch,
)
from validators.monitoring.readiness import stale_data
from validators.reading.admission import Operator, admission_sentences, operator_of
from validators.reading.explanations import explained
from validators.reading.histories import (
    Events,
    ValidatorHistory,
    events_of,
    validator_history,
)
from validators.reading.picture import Picture
from validators.reading.standings import standings
from validators.scoring.facts import Part

# Scores that a sparkline shows.
SPARK_SCORES: Final = 24
# A change of commission stands beside it for this long.
CHANGE_EPOCHS: Final = 10
MOST_COMPARED: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingRow:
    """A validator as the list shows it; the scores are oldest first."""

    validator: Any
    scores: Sequence[float]
    change: CommissionChange | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatorStory:
    """Everything a validator's page tells; `validator` carries the annotations of the standings."""

    validator: Any
    parts: Sequence[Part]
    history: ValidatorHistory
    epochs: Sequence[ValidatorEpoch]
    events: Events
    operator: Operator | None
    admission: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedValidator:
    """As `ValidatorStory`, without the past."""

    validator: Any
    parts: Sequence[Part]


def staleness() -> str:
    """What is wrong with the age of the data, or nothing."""
    return stale_data(now=timezone.now())


def standing_rows(validators: Iterable[Any], picture: Picture) -> list[StandingRow]:
    """Of one page of validators. Three queries."""
    shown = list(validators)
    keys = [validator.pk for validator in shown]
    scores, changes = _recent_scores(keys, picture), _recent_changes(keys, picture)
    return [
        StandingRow(validator=one, scores=scores.get(one.pk, ()), change=changes.get(one.pk)) for one in shown
    ]


def validator_story(vote_account: str, picture: Picture) -> ValidatorStory | None:
    """None for a vote account that no fetch ever saw."""
    validator: Any = standings(picture, narrowing=None).filter(vote_account=vote_account).first()
    if validator is None:
        return None
    run = picture.scoring_run
    history = validator_history(validator, method=run.method if run else None)
    operator = operator_of(validator)
    events = events_of(validator.pk)
    return ValidatorStory(
        validator=validator,
        parts=explained(run, validator.components),
        history=history,
        epochs=history.epochs,
        events=events,
        operator=operator,
        admission=admission_sentences(operator.state, now=timezone.now()) if operator else (),
    )


def compared(vote_accounts: Sequence[str], picture: Picture) -> list[ComparedValidator]:
    """Up to four known validators, in the order they were named. Two queries."""
    found: Any = standings(picture, narrowing=None).filter(vote_account__in=vote_accounts)
    known = {validator.vote_account: validator for validator in found}
    wanted = [known[one] for one in dict.fromkeys(vote_accounts) if one in known][:MOST_COMPARED]
    return [
        ComparedValidator(validator=one, parts=explained(picture.scoring_run, one.components))
        for one in wanted
    ]


def chart_of(story: ValidatorStory) -> dict[str, list[Any]]:
    """Performance and commission in percent by epoch, oldest first, for the charts."""
    rows = list(reversed(story.epochs))
    bps = [row.commission_last_bps for row in rows]
    return {
        "epoch": [row.epoch for row in rows],
        "performance": [None if row.vote_performance is None else row.vote_performance * 100 for row in rows],
        "commission": [None if one is None else one / 100 for one in bps],
    }


def _recent_scores(keys: Sequence[int], picture: Picture) -> dict[int, list[float]]:
    run = picture.scoring_run
    if run is None:
        return {}
    same = ScoringRun.objects.completed().filter(method=run.method, pk__lte=run.pk)
    runs = list(same.order_by("-pk").values_list("pk", flat=True)[:SPARK_SCORES])
    found = TrustScore.objects.filter(validator_id__in=keys, run_id__in=runs).order_by("run_id")
    scores: defaultdict[int, list[float]] = defaultdict(list)
    for key, score in found.values_list("validator_id", "score"):
        scores[key].append(score)
    return scores


def _recent_changes(keys: Sequence[int], picture: Picture) -> dict[int, CommissionChange]:
    """The newest change of each within the last epochs."""
    since = (picture.epoch or 0) - CHANGE_EPOCHS
    changes = CommissionChange.objects.filter(validator_id__in=keys, epoch__gt=since)
    return {change.validator_id: change for change in reversed(changes.newest_first())}
