from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from validators.simulator import draws
from validators.simulator.clock import SLOTS_PER_EPOCH, Moment
from validators.simulator.cluster import Cluster, ValidatorState
from validators.simulator.stake import LAMPORTS_PER_SOL
from validators.simulator.temperaments import Temperament
from validators.simulator.work import MAX_CREDITS_PER_EPOCH

EPOCHS = st.integers(min_value=900, max_value=1_000_000)
SLOT_INDEXES = st.integers(min_value=0, max_value=SLOTS_PER_EPOCH - 1)
KEY_BYTES = 32
HALF = SLOTS_PER_EPOCH // 2
# A dying seat has a new tenant after at most this many epochs.
LONGEST_LIFE = 72
CREDITS_PER_SLOT = 16
# Only newcomers leave while they still earn.
NEWCOMERS = 2


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    return Cluster(seed=7, count=300)


@pytest.fixture(scope="module")
def small_cluster() -> Cluster:
    """For walks through many epochs."""
    return Cluster(seed=7, count=60)


def seats_with(cluster: Cluster, temperament: Temperament) -> list[int]:
    return [seat.index for seat in cluster.seats if seat.temperament == temperament]


def history(cluster: Cluster, temperament: Temperament, epochs: range) -> list[list[ValidatorState]]:
    """The first validator of a kind through some epochs, asked four times an epoch."""
    index = seats_with(cluster, temperament)[0]
    return [
        [
            cluster.validators(Moment(epoch, SLOTS_PER_EPOCH * quarter // 4 + 1_000))[index]
            for quarter in range(4)
        ]
        for epoch in epochs
    ]


def running_credits(cluster: Cluster, moment: Moment, epoch: int) -> dict[str, int]:
    """Cumulative credits at the end of an epoch's tuple, of every vote account that has one."""
    return {
        validator.vote_account: credits
        for validator in cluster.validators(moment)
        for tuple_epoch, credits, _ in validator.credit_tuples
        if tuple_epoch == epoch
    }


@settings(max_examples=25, deadline=None)
@given(st.integers(), EPOCHS, SLOT_INDEXES)
def test_the_same_seed_and_moment_are_the_same_cluster_whatever_was_asked_before(
    seed: int, epoch: int, slot_index: int
) -> None:
    fresh, used = Cluster(seed=seed, count=40), Cluster(seed=seed, count=40)
    used.validators(Moment(epoch + 100, 5))

    assert used.validators(Moment(epoch, slot_index)) == fresh.validators(Moment(epoch, slot_index))


def test_another_seed_is_another_cluster() -> None:
    moment = Moment(1_000, HALF)
    ours, theirs = (
        {validator.vote_account for validator in Cluster(seed=seed, count=40).validators(moment)}
        for seed in (7, 8)
    )

    assert not ours & theirs


@settings(max_examples=25, deadline=None)
@given(EPOCHS, SLOT_INDEXES)
def test_credit_tuples_are_cumulative_and_at_most_five(epoch: int, slot_index: int) -> None:
    cluster = Cluster(seed=3, count=60)

    for validator in cluster.validators(Moment(epoch, slot_index)):
        tuples = validator.credit_tuples
        assert len(tuples) <= 5
        assert all(0 < credits - before <= MAX_CREDITS_PER_EPOCH for _, credits, before in tuples)
        for (older, credits, _), (newer, _, before) in pairwise(tuples):
            assert older < newer <= epoch
            assert credits == before


@settings(max_examples=25, deadline=None)
@given(EPOCHS)
def test_an_epoch_closes_with_the_credits_it_ended_with(epoch: int) -> None:
    cluster = Cluster(seed=3, count=60)
    ended = running_credits(cluster, Moment(epoch, SLOTS_PER_EPOCH - 1), epoch)
    closed = running_credits(cluster, Moment(epoch + 1, 0), epoch)
    later = running_credits(cluster, Moment(epoch + 1, HALF), epoch)
    stayed = closed.keys() & ended.keys()

    assert len(stayed) >= len(ended) - NEWCOMERS
    # The last slot's vote is all that may still come.
    assert all(0 <= closed[account] - ended[account] <= CREDITS_PER_SLOT for account in stayed)
    assert later == closed


@settings(max_examples=25, deadline=None)
@given(EPOCHS, SLOT_INDEXES, SLOT_INDEXES)
def test_within_an_epoch_credits_and_votes_only_grow(epoch: int, one: int, other: int) -> None:
    cluster = Cluster(seed=5, count=60)
    before, after = (cluster.validators(Moment(epoch, index)) for index in sorted((one, other)))

    for earlier, later in zip(before, after, strict=True):
        assert earlier.vote_account == later.vote_account
        assert earlier.last_vote <= later.last_vote <= epoch * SLOTS_PER_EPOCH + max(one, other)
        assert sum(row[1] - row[2] for row in earlier.credit_tuples if row[0] == epoch) <= sum(
            row[1] - row[2] for row in later.credit_tuples if row[0] == epoch
        )


def test_keys_are_32_bytes_and_vote_accounts_unique(cluster: Cluster) -> None:
    validators = cluster.validators(Moment(1_000, HALF))
    keys = [key for validator in validators for key in (validator.vote_account, validator.identity)]

    assert {len(draws.base58_decoded(key) or b"") for key in keys} == {KEY_BYTES}
    assert len({validator.vote_account for validator in validators}) == 300


def test_stake_is_heavy_tailed_and_adds_up_to_about_400_million_sol(cluster: Cluster) -> None:
    stakes = sorted((v.activated_stake for v in cluster.validators(Moment(1_000, HALF))), reverse=True)

    assert 390_000_000 < sum(stakes) / LAMPORTS_PER_SOL < 410_000_000
    assert stakes[0] > 10 * stakes[150]
    assert sum(stakes[:25]) > sum(stakes) / 3


def test_temperaments_separate_in_what_they_earn(cluster: Cluster) -> None:
    earned: dict[Temperament, list[int]] = {}
    for seat, validator in zip(cluster.seats, cluster.validators(Moment(1_000, 0)), strict=True):
        earned.setdefault(seat.temperament, []).extend(row[1] - row[2] for row in validator.credit_tuples)
    steady, lazy, flaky = (earned[kind] for kind in (Temperament.STEADY, Temperament.LAZY, Temperament.FLAKY))

    assert sum(credits > 0.995 * MAX_CREDITS_PER_EPOCH for credits in steady) > 0.95 * len(steady)
    assert max(lazy) < 0.96 * MAX_CREDITS_PER_EPOCH
    assert min(flaky) < 0.8 * MAX_CREDITS_PER_EPOCH < max(flaky)


def test_an_epoch_missed_wholly_leaves_no_tuple(small_cluster: Cluster) -> None:
    epochs = range(1_000, 1_040)
    index = seats_with(small_cluster, Temperament.FLAKY)[0]
    seen = {
        row[0] for epoch in epochs for row in small_cluster.validators(Moment(epoch, 0))[index].credit_tuples
    }
    missed = set(epochs[:-1]) - seen

    assert missed
    for epoch in missed:
        during = small_cluster.validators(Moment(epoch, SLOTS_PER_EPOCH - 1))[index]
        assert during.last_vote < epoch * SLOTS_PER_EPOCH
        assert len(during.credit_tuples) == 5


def test_a_rug_puller_jumps_above_ten_percent_and_stays_there(small_cluster: Cluster) -> None:
    charged = [
        state.commission_bps
        for epoch in history(small_cluster, Temperament.RUG_PULLER, range(1_000, 1_020))
        for state in epoch
    ]
    jumps = [place for place, (was, now) in enumerate(pairwise(charged)) if was <= 500 and now >= 1_200]

    assert jumps
    assert all(charged[jump + 1] == charged[jump + 4] for jump in jumps if jump + 4 < len(charged))


def test_a_blipper_is_at_100_percent_only_in_the_middle_of_an_epoch(small_cluster: Cluster) -> None:
    epochs = history(small_cluster, Temperament.BLIPPER, range(1_000, 1_020))
    usual = epochs[0][0].commission_bps
    patterns = Counter(tuple(state.commission_bps for state in epoch) for epoch in epochs)

    assert set(patterns) == {(usual,) * 4, (usual, usual, 10_000, usual)}


def test_the_dying_stop_voting_lose_their_stake_and_leave(small_cluster: Cluster) -> None:
    index = seats_with(small_cluster, Temperament.DYING)[0]
    life = [
        small_cluster.validators(Moment(epoch, HALF))[index]
        for epoch in range(1_000, 1_000 + 2 * LONGEST_LIFE)
    ]
    accounts = list(dict.fromkeys(state.vote_account for state in life))
    whole = [state for state in life if state.vote_account == accounts[1]]

    assert len(accounts) >= 3
    assert len({state.last_vote for state in whole[-5:]}) == 1
    assert whole[-1].activated_stake == 0 < whole[-4].activated_stake < whole[-8].activated_stake


def test_the_oddities_are_there(cluster: Cluster) -> None:
    validators = cluster.validators(Moment(1_003, HALF))
    odd = {seat.temperament: validators[seat.index] for seat in cluster.seats}

    assert odd[Temperament.UNSTAKED].activated_stake == 0 < odd[Temperament.UNSTAKED].last_vote
    assert odd[Temperament.RETIRED].activated_stake == 0
    assert odd[Temperament.RETIRED].last_vote < 900 * SLOTS_PER_EPOCH
    assert (odd[Temperament.SILENT].credit_tuples, odd[Temperament.SILENT].last_vote) == ((), 0)
    assert odd[Temperament.SILENT].activated_stake > 0
    assert 1 <= len(odd[Temperament.NEWCOMER].credit_tuples) < 5
    assert odd[Temperament.PRIVATE].commission_bps == 10_000
    assert odd[Temperament.TWIN].identity == validators[0].identity
    assert odd[Temperament.TWIN].vote_account != validators[0].vote_account


def test_a_mover_changes_its_identity_and_keeps_its_vote_account(small_cluster: Cluster) -> None:
    states = [epoch[0] for epoch in history(small_cluster, Temperament.MOVER, range(1_000, 1_030))]

    assert len({state.vote_account for state in states}) == 1
    assert 3 <= len({state.identity for state in states}) <= 4


def test_the_size_never_changes_though_tenants_do() -> None:
    cluster = Cluster(seed=1, count=1)

    assert [len(cluster.validators(Moment(epoch, 0))) for epoch in (900, 5_000)] == [1, 1]
