"""What the commands show."""

from dataclasses import dataclass
from typing import Any

from validators.models import ScoringRun, TrustScore, Validator


@dataclass(frozen=True, slots=True)
class RankedValidator:
    """A present validator with its newest score; rank, score and vote_performance are None without one."""

    rank: int | None
    vote_account: str
    identity: str
    name: str
    score: float | None
    activated_stake: int
    commission_bps: int | None
    delinquent: bool
    vote_performance: float | None


def ranked_validators(limit: int) -> list[RankedValidator]:
    """The present validators by the newest completed run, best first; those without a score come last."""
    run = ScoringRun.objects.completed().newest()
    scored = [] if run is None else list(map(_with_score, _present_scores(run)[:limit]))
    rest = limit - len(scored)
    return scored + list(map(_without_score, _present_unscored(run)[:rest])) if rest else scored


def _present_scores(run: ScoringRun) -> Any:
    return run.scores.filter(validator__left_at=None).by_rank().select_related("validator")


def _present_unscored(run: ScoringRun | None) -> Any:
    rows = Validator.objects.present().order_by("-activated_stake", "vote_account")
    return rows if run is None else rows.exclude(pk__in=run.scores.values("validator_id"))


def _with_score(row: TrustScore) -> RankedValidator:
    validator = row.validator
    return RankedValidator(
        row.rank,
        validator.vote_account,
        validator.identity,
        validator.name,
        row.score,
        validator.activated_stake,
        validator.commission_bps,
        validator.delinquent,
        row.components.get("vote_performance"),
    )


def _without_score(validator: Validator) -> RankedValidator:
    return RankedValidator(
        None,
        validator.vote_account,
        validator.identity,
        validator.name,
        None,
        validator.activated_stake,
        validator.commission_bps,
        validator.delinquent,
        None,
    )
