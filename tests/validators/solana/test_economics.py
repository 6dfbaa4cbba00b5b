"""Returns against exact fractions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.solana.economics import (
    SECONDS_PER_YEAR,
    EpochReturn,
    added_apy_of,
    alpenglow_return,
    apy,
    apy_of,
    inflation_rewards,
    kept_share,
    plausible_seconds,
    tower_return,
    yearly_reward,
)
from validators.solana.slot_times import SLOT_TIMES_MS, nominal_seconds

SOL = 1_000_000_000
SLOTS = 432_000
TWO_DAYS = 172_800.0
# The numbers of docs and chain facts: so much supply, of which so much is staked.
SUPPLY, STAKED = 615_000_000 * SOL, 435_000_000 * SOL

supplies = st.integers(SOL, 10**18)
rates = st.floats(0.0001, 0.2)
bps = st.integers(0, 10_000)
earnings = st.integers(1, 6_912_000)
slot_times = st.sampled_from(SLOT_TIMES_MS)


def exact_pool(supply: int, inflation: str, slot_ms: int) -> Fraction:
    """Lamports of one epoch, by agave's year of 365.242199 days."""
    slots_per_year = Fraction("365.242199") * 86_400 * 1_000 / slot_ms
    return supply * Fraction(inflation) * SLOTS / slots_per_year


def compounded(earned: Fraction, epochs: Fraction) -> Fraction:
    """(1 + f)^n - 1 by the binomial series; its terms fall by a factor of 30 and more."""
    whole, term = Fraction(0), Fraction(1)
    for k in range(1, 20):
        term = term * (epochs - k + 1) / k * earned
        whole += term
    return whole


def test_a_mainnet_epoch_of_votes_is_reproduced_to_a_hundredth_of_a_percent() -> None:
    """Supply, inflation and stake of mainnet's size, 5 % commission, an epoch of 2.05 days."""
    supply, stake, mean_credits = 612_345_678 * SOL, 421_987_654 * SOL, 6_889_123
    pool = exact_pool(supply, "0.0389", 400)
    exact = Fraction(95, 100) * pool * Fraction(6_897_377, mean_credits * stake)
    epochs = Fraction(36525, 100) * 86_400 / 177_120

    rewards = inflation_rewards(total_supply=supply, validator_inflation=0.0389, slots=SLOTS, slot_ms=400)
    found = tower_return(
        commission_bps=500, rewards=rewards, credits=6_897_377, points=float(mean_credits * stake)
    )

    assert rewards == pytest.approx(float(pool), rel=1e-12)
    assert found == pytest.approx(float(exact), rel=1e-12)
    assert found is not None
    yearly = apy([EpochReturn(found, 177_120.0)])
    assert yearly == pytest.approx(float(compounded(exact, epochs)), rel=1e-4)
    assert yearly == pytest.approx(0.0536, abs=0.0005)


@pytest.mark.parametrize("slot_ms", SLOT_TIMES_MS)
def test_at_every_slot_time_the_same_inflation_yields_the_same(slot_ms: int) -> None:
    """Shorter slots halve what an epoch pays, and double how often it does."""
    pool = inflation_rewards(total_supply=SUPPLY, validator_inflation=0.0385, slots=SLOTS, slot_ms=slot_ms)
    assert pool == pytest.approx(float(exact_pool(SUPPLY, "0.0385", slot_ms)), rel=1e-12)
    assert pool is not None
    votes = tower_return(commission_bps=500, rewards=pool, credits=6_900_000, points=6_900_000.0 * STAKED)
    lamports = alpenglow_return(commission_bps=500, lamports=int(pool), stake=STAKED)
    assert votes is not None
    assert lamports is not None

    # 0.95 x 0.0385 x 615/435 a year of agave, which is a hair shorter than ours, compounded by epochs.
    simple = 0.95 * 0.0385 * 615 / 435 * 365.25 / 365.242199
    epochs = SECONDS_PER_YEAR / nominal_seconds(SLOTS, slot_ms)
    expected = (1 + simple / epochs) ** epochs - 1
    for found in (votes, lamports):
        assert apy([EpochReturn(found, nominal_seconds(SLOTS, slot_ms))]) == pytest.approx(expected, rel=1e-6)


