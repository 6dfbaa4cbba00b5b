"""What the pages, commands and scoring read."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from validators.bulk import read_rows
from validators.exceptions import PictureChangedError
from validators.models import Fetch, ScoringRun, TrustScore, Validator, ValidatorEpoch
from validators.scoring.facts import ClusterFacts, EpochFacts, ValidatorFacts

# Fetches are seconds apart and reading takes a fraction of one, so a second try is rare and a fifth a fault.
MOST_READINGS: Final = 5
# How many complete epochs a method may look at.
EPOCHS_READ: Final = 5


def cluster_facts() -> ClusterFacts | None:
    """What the newest fetch left, for scoring; None before the first. All of one fetch, without a lock.

    A fetch becomes visible in one instant, so when the newest is the same before and after the
    reading, so is everything between. Raises PictureChangedError when it never is.
    """
    for _ in range(MOST_READINGS):
        fetch = Fetch.objects.newest()
        if fetch is None:
            return None
        facts = _facts_of(fetch)
        if Fetch.objects.newest() == fetch:
            return facts
    raise PictureChangedError(f"A fetch was stored during each of {MOST_READINGS} readings of the newest one")


def _facts_of(fetch: Fetch) -> ClusterFacts:
    history: defaultdict[int, list[EpochFacts]] = defaultdict(list)
    rows = ValidatorEpoch.objects.filter(epoch__gte=fetch.epoch - EPOCHS_READ, epoch__lte=fetch.epoch)
    columns = ("epoch", "credits", "credits_unit", "activated_stake", "validator_id")
    for epoch, credits, unit, stake, key in read_rows(rows.values_list(*columns)):
        history[key].append(EpochFacts(epoch, credits, unit, stake))
    staked = Validator.objects.present().filter(activated_stake__gt=0)
    fields = ("pk", "vote_account", "activated_stake", "commission_bps", "delinquent")
    validators = [
        ValidatorFacts(key, vote_account, stake, bps, bool(delinquent), history.pop(key, []))
        for key, vote_account, stake, bps, delinquent in read_rows(staked.values_list(*fields))
    ]
    others = [row for epochs in history.values() for row in epochs]
    return ClusterFacts(fetch.pk, fetch.epoch, fetch.slot_index / fetch.slots_in_epoch, validators, others)


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
