"""Returns against exact fractions."""

from fractions import Fraction
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.solana.economics import (
    SECONDS_PER_YEAR,
    SHORTEST_EPOCH_SECONDS,
    apr,
    apy,
    epoch_return,
    median_apy,
)

SOL = 1_000_000_000
TWO_DAYS = 172_800.0

supplies = st.integers(SOL, 10**18)
rates = st.floats(0.0001, 0.2)
commissions = st.floats(0, 1)
earnings = st.integers(1, 6_912_000)
sums = st.integers(10**15, 10**25)


def exact_return(
    commission: str, supply: int, inflation: str, credits: int, credit_stake_sum: int
) -> Fraction:
    slots_per_year = Fraction(36525, 100) * 86_400 / Fraction(4, 10)
    rewards = supply * Fraction(inflation) / (slots_per_year / 432_000)
    return (1 - Fraction(commission)) * rewards * Fraction(credits, credit_stake_sum)


def test_a_mainnet_epoch_is_reproduced_to_a_hundredth_of_a_percent() -> None:
    """Supply, inflation and stake of mainnet's size, 5 % commission, an epoch of 2.05 days."""
    supply, stake, mean_credits = 612_345_678 * SOL, 421_987_654 * SOL, 6_889_123
    seconds = Fraction(177_120)
    exact = exact_return("0.05", supply, "0.0389", 6_897_377, mean_credits * stake)
    epochs = Fraction(36525, 100) * 86_400 / seconds
    # (1 + f)^n by the binomial series; its terms fall by a factor of 30 and more.
    compounded, term = Fraction(0), Fraction(1)
    for k in range(1, 20):
        term = term * (epochs - k + 1) / k * exact
        compounded += term

    found = epoch_return(
        commission=0.05,
        total_supply=supply,
        validator_inflation=0.0389,
        credits=6_897_377,
        credit_stake_sum=mean_credits * stake,
    )

    assert found == pytest.approx(float(exact), rel=1e-12)
    assert apr(found, float(seconds)) == pytest.approx(float(exact * epochs), rel=1e-12)
    assert apy(found, float(seconds)) == pytest.approx(float(compounded), rel=1e-4)
    assert apy(found, float(seconds)) == pytest.approx(0.0536, abs=0.0005)


@given(supplies, rates, st.lists(st.tuples(earnings, st.integers(1, 10**16)), min_size=1, max_size=20))
def test_all_stakers_together_earn_what_inflation_gives(
    supply: int, inflation: float, accounts: list[tuple[int, int]]
) -> None:
    total = sum(credits * stake for credits, stake in accounts)
    paid = 0.0
    for credits, stake in accounts:
        share = epoch_return(
            commission=0, total_supply=supply, validator_inflation=inflation, credits=credits,
            credit_stake_sum=total,
        )  # fmt: skip
        assert share is not None
        paid += share * stake

    assert paid == pytest.approx(supply * inflation / 182.625, rel=1e-9)


@given(st.floats(1, 655.35), supplies, rates, earnings, sums)
def test_a_commission_of_all_or_more_never_yields_a_positive_return(
    commission: float, supply: int, inflation: float, credits: int, total: int
) -> None:
    found = epoch_return(
        commission=commission,
        total_supply=supply,
        validator_inflation=inflation,
        credits=credits,
        credit_stake_sum=total,
    )
    assert found == 0
    assert apy(found, TWO_DAYS) == 0


@pytest.mark.parametrize(
    "missing", ["commission", "total_supply", "validator_inflation", "credits", "credit_stake_sum"]
)
def test_one_unknown_makes_the_return_unknown(missing: str) -> None:
    known = {
        "commission": 0.05,
        "total_supply": 10**18,
        "validator_inflation": 0.04,
        "credits": 6_900_000,
        "credit_stake_sum": 10**24,
    }
    assert epoch_return(**known) is not None  # type: ignore[arg-type]
    assert epoch_return(**(known | {missing: None})) is None  # type: ignore[arg-type]


def test_a_cluster_in_which_nobody_earned_has_no_return() -> None:
    assert (
        epoch_return(
            commission=0, total_supply=10**18, validator_inflation=0.04, credits=0, credit_stake_sum=0
        )
        is None
    )


@pytest.mark.parametrize(("found", "seconds"), [(None, TWO_DAYS), (0.0003, None), (0.0003, 0.0)])
def test_a_yearly_rate_needs_a_return_and_a_length(found: float | None, seconds: float | None) -> None:
    assert apr(found, seconds) is None
    assert apy(found, seconds) is None


@given(st.floats(0, 0.01), st.floats(SHORTEST_EPOCH_SECONDS, 10 * 86_400))
def test_compounding_never_lowers_a_rate_of_at_least_one_epoch_a_year(found: float, seconds: float) -> None:
    simple, compounded = apr(found, seconds), apy(found, seconds)
    assert simple is not None
    assert compounded is not None
    assert compounded >= simple * (1 - 1e-9)


def test_an_epoch_of_a_year_compounds_to_itself() -> None:
    assert apy(0.07, SECONDS_PER_YEAR) == pytest.approx(apr(0.07, SECONDS_PER_YEAR), rel=1e-12)


@pytest.mark.parametrize("seconds", [0.5, 60.0, SHORTEST_EPOCH_SECONDS - 1])
def test_an_epoch_of_a_simulated_cluster_that_takes_minutes_has_no_yearly_rate(seconds: float) -> None:
    assert apr(0.0003, seconds) is None
    assert apy(0.0003, seconds) is None
    assert apy(0.0003, SHORTEST_EPOCH_SECONDS) is not None


def test_a_rate_beyond_a_float_is_unknown() -> None:
    assert apy(9.0, SHORTEST_EPOCH_SECONDS) is None


@given(st.lists(st.none() | st.floats(0, 1), max_size=25))
def test_the_median_is_of_the_known_among_the_last_ten(values: list[float | None]) -> None:
    known = [value for value in values[-10:] if value is not None]
    assert median_apy(values) == (median(known) if known else None)


def test_an_old_good_epoch_does_not_fill_in_for_unknown_ones() -> None:
    assert median_apy([0.07, *[None] * 10]) is None
    assert median_apy([9.0, 0.06, 0.07, 0.08, *[None] * 7]) == 0.07