@given(supplies, rates, slot_times, slot_times, bps)
def test_the_slot_time_changes_no_simple_yearly_rate(
    supply: int, inflation: float, one_ms: int, other_ms: int, commission: int
) -> None:
    def yearly(slot_ms: int) -> float:
        pool = inflation_rewards(
            total_supply=supply, validator_inflation=inflation, slots=SLOTS, slot_ms=slot_ms
        )
        earned = tower_return(commission_bps=commission, rewards=pool, credits=5, points=5.0 * supply)
        assert earned is not None
        return earned * SECONDS_PER_YEAR / nominal_seconds(SLOTS, slot_ms)

    assert yearly(one_ms) == pytest.approx(yearly(other_ms), rel=1e-9)


@given(supplies, rates, st.lists(st.tuples(earnings, st.integers(1, 10**16)), min_size=1, max_size=20))
def test_all_stakers_together_earn_what_inflation_gives(
    supply: int, inflation: float, accounts: list[tuple[int, int]]
) -> None:
    total = float(sum(credits * stake for credits, stake in accounts))
    rewards = inflation_rewards(total_supply=supply, validator_inflation=inflation, slots=SLOTS, slot_ms=400)
    assert rewards is not None
    paid = 0.0
    for credits, stake in accounts:
        share = tower_return(commission_bps=0, rewards=rewards, credits=credits, points=total)
        assert share is not None
        paid += share * stake

    assert paid == pytest.approx(rewards, rel=1e-9)


def test_what_the_chain_recorded_is_taken_as_it_is() -> None:
    found = tower_return(commission_bps=1_000, rewards=150_000, credits=6_000, points=float(2**100))

    assert found == pytest.approx(float(Fraction(9, 10) * 150_000 * Fraction(6_000, 2**100)), rel=1e-12)


@given(bps, st.integers(0, 10**15), st.integers(1, 10**18))
def test_lamports_need_nothing_but_the_stake_they_were_paid_for(
    commission: int, lamports: int, stake: int
) -> None:
    exact = (1 - Fraction(commission, 10_000)) * Fraction(lamports, stake)

    found = alpenglow_return(commission_bps=commission, lamports=lamports, stake=stake)

    assert found == pytest.approx(float(exact), rel=1e-9, abs=1e-30)


@given(st.integers(10_000, 65_535), st.integers(1, 10**15))
def test_a_commission_of_all_or_more_never_yields_a_positive_return(commission: int, earned: int) -> None:
    lamports = alpenglow_return(commission_bps=commission, lamports=earned, stake=SOL)
    votes = tower_return(commission_bps=commission, rewards=1e12, credits=earned, points=1e24)

    assert (kept_share(commission), lamports, votes) == (0, 0, 0)
    assert apy([EpochReturn(0.0, TWO_DAYS)]) == 0


KNOWN_VOTES = {"commission_bps": 500, "rewards": 1e14, "credits": 6_900_000, "points": 1e24}
KNOWN_LAMPORTS = {"commission_bps": 500, "lamports": 5, "stake": SOL}
KNOWN_POOL = {"total_supply": 10**18, "validator_inflation": 0.04, "slots": SLOTS, "slot_ms": 200}


@pytest.mark.parametrize(
    ("formula", "known"),
    [(tower_return, KNOWN_VOTES), (alpenglow_return, KNOWN_LAMPORTS), (inflation_rewards, KNOWN_POOL)],
)
def test_one_unknown_makes_the_return_unknown(formula: object, known: dict[str, object]) -> None:
    assert callable(formula)
    assert formula(**known) is not None
    for missing in known:
        assert formula(**(known | {missing: None})) is None, missing


def test_where_nobody_has_points_or_stake_there_is_no_return() -> None:
    assert tower_return(**(KNOWN_VOTES | {"points": 0.0})) is None  # type: ignore[arg-type]
    assert alpenglow_return(**(KNOWN_LAMPORTS | {"stake": 0})) is None


