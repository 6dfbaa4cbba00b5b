"""Rows as fetches and scoring runs leave them, for the tests of the pages."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from validators.models import (
    ChainState,
    ClusterEpoch,
    CommissionChange,
    DelinquencyIncident,
    Fetch,
    IdentityChange,
    PoolStake,
    ScoringRun,
    SourceState,
    StakePool,
    TrustScore,
    Validator,
    ValidatorEpoch,
    VoteState,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SOL = 1_000_000_000
# As baseline-v1 stores them.
COMPONENTS = {
    "vote_performance": 0.987,
    "epochs": 5,
    "commission_percent": 5.0,
    "commission_known": True,
    "subtracted_percent": 5.0,
    "delinquent": False,
    "earned_nothing": False,
    "no_history": False,
}


def fetch(*, stored_at: datetime = NOON, **fields: Any) -> Fetch:
    given: dict[str, Any] = {
        "endpoint": "http://127.0.0.1",
        "epoch": 990,
        "absolute_slot": 427_000_000,
        "slot_index": 100_000,
        "slots_in_epoch": 432_000,
        "validators_total": 1,
        "staked_total": SOL,
    }
    return Fetch.objects.create(started_at=stored_at, stored_at=stored_at, **(given | fields))


def validator(number: int, **fields: Any) -> Validator:
    given: dict[str, Any] = {
        "vote_account": f"vote{number}",
        "identity": f"node{number}",
        "activated_stake": number * SOL,
        "commission_bps": 500,
        "delinquent": False,
        "epoch_vote_account": True,
        "last_vote": 427_000_000,
        "first_seen_at": NOON,
        "last_seen_at": NOON,
    }
    return Validator.objects.create(**(given | fields))


def vote_state(of: Validator, **fields: Any) -> VoteState:
    """Its raw account as an ordinary one was read: let into both epochs, with tickets for three."""
    given: dict[str, Any] = {
        "state_version": "v4",
        "withdrawer": f"withdrawer of {of.vote_account}",
        "inflation_collector": of.vote_account,
        "block_collector": of.identity,
        "block_commission_bps": 10_000,
        "pending_rewards": 0,
        "bls_key": "present",
        "balance": 3 * SOL,
        "epoch": 990,
        "slot": 427_000_100,
        "looked_at": NOON,
        "next_epoch": "ok",
        "after_next": "ok",
        "epochs_paid": 3,
    }
    return VoteState.objects.create(validator=of, **(given | fields))


def pool(name: str, **fields: Any) -> StakePool:
    """One whose list was read in the running epoch."""
    given: dict[str, Any] = {
        "address": f"address of {name}",
        "name": name,
        "program": "SPoo1Ku8WFXoNDMHPsrGSTSG1Y47rzgn41SLUNakuHy",
        "mint": "mint",
        "total_lamports": 120 * SOL,
        "supply": 100 * SOL,
        "updated_epoch": 990,
        "active": 100 * SOL,
        "transient": 2 * SOL,
        "entries": 7,
        "strangers": 0,
        "is_there": True,
        "epoch": 990,
        "slot": 1,
        "looked_at": NOON,
        "found_at": NOON,
    }
    return StakePool.objects.create(**(given | fields))


def stake(of: StakePool, with_whom: Validator, active: int, **fields: Any) -> PoolStake:
    given = {"transient": 0, "epoch": 990, "updated_epoch": 990, "status": "active", "slot": 1}
    return PoolStake.objects.create(
        pool=of, validator=with_whom, active=active, looked_at=NOON, **(given | fields)
    )


def scoring_run(
    scores: Sequence[tuple[Validator, float]], *, at: datetime = NOON, **fields: Any
) -> ScoringRun:
    """A completed run that scored these validators; the order given is the order of the ranks."""
    given: dict[str, Any] = {
        "method": "baseline-v1",
        "version": "2",
        "epoch": 990,
        "status": ScoringRun.Status.COMPLETED,
        "scored_count": len(scores),
    }
    run = ScoringRun.objects.create(started_at=at, finished_at=at, **(given | fields))
    TrustScore.objects.bulk_create(
        TrustScore(run=run, validator=scored, score=score, rank=rank, components=COMPONENTS)
        for rank, (scored, score) in enumerate(scores, start=1)
    )
    return run


def history(of: Validator, *, epochs: int) -> None:
    """Epochs, and as many events of each kind, and a scoring run for each."""
    for number in range(epochs):
        at = NOON + timedelta(seconds=number)
        ValidatorEpoch.objects.create(
            validator=of, epoch=number, credits=6_900_000 + number, credits_unit="vote_credits", fetched_at=at
        )
        CommissionChange.objects.create(validator=of, epoch=number, from_bps=500, to_bps=1_000, seen_at=at)
        IdentityChange.objects.create(
            validator=of, epoch=number, from_identity="before", to_identity="after", seen_at=at
        )
        DelinquencyIncident.objects.create(validator=of, start_epoch=number, started_at=at, ended_at=at)
        scoring_run([(of, 90 + number / 100)], at=at)
        ClusterEpoch.objects.get_or_create(epoch=number, defaults={"credits_unit": "vote_credits"})
        pool = StakePool.objects.create(address=f"pool {number} of {of.pk}", program="program", found_at=at)
        stake = {"active": SOL, "transient": 0, "status": "active", "slot": 1, "looked_at": at}
        PoolStake.objects.create(pool=pool, validator=of, epoch=number, updated_epoch=number, **stake)
    SourceState.objects.get_or_create(source="votes", defaults={"last_success_at": NOON})
    ChainState.objects.get_or_create(pk=1, defaults={"looked_at": NOON})
    vote_state(of)
