"""The cluster as a whole: stake, boundaries of epochs, and what stakers earned."""

import io
import itertools
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import call_command

from tests.conftest import RECORDED
from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.histories import file_of, line
from tests.validators.replies import EPOCH, SLOTS, SOL, epoch_credits
from validators import tasks
from validators.models import ClusterEpoch, Validator, ValidatorEpoch
from validators.services.returns import refresh_apy

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
FOLDER = RECORDED / "rpc" / "epoch990"
recorded_only = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recording is not there")


def at(epoch: int, slot_index: int) -> list[dict[str, Any]]:
    return [replies.epoch_info(epoch, slot_index)]


def cluster(epoch: int = EPOCH) -> ClusterEpoch:
    return ClusterEpoch.objects.get(epoch=epoch)


def test_stake_is_summed_by_who_holds_it_and_what_they_run(endpoint: CannedEndpoint) -> None:
    stakes = [40, 30, 20, 10, 0]
    endpoint.current = [replies.account(n, activatedStake=stake) for n, stake in enumerate(stakes)]
    nodes = [account["nodePubkey"] for account in endpoint.current]
    endpoint.results["getClusterNodes"] = [
        *(replies.node(nodes[0]), replies.node(nodes[1], "4.1.0")),
        replies.node(nodes[2], "0.1105.40200", clientId=None),
    ]
    tasks.fetch_validators()
    tasks.fetch_nodes()

    tasks.fetch_validators()

    row = cluster()
    assert (row.total_stake, row.validators, row.staked) == (100, 5, 4)
    assert row.stake_by_client == {"agave": 70, "frankendancer": 20, "unknown": 10}
    assert row.stake_by_version == {"4.2.1": 40, "4.1.0": 30, "0.1105.40200": 20, "unknown": 10}
    assert (row.superminority_size, row.superminority) == (1, [endpoint.current[0]["votePubkey"]])
    assert [held.activated_stake for held in Validator.objects.filter(superminority=True)] == [40]


def test_a_boundary_lies_on_the_line_between_the_fetches_around_it(endpoint: CannedEndpoint) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        endpoint.epoch_infos = at(EPOCH, SLOTS - 300)
        tasks.fetch_validators()
        clock.shift(timedelta(seconds=400))
        endpoint.epoch_infos = at(EPOCH + 1, 500)
        tasks.fetch_validators()
        clock.shift(timedelta(seconds=172_000))
        endpoint.epoch_infos = at(EPOCH + 2, 68_500)
        endpoint.current = replies.accounts(20, epochCredits=epoch_credits(1, 2, last=EPOCH + 2))
        tasks.fetch_validators()

    first, second, third = (cluster(epoch) for epoch in range(EPOCH, EPOCH + 3))
    boundary = NOON + timedelta(seconds=150)
    assert (first.started_at, first.ended_at, second.started_at) == (None, boundary, boundary)
    assert second.ended_at == third.started_at == NOON + timedelta(seconds=400 + 172_000 * 431_500 / 500_000)
    assert second.ended_at is not None
    assert second.seconds == pytest.approx((second.ended_at - boundary).total_seconds())
    # Three hundred slots tell nothing of the pace of an epoch.
    assert (first.seconds, third.seconds) == (None, None)


def test_an_epoch_whose_start_nobody_saw_is_as_long_as_its_pace(endpoint: CannedEndpoint) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        endpoint.epoch_infos = at(EPOCH, 100_000)
        tasks.fetch_validators()
        clock.shift(timedelta(seconds=40_000))
        endpoint.epoch_infos = at(EPOCH, 200_000)
        tasks.fetch_validators()

    assert cluster().seconds == pytest.approx(SLOTS * 0.4)


def test_epochs_that_passed_between_two_fetches_have_boundaries_too(endpoint: CannedEndpoint) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        endpoint.epoch_infos = at(EPOCH, 0)
        tasks.fetch_validators()
        clock.shift(timedelta(seconds=SLOTS * 3))
        endpoint.epoch_infos = at(EPOCH + 3, 0)
        tuples = epoch_credits(*[5, 6, 7], last=EPOCH + 2)
        endpoint.current = [account | {"epochCredits": tuples} for account in endpoint.current]
        tasks.fetch_validators()

    rows = ClusterEpoch.objects.filter(epoch__gte=EPOCH).order_by("epoch")
    assert [row.mean_credits for row in rows] == [5, 6, 7, 0]
    assert [row.seconds for row in rows][:3] == [SLOTS] * 3


