"""The risk of a bad epoch within ten, from that of the next one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.scoring.ten_epochs import RISKS, WITHIN_TEN, risk_of_ten_epochs


@pytest.mark.parametrize(("risk", "within_ten"), list(zip(RISKS, WITHIN_TEN, strict=True)))
def test_it_is_what_was_measured(risk: float, within_ten: float) -> None:
    assert risk_of_ten_epochs(risk) == within_ten


def test_without_a_risk_there_is_none() -> None:
    assert risk_of_ten_epochs(None) is None


@given(st.floats(0, 1), st.floats(0, 1))
def test_it_rises_with_the_risk_and_is_never_less(one: float, other: float) -> None:
    low, high = sorted((one, other))
    of_low, of_high = risk_of_ten_epochs(low), risk_of_ten_epochs(high)
    assert of_low is not None
    assert of_high is not None
    assert of_low <= of_high <= 1
    assert of_low >= round(low, 6)


def test_who_fails_often_fails_again_so_ten_epochs_are_no_ten_draws() -> None:
    within_ten = risk_of_ten_epochs(0.15)
    assert within_ten is not None
    assert within_ten < 1 - (1 - 0.15) ** 10 - 0.2
