"""Everybody's APY: by what was realised, else by an estimate, and never by both."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.replies import EPOCH, SOL, epoch_credits
from tests.validators.rows import NOON, fetch, validator
from tests.validators.services.epochs import EPOCH_SECONDS, PER_LAMPORT, earned_through, look_at, yearly
from tests.validators.services.epochs import NOON as LOOKED
from validators import tasks
from validators.models import ClusterEpoch, Validator, ValidatorEpoch
from validators.services.yields import refresh_yields

pytestmark = [pytest.mark.django_db, pytest.mark.database]

DAY = 86_400.0
# APY, basis, epochs
Yield = tuple[Any, ...]


def yields() -> dict[str, Yield]:
    rows = Validator.objects.values_list("vote_account", "apy", "apy_basis", "apy_epochs")
    return {account: tuple(found) for account, *found in rows}


def ended(epoch: int, *, seconds: float = DAY, unit: str = "lamports", **fields: object) -> None:
    end = NOON - timedelta(seconds=(990 - epoch) * seconds)
    times = {"started_at": end - timedelta(seconds=seconds), "ended_at": end}
    ClusterEpoch.objects.create(epoch=epoch, credits_unit=unit, **(times | fields))


def row(of: Validator, epoch: int, **fields: object) -> None:
    given = {"credits_unit": "lamports", "fetched_at": NOON}
    ValidatorEpoch.objects.create(validator=of, epoch=epoch, **(given | fields))


def running(unit: str = "lamports", **fields: object) -> None:
    """Epoch 990, of which inflation is known; it should take a day."""
    known = {"slots": 432_000, "slot_ms": 200, "total_supply": 10**18, "inflation_validator": 0.04}
    ClusterEpoch.objects.create(epoch=990, credits_unit=unit, **(known | fields))


def test_the_apy_is_of_the_mean_return_of_the_last_ten_ended_epochs() -> None:
    fetch()
    running()
    one = validator(1)
    for back in range(1, 15):
        ended(990 - back)
        row(one, 990 - back, estimated_return=back / 100_000)

    assert refresh_yields()

    assert yields() == {"vote1": (pytest.approx(yearly(5.5 / 100_000, DAY), rel=1e-9), "realised", 10)}
    assert not refresh_yields()


def test_epochs_of_which_nothing_is_known_are_passed_over_and_not_made_up_by_older_ones() -> None:
    fetch()
    one = validator(1)
    for back in (1, 3, 10, 11):
        ended(990 - back)
        row(one, 990 - back, estimated_return=0.9 if back > 10 else 0.0001 * back)

    refresh_yields()

    mean = (0.0001 + 0.0003 + 0.001) / 3
    assert yields() == {"vote1": (pytest.approx(yearly(mean, DAY), rel=1e-9), "realised", 3)}


def test_what_was_realised_is_not_mixed_with_an_estimate() -> None:
    fetch()
    running()
    for epoch in (988, 989):
        ended(epoch)
    known, guessed = validator(1), validator(2)
    row(known, 988, estimated_return=0.0002, credits=5)
    row(known, 989, credits=10**9)
    row(guessed, 989, credits=400_000)

    refresh_yields()

    # The second has 2 SOL staked today and a commission of 5 %.
    assert yields() == {
        "vote1": (pytest.approx(yearly(0.0002, DAY), rel=1e-9), "realised", 1),
        "vote2": (pytest.approx(yearly(0.95 * 400_000 / (2 * SOL), DAY), rel=1e-9), "estimate", 1),
    }


def test_an_estimate_of_lamports_is_the_mean_of_the_epochs_that_a_node_sends() -> None:
    """Each at its own length: an epoch of longer slots than today's paid for more time."""
    fetch()
    running()
    one = validator(1, activated_stake=1_000 * SOL, commission_bps=1_000)
    for back in range(1, 8):
        ended(990 - back, seconds=2 * DAY)
        row(one, 990 - back, credits=back * 10**8)

    refresh_yields()

    mean = 0.9 * 3 * 10**8 / (1_000 * SOL)
    assert yields() == {"vote1": (pytest.approx(yearly(mean, 2 * DAY), rel=1e-9), "estimate", 5)}


def test_in_the_epoch_after_votes_left_the_chain_votes_counted_without_stake_before() -> None:
    """The epoch of the migration paid votes of the stake of then, so nothing earned there is a failure."""
    fetch()
    running()
    ended(988, unit="vote_credits", validators=3)
    ended(989, validators=3)
    one = validator(1, activated_stake=1_000 * SOL, commission_bps=0)
    row(one, 988, credits=5, credits_unit="vote_credits", activated_stake=0)
    row(one, 989, credits=0, activated_stake=1_000 * SOL)

    refresh_yields()

    assert yields() == {"vote1": (0.0, "estimate", 1)}


def test_an_estimate_goes_by_the_stake_of_then_where_it_is_known() -> None:
    fetch()
    running()
    for epoch in (988, 989):
        ended(epoch)
    one = validator(1, activated_stake=1_000 * SOL, commission_bps=0)
    row(one, 988, credits=10**8, activated_stake=500 * SOL)
    row(one, 989, credits=10**8)

    refresh_yields()

    mean = (10**8 / (500 * SOL) + 10**8 / (1_000 * SOL)) / 2
    assert yields() == {"vote1": (pytest.approx(yearly(mean, DAY), rel=1e-9), "estimate", 2)}