def test_the_mean_is_weighted_by_stake_and_corrected_when_the_epoch_is_over(endpoint: CannedEndpoint) -> None:
    large = replies.account(1, activatedStake=300 * SOL, epochCredits=epoch_credits(100))
    small = replies.account(2, activatedStake=100 * SOL, epochCredits=epoch_credits(60))
    silent = replies.account(3, activatedStake=100 * SOL, epochCredits=[])
    endpoint.current = [large, small, silent, replies.account(4, activatedStake=0)]
    tasks.fetch_validators()
    assert cluster().mean_credits == (300 * 100 + 100 * 60) / 500

    endpoint.epoch_infos = at(EPOCH + 1, 10)
    endpoint.current[0] = large | {
        "epochCredits": epoch_credits(110, 5, last=EPOCH + 1),
        "activatedStake": SOL,
    }
    tasks.fetch_validators()

    assert cluster().mean_credits == (300 * 110 + 100 * 60) / 500
    assert cluster().credit_stake_sum == (300 * 110 + 100 * 60) * SOL


def earned_through(endpoint: CannedEndpoint, *, epochs: int, **first: Any) -> None:
    """Two validators through so many epochs of 432,000 s / 2.5, with inflation known; the first as given."""
    with time_machine.travel(NOON, tick=False) as clock:
        for number in range(epochs):
            endpoint.epoch_infos = at(EPOCH + number, 1_000)
            tuples = epoch_credits(*[6_900_000] * 4, 16_000, last=EPOCH + number)
            endpoint.current = [
                replies.account("first", **{"epochCredits": tuples} | first),
                replies.account("second", epochCredits=tuples, activatedStake=3_000 * SOL),
            ]
            endpoint.results["getInflationRate"] = replies.inflation_rate(EPOCH + number)
            tasks.fetch_validators()
            tasks.fetch_inflation()
            clock.shift(timedelta(seconds=SLOTS * 0.4))


def test_an_ended_epochs_return_and_the_apy_follow_the_published_formula(endpoint: CannedEndpoint) -> None:
    earned_through(endpoint, epochs=5)

    rows = ValidatorEpoch.objects.filter(validator__identity=replies.key("node first"))
    returns = dict(rows.order_by("epoch").values_list("epoch", "estimated_return"))
    # Σ(credits x stake) = credits x all the stake, so each lamport earns its share of the rewards.
    rewards = 620_000_000 * SOL * 0.04 / (365.25 * 86_400 / (432_000 * 0.4))
    by_hand = 0.95 * rewards / (4_000 * SOL)
    assert returns == {
        **dict.fromkeys(range(EPOCH - 4, EPOCH + 2)),
        EPOCH + 2: pytest.approx(by_hand, rel=1e-12),
        EPOCH + 3: pytest.approx(by_hand, rel=1e-12),
        EPOCH + 4: None,
    }
    apy = Validator.objects.get(identity=replies.key("node first")).apy
    assert apy == pytest.approx((1 + by_hand) ** (365.25 * 86_400 / (432_000 * 0.4)) - 1, rel=1e-6)


def test_a_commission_applies_two_epochs_after_its_change(endpoint: CannedEndpoint) -> None:
    endpoint.current = replies.accounts(2)
    earned_through(endpoint, epochs=1)
    rows = ValidatorEpoch.objects.filter(validator__identity=replies.key("node first"))
    with time_machine.travel(NOON + timedelta(days=2), tick=False) as clock:
        for number, bps in enumerate((5_000, 5_000, 5_000, 5_000), start=1):
            endpoint.epoch_infos = at(EPOCH + number, 1_000)
            tuples = epoch_credits(*[6_900_000] * 4, 16_000, last=EPOCH + number)
            endpoint.current = [
                account | {"epochCredits": tuples, "inflationRewardsCommissionBps": bps}
                for account in endpoint.current
            ]
            endpoint.results["getInflationRate"] = replies.inflation_rate(EPOCH + number)
            tasks.fetch_validators()
            tasks.fetch_inflation()
            clock.shift(timedelta(days=2))

    earned = dict(rows.filter(epoch__gte=EPOCH).values_list("epoch", "estimated_return"))
    assert earned[EPOCH + 3] / earned[EPOCH + 2] == pytest.approx(0.5 / 0.95)  # type: ignore[operator]