def test_the_yield_is_of_the_mean_return_and_the_mean_length() -> None:
    """Not a median, and no epoch is left out for being short."""
    epochs = [EpochReturn(0.0001, 86_400.0), EpochReturn(0.0001, 86_400.0), EpochReturn(0.0007, 90_000.0)]
    mean, length = Fraction(9, 30_000), Fraction(262_800, 3)

    found = apy(epochs)

    assert found == pytest.approx(float(compounded(mean, Fraction(36525, 100) * 86_400 / length)), rel=1e-9)


@given(st.lists(st.tuples(st.floats(0, 0.01), st.floats(3_600, 200_000)), min_size=1, max_size=10))
def test_luck_moves_from_one_epoch_to_another_and_the_yield_stays(epochs: list[tuple[float, float]]) -> None:
    returns = [EpochReturn(*one) for one in epochs]
    mean = sum(one.earned for one in returns) / len(returns)
    evened = [one._replace(earned=mean) for one in returns]

    assert apy(evened) == pytest.approx(apy(returns), rel=1e-9, abs=1e-15)
    assert apy(returns[::-1]) == pytest.approx(apy(returns), rel=1e-9, abs=1e-15)


@given(st.floats(0, 0.01), st.floats(43_200, 10 * 86_400))
def test_compounding_never_lowers_a_rate_of_at_least_one_epoch_a_year(earned: float, seconds: float) -> None:
    found = apy([EpochReturn(earned, seconds)])
    assert found is not None
    assert found >= earned * SECONDS_PER_YEAR / seconds * (1 - 1e-9)


def test_an_epoch_of_a_year_compounds_to_itself() -> None:
    assert apy([EpochReturn(0.07, SECONDS_PER_YEAR)]) == pytest.approx(0.07, rel=1e-12)


def test_a_stake_brings_its_yield_in_a_year_and_nothing_known_of_an_unknown_one() -> None:
    assert yearly_reward(100_000_000_000, 0.0525) == 5_250_000_000
    assert yearly_reward(100_000_000_000, 0.0) == 0
    assert yearly_reward(100_000_000_000, None) is None


def test_of_no_epoch_and_beyond_a_float_there_is_no_yield() -> None:
    assert apy([]) is None
    assert apy([EpochReturn(9.0, 43_200.0)]) is None


def test_of_a_yield_that_a_float_just_holds_nobody_says_what_100_sol_bring() -> None:
    """As epochs of 32 slots have it."""
    yearly = apy([EpochReturn(0.0001438, 6.4)])

    assert yearly is not None
    assert yearly > 1e300
    assert yearly_reward(100 * SOL, yearly) is None


@pytest.mark.parametrize(
    ("seconds", "nominal", "believed"),
    [
        (86_400.0, 86_400.0, 86_400.0),
        (0.8 * 86_400, 86_400.0, 0.8 * 86_400),
        (1.6 * 86_400, 86_400.0, 1.6 * 86_400),
        # A simulated cluster that plays through an epoch in minutes, and a clock that jumped.
        (600.0, 86_400.0, 86_400.0),
        (1.61 * 86_400, 86_400.0, 86_400.0),
        (None, 86_400.0, 86_400.0),
        (600.0, None, 600.0),
        (None, None, None),
    ],
)
def test_a_length_that_cannot_be_is_replaced_by_the_nominal_one(
    seconds: float | None, nominal: float | None, believed: float | None
) -> None:
    assert plausible_seconds(seconds, nominal) == believed


def test_every_python_adds_the_same_returns_up() -> None:
    """From 3.12 on `sum` of floats is another one: of ten tenths it was less than 1."""
    tenths, days = [0.1] * 10, [0.1 * 86_400] * 10

    assert apy_of(tenths, days) == apy_of([0.1], [8_640.0])
    assert added_apy_of(tenths, [1.0] * 10) == 1.0 / 10 * SECONDS_PER_YEAR
