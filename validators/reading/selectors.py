"""What the commands show."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from validators.models import ScoringRun, TrustScore, Validator
from validators.reading.admission import admission_document
from validators.reading.picture import current_picture
from validators.reading.rewards import reward_of_100_sol
from validators.scoring.ten_epochs import risk_of_ten_epochs


@dataclass(frozen=True, slots=True)
class RankedValidator:
    """A present validator with its newest score; rank, score and vote_performance are None without one."""

    rank: int | None
    vote_account: str
    identity: str
    name: str
    name_mark: str | None
    score: float | None
    activated_stake: int
    commission_bps: int | None
    delinquent: bool
    vote_performance: float | None
    apy: float | None
    apy_basis: str | None
    risk: float | None
    risk_ten_epochs: float | None
    reward_of_100_sol: str | None
    admission: dict[str, Any]


def ranked_validators(limit: int) -> list[RankedValidator]:
    """The present validators by the headline method's newest run, best first; without a score, last."""
    run = current_picture().scoring_run
    rows = [] if run is None else list(_present_scores(run)[:limit])
    risks = _risks([row.validator_id for row in rows])
    scored = [_with_score(row, risks.get(row.validator_id)) for row in rows]
    rest = limit - len(scored)
    return scored + list(map(_without_score, _present_unscored(run)[:rest])) if rest else scored


def _present_scores(run: ScoringRun) -> Any:
    related = ("validator", "validator__vote_state")
    return run.scores.filter(validator__left_at=None).by_rank().select_related(*related)


def _present_unscored(run: ScoringRun | None) -> Any:
    rows = (
        Validator.objects.present().order_by("-activated_stake", "vote_account").select_related("vote_state")
    )
    return rows if run is None else rows.exclude(pk__in=run.scores.values("validator_id"))


def _risks(validators: list[int]) -> dict[int, float]:
    """The probability of a bad next epoch, by the newest run of the first method that gives one."""
    for method in settings.SCORE_METHODS:
        run = ScoringRun.objects.completed().filter(method=method).newest()
        scores = TrustScore.objects.filter(run=run, validator_id__in=validators) if run else ()
        found = {score.validator_id: score.components.get("risk") for score in scores}
        if any(risk is not None for risk in found.values()):
            return {key: risk for key, risk in found.items() if risk is not None}
    return {}


def _with_score(row: TrustScore, risk: float | None) -> RankedValidator:
    performance = row.components.get("vote_performance")
    return _ranked(row.validator, rank=row.rank, score=row.score, performance=performance, risk=risk)


def _without_score(validator: Validator) -> RankedValidator:
    return _ranked(validator, rank=None, score=None, performance=None, risk=None)


def _ranked(
    validator: Validator,
    *,
    rank: int | None,
    score: float | None,
    performance: float | None,
    risk: float | None,
) -> RankedValidator:
    state = getattr(validator, "vote_state", None)
    return RankedValidator(
        rank,
        validator.vote_account,
        validator.identity,
        validator.name,
        validator.name_mark or None,
        score,
        validator.activated_stake,
        validator.commission_bps,
        validator.delinquent,
        performance,
        validator.apy,
        validator.apy_basis or None,
        risk,
        risk_of_ten_epochs(risk),
        reward_of_100_sol(validator.apy),
        admission_document(state.after_next, state.next_epoch, state.reason, state.epochs_paid)
        if state
        else admission_document(None, None, None, None),
    )
