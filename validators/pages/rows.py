"""What the list and the comparison show of validators, read in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils import timezone

from validators.models import (
    CommissionChange,
    ScoringRun,
    TrustScore,
)
from validators.monitoring.readiness import stale_picture
from validators.reading.commissions import without_there_and_back
from validators.reading.explanations import Risk, explained, risk_told
from validators.reading.flags import with_flags
from validators.reading.histories import EPOCHS_SHOWN
from validators.reading.picture import Picture
from validators.reading.rewards import HUNDRED_SOL, Nothing, kept_then_of, nothing_of
from validators.reading.standings import standings
from validators.scoring.facts import Part
from validators.solana.economics import yearly_reward

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
class ComparedValidator:
    """What the comparison tells of each; `validator` carries the annotations of the standings."""

    validator: Any
    parts: Sequence[Part]
    risk: Risk | None
    reward: int | None
    nothing: Nothing | None
    kept_then: str


def staleness() -> str:
    """What is wrong with the age of the data, or nothing: all that pages say of the clock.

    Whoever keeps a page asks for it again. How old something is the browser says (`ages.js`).
    """
    return stale_picture(now=timezone.now())


def standing_rows(validators: Iterable[Any], picture: Picture) -> list[StandingRow]:
    """Of one page of validators. Five queries, and two where one has a commission flag."""
    shown = with_flags(list(validators))
    keys = [validator.pk for validator in shown]
    scores, changes = _recent_scores(keys, picture), _recent_changes(keys, picture)
    return [
        StandingRow(validator=one, scores=scores.get(one.pk, ()), change=changes.get(one.pk)) for one in shown
    ]


def compared(vote_accounts: Sequence[str], picture: Picture) -> list[ComparedValidator]:
    """Up to four known validators, in the order they were named.

    Two queries, four for flags, and one where an APY was realised.
    """
    found: Any = standings(picture, narrowing=None).filter(vote_account__in=vote_accounts)
    known = {validator.vote_account: validator for validator in found}
    wanted = [known[one] for one in dict.fromkeys(vote_accounts) if one in known][:MOST_COMPARED]
    kept = kept_then_of(wanted, since=(picture.epoch or 0) - EPOCHS_SHOWN)
    return [
        ComparedValidator(
            validator=one,
            parts=explained(picture.scoring_run, one.components),
            risk=risk_told(one.components),
            reward=yearly_reward(HUNDRED_SOL, one.apy),
            nothing=nothing_of(one),
            kept_then="" if one.apy is None else kept.get(one.pk, ""),
        )
        for one in with_flags(wanted)
    ]


def _recent_scores(keys: Sequence[int], picture: Picture) -> dict[int, list[float]]:
    run = picture.scoring_run
    if run is None:
        return {}
    same = ScoringRun.objects.completed().filter(method=run.method, pk__lte=run.pk)
    runs = list(same.order_by("-pk").values_list("pk", flat=True)[:SPARK_SCORES])
    found = TrustScore.objects.filter(validator_id__in=keys, run_id__in=runs)
    scores: defaultdict[int, list[float]] = defaultdict(list)
    # Ordered here: for the order of the runs SQLite reads the scores of everybody.
    for _, key, score in sorted(found.values_list("run_id", "validator_id", "score")):
        scores[key].append(score)
    return scores


def _recent_changes(keys: Sequence[int], picture: Picture) -> dict[int, CommissionChange]:
    """The newest change of each within the last epochs."""
    since = (picture.epoch or 0) - CHANGE_EPOCHS
    changes = CommissionChange.objects.filter(validator_id__in=keys, epoch__gt=since)
    by_validator: defaultdict[int, list[CommissionChange]] = defaultdict(list)
    for change in reversed(changes.newest_first()):
        by_validator[change.validator_id].append(change)
    standing = {key: without_there_and_back(those) for key, those in by_validator.items()}
    return {key: those[-1] for key, those in standing.items() if those}