def test_a_return_is_unknown_until_the_commission_of_two_epochs_before_is(
    endpoint: CannedEndpoint, tmp_path: Path
) -> None:
    earned_through(endpoint, epochs=3)
    rows = ValidatorEpoch.objects.filter(validator__identity=replies.key("node first"))
    assert not rows.filter(estimated_return__isnull=False).exists()
    assert Validator.objects.get(identity=replies.key("node first")).apy is None

    told = line(EPOCH - 2, "first", commission_last=3, commission_min=3)
    call_command("import_epochs", file_of(tmp_path, told), stdout=io.StringIO())

    earned = rows.get(epoch=EPOCH).estimated_return
    rewards = 620_000_000 * SOL * 0.04 / (365.25 * 86_400 / (432_000 * 0.4))
    assert earned == pytest.approx(0.97 * rewards / (4_000 * SOL), rel=1e-12)
    assert rows.get(epoch=EPOCH + 1).estimated_return is None


def test_without_inflation_returns_and_apy_are_unknown(endpoint: CannedEndpoint) -> None:
    tasks.fetch_validators()
    endpoint.epoch_infos = at(EPOCH + 1, 10)
    tasks.fetch_validators()

    assert not ValidatorEpoch.objects.filter(estimated_return__isnull=False).exists()
    assert not Validator.objects.filter(apy__isnull=False).exists()


def test_the_apy_is_the_median_of_the_last_ten_ended_epochs(endpoint: CannedEndpoint) -> None:
    tasks.fetch_validators()
    validator = Validator.objects.first()
    assert validator is not None
    for back in range(1, 15):
        epoch = EPOCH - back
        end = NOON - timedelta(days=2 * back)
        times = {"started_at": end - timedelta(days=2), "ended_at": end, "credits_unit": "vote_credits"}
        ClusterEpoch.objects.update_or_create(epoch=epoch, defaults=times)
        numbers = {"estimated_return": back / 10_000, "credits_unit": "vote_credits", "fetched_at": NOON}
        ValidatorEpoch.objects.update_or_create(validator=validator, epoch=epoch, defaults=numbers)

    refresh_apy()

    yearly = sorted((1 + back / 10_000) ** (365.25 / 2) - 1 for back in range(1, 11))
    validator.refresh_from_db()
    assert validator.apy == pytest.approx((yearly[4] + yearly[5]) / 2)


def recorded(endpoint: CannedEndpoint) -> list[dict[str, Any]]:
    votes = json.loads((FOLDER / "getVoteAccounts.json").read_text())["result"]
    endpoint.current, endpoint.delinquent = votes["current"], votes["delinquent"]
    endpoint.epoch_infos = [json.loads((FOLDER / "getEpochInfo.json").read_text())["result"]]
    return [*votes["current"], *votes["delinquent"]]


@recorded_only
def test_the_recorded_superminority_and_stake_are_those_of_a_brute_force(endpoint: CannedEndpoint) -> None:
    accounts = recorded(endpoint)
    tasks.fetch_validators()

    stakes = sorted((account["activatedStake"] for account in accounts), reverse=True)
    sums = list(itertools.accumulate(stakes))
    fewest = next(size for size, held in enumerate(sums, start=1) if held * 3 > sums[-1])
    row = cluster(990)
    assert (row.total_stake, row.validators, row.staked) == (sums[-1], 730, sum(map(bool, stakes)))
    assert (row.superminority_size, len(row.superminority)) == (fewest, fewest)
    inside = Validator.objects.filter(superminority=True)
    assert {held.vote_account for held in inside} == set(row.superminority)
    assert sorted((held.activated_stake for held in inside), reverse=True) == stakes[:fewest]


@recorded_only
def test_the_recorded_skip_rates_are_those_of_the_reply(endpoint: CannedEndpoint) -> None:
    accounts = recorded(endpoint)
    reply = json.loads((FOLDER / "getBlockProduction.ESTIMATED_LEADER_SLOTS.json").read_text())["result"]
    endpoint.results["getBlockProduction"] = reply
    tasks.fetch_validators()

    tasks.fetch_production()

    rows = ValidatorEpoch.objects.filter(epoch=990).select_related("validator")
    stored = {row.validator.vote_account: row.skip_rate for row in rows}
    turns = reply["value"]["byIdentity"]
    for account in accounts:
        led, made = turns.get(account["nodePubkey"], (0, 0))
        expected = (led - made) / led if led else None
        assert stored[account["votePubkey"]] == (
            None if expected is None else pytest.approx(expected, abs=1e-12)
        )
    assert sum(rate is not None for rate in stored.values()) > 600
