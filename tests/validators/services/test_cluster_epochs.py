"""The cluster as a whole: stake, boundaries of epochs, and what a mean of credits is of."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from tests.conftest import RECORDED
from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.replies import EPOCH, FULL_EPOCH, SLOTS, SOL, epoch_credits
from validators import tasks
from validators.models import ClusterEpoch, Validator, ValidatorEpoch

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
        tuples = epoch_credits(*[FULL_EPOCH, 6, 7], last=EPOCH + 2)
        endpoint.current = [account | {"epochCredits": tuples} for account in endpoint.current]
        tasks.fetch_validators()

    rows = ClusterEpoch.objects.filter(epoch__gte=EPOCH).order_by("epoch")
    # Nobody has earned in the running epoch, so the votes may be of a node that is in the one before.
    assert [row.mean_credits for row in rows] == [FULL_EPOCH, 6, None, 0]
    assert [row.credits_final for row in rows] == [True, True, False, False]
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
