"""Who is in the set of an epoch and what it is paid, in a world like mainnet's."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from validators.simulator.admission import Papers, balance, is_admitted, papers_of, rent, ticket
from validators.simulator.clock import SLOTS_PER_EPOCH, Moment
from validators.simulator.cluster import Cluster
from validators.simulator.economy import epoch_pool
from validators.simulator.temperaments import Temperament
from validators.simulator.votes import votes_before, votes_in
from validators.simulator.world import MAINNET_TODAY, SEASON, World

COUNT = 80
EPOCH = 1_100
TOWER_WORLDS = (World(), World(alpenglow_epoch=912))
SETTLED = MAINNET_TODAY.settles_at or 0


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    return Cluster(seed=7, count=COUNT, world=MAINNET_TODAY)


def seat_with(cluster: Cluster, papers: Papers) -> int:
    return next(seat.index for seat in cluster.seats if papers_of(seat) == papers)


def test_what_is_paid_is_voting_and_leader_parts_and_is_what_the_accounts_show(cluster: Cluster) -> None:
    paid = cluster.field.paid(EPOCH)
    total = sum(payment.voting + payment.leading for payment in paid)

    assert 0.9 * epoch_pool(MAINNET_TODAY, EPOCH) < total < epoch_pool(MAINNET_TODAY, EPOCH)
    shown = {
        row.vote_account: dict(earned(row.credit_tuples)) for row in cluster.validators(Moment(EPOCH + 1, 0))
    }
    for outlook, payment in zip(cluster.outlooks(EPOCH), paid, strict=True):
        if outlook.tenant.holds(EPOCH + 1):
            assert shown[outlook.tenant.vote_account].get(EPOCH, 0) == payment.lamports


def earned(tuples: tuple[tuple[int, int, int], ...]) -> list[tuple[int, int]]:
    return [(epoch, credits - before) for epoch, credits, before in tuples]


def test_every_perfect_voter_is_paid_alike_by_the_stake_of_the_epoch_before(cluster: Cluster) -> None:
    before = [outlook.activated_stake for outlook in cluster.outlooks(EPOCH - 1)]
    perfect = [
        payment.voting / stake
        for outlook, payment, stake in zip(
            cluster.outlooks(EPOCH), cluster.field.paid(EPOCH), before, strict=True
        )
        if outlook.is_in_set
        and outlook.tenant.born < EPOCH - 1
        and not outlook.shift.is_ever_away
        and outlook.seat.temperament != Temperament.LAZY
    ]

    assert len(perfect) > COUNT / 2
    assert max(perfect) == pytest.approx(min(perfect), rel=1e-4)


def test_lamports_over_stake_alone_is_mostly_luck(cluster: Cluster) -> None:
    steady = [
        payment.lamports / weight
        for payment, weight, seat in zip(
            cluster.field.paid(EPOCH), cluster.field.weights(EPOCH), cluster.seats, strict=True
        )
        if weight and seat.temperament == Temperament.STEADY
    ]

    assert max(steady) > 1.02 * min(steady)


@pytest.mark.parametrize("papers", [Papers.NO_BLS_KEY, Papers.OLD_STATE, Papers.POOR])
def test_who_is_never_let_in_has_stake_and_neither_votes_nor_leads_nor_earns(
    cluster: Cluster, papers: Papers
) -> None:
    seat = seat_with(cluster, papers)
    outlook = cluster.outlooks(EPOCH)[seat]
    state = cluster.validators(Moment(EPOCH, 300_000))[seat]

    assert outlook.activated_stake > 0 == cluster.field.weights(EPOCH)[seat]
    assert cluster.field.paid(EPOCH)[seat].lamports == 0
    assert seat not in set(cluster.field.schedule(EPOCH).leaders)
    # Its last vote that came into a block is from before the migration, and so are its credits.
    assert state.last_vote < 1_064 * SLOTS_PER_EPOCH + SLOTS_PER_EPOCH // 2
    assert max(row[0] for row in state.credit_tuples) == 1_064


@pytest.mark.parametrize(("papers", "still_in"), [(Papers.LAST_TICKET, 1), (Papers.NEXT_TO_LAST_TICKET, 2)])
def test_who_runs_out_of_tickets_falls_out_when_its_balance_says_so(
    cluster: Cluster, papers: Papers, still_in: int
) -> None:
    seat = seat_with(cluster, papers)
    admitted = [cluster.field.weights(epoch)[seat] > 0 for epoch in range(EPOCH, EPOCH + 5)]

    assert admitted == [offset <= still_in for offset in range(5)]
    assert cluster.field.paid(EPOCH + still_in)[seat].lamports > 0
    assert cluster.field.paid(EPOCH + still_in + 1)[seat].lamports == 0


def test_admission_follows_from_the_balance_of_the_epoch_before(cluster: Cluster) -> None:
    needed = rent(3_762) + ticket(MAINNET_TODAY, EPOCH)
    for seat in cluster.seats:
        if papers_of(seat) in (Papers.NO_BLS_KEY, Papers.OLD_STATE):
            continue
        for epoch in range(EPOCH, EPOCH + 20):
            holds = balance(MAINNET_TODAY, seat, epoch) >= needed
            assert is_admitted(MAINNET_TODAY, seat, epoch + 1) == holds, (seat, epoch)


def test_a_ticket_is_burnt_at_the_start_of_an_epoch(cluster: Cluster) -> None:
    seat = cluster.seats[seat_with(cluster, Papers.LAST_TICKET)]
    before, after = (balance(MAINNET_TODAY, seat, epoch) for epoch in (EPOCH, EPOCH + 1))

    assert before - after == ticket(MAINNET_TODAY, EPOCH) == 800_000_000


def test_what_is_paid_repeats_every_season_once_a_world_is_settled(cluster: Cluster) -> None:
    for epoch in (SETTLED, SETTLED + 7, SETTLED + SEASON - 1):
        assert cluster.field._pay(epoch + SEASON, SLOTS_PER_EPOCH) == cluster.field.paid(epoch)


def test_lamports_since_the_migration_are_the_sum_of_what_every_epoch_paid(cluster: Cluster) -> None:
    for epoch in (1_064, 1_065, 1_100, SETTLED + SEASON, SETTLED + 3 * SEASON + 5):
        added = [
            sum(cluster.field.paid(past)[seat].lamports for past in range(1_064, epoch))
            for seat in range(COUNT)
        ]
        assert cluster.field.lamports_before(epoch) == added


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from([MAINNET_TODAY, replace(MAINNET_TODAY, alpenglow_epoch=None), *TOWER_WORLDS]),
    st.integers(min_value=-350, max_value=200),
)
def test_vote_credits_before_an_epoch_are_the_sum_of_its_earlier_ones(world: World, offset: int) -> None:
    cluster = Cluster(seed=5, count=COUNT, world=world)
    epoch = world.first_epoch + offset
    for seat in cluster.seats:
        tenant = cluster.field.tenant(seat, epoch)
        added = sum(votes_in(world, seat, tenant, past) for past in range(tenant.born, epoch))
        assert votes_before(world, seat, tenant, epoch) == added, seat


def test_votes_without_stake_earn_two_thirds_in_tower_and_nothing_in_alpenglow() -> None:
    tower, today = Cluster(seed=7, count=COUNT), Cluster(seed=7, count=COUNT, world=MAINNET_TODAY)
    seat = next(seat for seat in tower.seats if seat.temperament == Temperament.UNSTAKED)
    earned = [
        votes_in(tower.world, other, tower.field.tenant(other, 1_000), 1_000)
        for other in tower.seats
        if other.temperament == Temperament.STEADY
    ]
    unstaked = votes_in(tower.world, seat, tower.field.tenant(seat, 1_000), 1_000)

    assert 0.65 < unstaked / (sum(earned) / len(earned)) < 0.71
    assert today.validators(Moment(EPOCH, 5))[seat.index].credit_tuples[-1][0] == 1_064


def test_an_account_that_tower_does_not_let_in_goes_on_without_weight() -> None:
    world = replace(MAINNET_TODAY, alpenglow_epoch=None)
    cluster = Cluster(seed=7, count=COUNT, world=world)
    seat = cluster.seats[seat_with(cluster, Papers.NO_BLS_KEY)]
    tenant = cluster.field.tenant(seat, 1_006)
    before, after = (votes_in(world, seat, tenant, epoch) for epoch in (1_005, 1_006))

    assert 0.65 < after / before < 0.71