def test_shorter_slots_do_not_change_what_a_year_is_estimated_to_bring() -> None:
    """400 lamports an epoch of 30 hours are as much as 320 an epoch of 24."""
    fetch()
    running()
    one = validator(1, activated_stake=1_000 * SOL, commission_bps=0)
    for epoch, slot_ms, credits in ((987, 250, 4), (988, 250, 4), (989, 200, 3.2)):
        ClusterEpoch.objects.create(epoch=epoch, credits_unit="lamports", slots=432_000, slot_ms=slot_ms)
        row(one, epoch, credits=int(credits * 10**8))

    refresh_yields()

    mean, hours = 11.2 / 3 * 10**8 / (1_000 * SOL), (30 + 30 + 24) / 3
    assert yields() == {"vote1": (pytest.approx(yearly(mean, hours * 3_600), rel=1e-9), "estimate", 3)}


def test_an_estimate_of_vote_credits_goes_by_what_the_chain_recorded_of_its_payment() -> None:
    """In that epoch's own length, whatever anybody has staked today."""
    fetch()
    running("vote_credits")
    ended(989, unit="vote_credits", seconds=2 * DAY, reward_points=str(2**90), rewards_total=10**15)
    row(validator(1, commission_bps=500), 989, credits=6_900_000, credits_unit="vote_credits")

    refresh_yields()

    earned = 0.95 * 10**15 * 6_900_000 / 2**90
    assert yields() == {"vote1": (pytest.approx(yearly(earned, 2 * DAY), rel=1e-9), "estimate", 1)}


def test_the_migration_epoch_and_votes_before_it_are_no_part_of_an_estimate() -> None:
    fetch()
    running()
    one = validator(1, activated_stake=1_000 * SOL, commission_bps=0)
    row(one, 987, credits=6_900_000, credits_unit="vote_credits")
    row(one, 988, credits=9 * 10**9, credits_before_split=3_000_000)
    row(one, 989, credits=2 * 10**8)
    ended(987, unit="vote_credits")
    ended(988)
    ended(989)

    refresh_yields()

    assert yields() == {"vote1": (pytest.approx(yearly(0.0002, DAY), rel=1e-9), "estimate", 1)}


@pytest.mark.parametrize(
    "unknown",
    [{"activated_stake": 0}, {"commission_bps": None}, {"left_at": NOON}],
)
def test_without_stake_or_commission_of_today_there_is_no_estimate(unknown: dict[str, object]) -> None:
    fetch()
    running()
    ended(989)
    row(validator(1, **unknown), 989, credits=10**8)

    refresh_yields()

    assert yields() == {"vote1": (None, "", None)}


def test_an_apy_goes_with_what_it_was_based_on() -> None:
    fetch()
    validator(1, apy=0.5, apy_basis="realised", apy_epochs=3)

    assert refresh_yields()

    assert yields() == {"vote1": (None, "", None)}


def test_a_first_fetch_is_enough_for_an_estimate(endpoint: CannedEndpoint) -> None:
    """With the slot time and inflation; by the newest ended epoch, as it would be paid today."""
    earned_through(endpoint, epochs=1)

    found = yields()[replies.key("vote first")]

    assert found == (pytest.approx(yearly(0.95 * PER_LAMPORT), rel=1e-6), "estimate", 1)


def test_an_estimate_stands_until_something_was_realised(endpoint: CannedEndpoint) -> None:
    earned_through(endpoint, epochs=3)
    assert {basis for _, basis, _ in yields().values()} == {"estimate"}

    with time_machine.travel(LOOKED + timedelta(seconds=3 * EPOCH_SECONDS), tick=False):
        look_at(endpoint, EPOCH + 3)

    assert {(basis, epochs) for _, basis, epochs in yields().values()} == {("realised", 1)}


def test_another_commission_changes_an_estimate_at_the_next_fetch(endpoint: CannedEndpoint) -> None:
    earned_through(endpoint, epochs=1)
    endpoint.current[0] = endpoint.current[0] | {"inflationRewardsCommissionBps": 10_000}

    tasks.fetch_validators()

    assert yields()[replies.key("vote first")] == (0.0, "estimate", 1)


def test_a_cluster_in_its_first_epoch_has_no_yield_and_is_fetched_all_the_same(
    endpoint: CannedEndpoint,
) -> None:
    endpoint.epoch_infos = [replies.epoch_info(0, 2_000)]
    endpoint.current = replies.accounts(3, epochCredits=epoch_credits(500, last=0, before=0), lastVote=1_999)

    assert tasks.fetch_validators()["validators"] == 3

    assert set(yields().values()) == {(None, "", None)}


def test_of_a_database_that_history_alone_was_imported_into_the_newest_epoch_counts() -> None:
    one = validator(1)
    ended(EPOCH - 1)
    row(one, EPOCH - 1, estimated_return=0.0001)

    assert refresh_yields()

    assert yields() == {"vote1": (pytest.approx(yearly(0.0001, DAY), rel=1e-9), "realised", 1)}
