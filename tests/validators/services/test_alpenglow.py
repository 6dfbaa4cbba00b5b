"""A cluster that moves its votes off the chain while we watch: every number right on both sides."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from validators import tasks
from validators.models import ClusterEpoch, Fetch, ScoringRun, TrustScore, Validator, ValidatorEpoch
from validators.simulator.clock import FIRST_EPOCH, ORIGIN
from validators.simulator.economy import epoch_pool
from validators.simulator.running import running_cluster
from validators.simulator.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.database]

# Of slots that last the 400 ms which the simulated cluster pays for.
EPOCH_SECONDS = 172_800.0
SPLIT = FIRST_EPOCH + 12
APPLIED = ("validator_id", "commission_last_bps")


@pytest.fixture
def migrating(settings: Any) -> Iterator[Any]:
    """Fetches at a place of the chain, as (epoch, share of it passed), from a cluster that migrates."""
    moment = [ORIGIN.timestamp()]
    with running_cluster(
        validators=60, epoch_seconds=EPOCH_SECONDS, alpenglow_epoch=SPLIT, clock=lambda: moment[0]
    ) as url:
        settings.SOLANA_RPC_URLS = [url]

        def fetch_at(epoch: int, share: float) -> dict[str, Any]:
            moment[0] = ORIGIN.timestamp() + (epoch - FIRST_EPOCH + share) * EPOCH_SECONDS
            with time_machine.travel(moment[0], tick=False):
                result = tasks.fetch_validators()
                if not ClusterEpoch.objects.filter(epoch=epoch, total_supply__isnull=False).exists():
                    tasks.fetch_inflation()
                tasks.score_validators()
            return result

        yield fetch_at


def performances(epoch: int) -> list[float]:
    """Of the steady: with stake for long, and never away."""
    mean = ClusterEpoch.objects.get(epoch=epoch).mean_credits
    assert mean is not None
    rows = ValidatorEpoch.objects.filter(epoch=epoch, activated_stake__gt=0, credits__gt=0)
    lamports = {row.credits_unit for row in rows} == {"lamports"}
    return [(row.credits or 0) / ((row.activated_stake or 0) if lamports else 1) / mean for row in rows]


def test_numbers_are_right_on_both_sides_of_the_migration(migrating: Any) -> None:
    for epoch in range(SPLIT - 2, SPLIT + 8):
        for share in (0.2, 0.7, 0.95):
            result = migrating(epoch, share)
            assert (result["rejected"], result["epoch"]) == (0, epoch)

    units = dict(ClusterEpoch.objects.values_list("epoch", "credits_unit"))
    assert all((units[epoch] == "lamports") == (epoch >= SPLIT) for epoch in units)
    migration = ValidatorEpoch.objects.filter(epoch=SPLIT, credits_before_split__gt=0)
    assert migration.count() > 45
    assert set(migration.values_list("credits_unit", flat=True)) == {"lamports"}
    assert not migration.filter(credits_before_split__gt=432_000 * 16 // 2).exists()
    before = ValidatorEpoch.objects.filter(epoch__lt=SPLIT).values_list("credits", "credits_unit")
    assert all(unit == "vote_credits" and (credits or 0) <= 432_000 * 16 for credits, unit in before)
    for epoch in (*range(SPLIT - 2, SPLIT), *range(SPLIT + 1, SPLIT + 7)):
        shares = sorted(performances(epoch))
        assert 0.97 < shares[len(shares) // 2] < 1.05, epoch
        assert shares[-1] < 1.2, epoch
    assert {fetch.split_epoch for fetch in Fetch.objects.all()} == {None, SPLIT}


def paid(epoch: int) -> tuple[float, float]:
    """Of those whose return is known: what they were paid by it before commission, and what they earned."""
    rows = ValidatorEpoch.objects.filter(epoch=epoch, estimated_return__isnull=False, activated_stake__gt=0)
    lamports = ClusterEpoch.objects.get(epoch=epoch).credits_unit == "lamports"
    by_return = earned = 0.0
    commissions = dict(ValidatorEpoch.objects.filter(epoch=epoch - 2).values_list(*APPLIED))
    for row in rows:
        bps = commissions[row.validator_id] or 0
        if bps < 10_000:
            by_return += (row.estimated_return or 0) / (1 - bps / 10_000) * (row.activated_stake or 0)
            earned += (row.credits or 0) * (1 if lamports else row.activated_stake or 0)
    return by_return, earned


def test_returns_hold_on_across_the_migration_and_are_unknown_in_its_epoch(migrating: Any) -> None:
    # A commission applies two epochs later, so the returns of the first two are unknown.
    for epoch in range(SPLIT - 4, SPLIT + 4):
        migrating(epoch, 0.2)
        migrating(epoch, 0.9)

    assert paid(SPLIT) == (0, 0)
    for epoch in (SPLIT - 2, SPLIT - 1):
        by_return, credits = paid(epoch)
        points = ClusterEpoch.objects.get(epoch=epoch).credit_stake_sum
        assert points is not None
        assert by_return == pytest.approx(epoch_pool(World(), epoch) * credits / points, rel=1e-6)
        assert credits > 0.7 * points
    for epoch in (SPLIT + 1, SPLIT + 2):
        by_return, lamports = paid(epoch)
        assert by_return == pytest.approx(lamports, rel=1e-6)
        everybody = ValidatorEpoch.objects.filter(epoch=epoch).values_list("credits", flat=True)
        # What nobody votes for is paid to nobody.
        assert 0.88 < sum(credits or 0 for credits in everybody) / epoch_pool(World(), epoch) <= 1


def test_scores_hold_on_across_the_migration(migrating: Any) -> None:
    scores: dict[int, dict[str, float]] = {}
    for epoch in range(SPLIT - 1, SPLIT + 4):
        migrating(epoch, 0.2)
        migrating(epoch, 0.9)
        run = ScoringRun.objects.completed().filter(method="baseline-v1").newest()
        found = TrustScore.objects.filter(run=run).values_list("validator__vote_account", "score")
        scores[epoch] = dict(found)

    five_percent = Validator.objects.filter(left_at=None, commission_bps=500)
    steady = [
        [found[account] for found in scores.values()]
        for account in five_percent.values_list("vote_account", flat=True)
        if all(account in found for found in scores.values())
    ]
    moves = [max(row) - min(row) for row in steady]
    assert len(moves) > 5
    assert sorted(moves)[len(moves) // 2] < 2


def test_a_fetch_that_never_saw_the_migration_knows_it_by_the_numbers(migrating: Any) -> None:
    result = migrating(SPLIT + 20, 0.5)

    assert result["rejected"] == 0
    staked = ValidatorEpoch.objects.filter(activated_stake__gt=0, credits__gt=0)
    assert set(staked.values_list("credits_unit", flat=True)) == {"lamports"}
    assert ScoringRun.objects.filter(status=ScoringRun.Status.COMPLETED).exists()
