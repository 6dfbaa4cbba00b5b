"""Rounding is Python's own, to the last bit, only faster."""

from math import copysign, inf, nan, nextafter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from validators.scoring.rounding import rounded

DIGITS = st.integers(0, 6)


@given(value=st.floats(allow_nan=False, allow_infinity=False) | st.floats(-200, 200), digits=DIGITS)
@example(value=-0.0, digits=6)
@example(value=-1e-9, digits=6)
@example(value=2.5, digits=0)
@example(value=2.675, digits=2)
@example(value=2.0**40 + 0.5, digits=0)
def test_any_number_is_rounded_as_python_does(value: float, digits: int) -> None:
    assert _bits(rounded(value, digits)) == _bits(round(value, digits))


@given(whole=st.integers(-(10**12), 10**12), digits=DIGITS, steps=st.integers(-3, 3))
def test_next_to_the_middle_of_two_the_same_one_is_chosen(whole: int, digits: int, steps: int) -> None:
    value = (whole + 0.5) / 10**digits
    for _ in range(abs(steps)):
        value = nextafter(value, copysign(inf, steps))
    assert _bits(rounded(value, digits)) == _bits(round(value, digits))


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_what_is_no_number_stays_what_it_is(value: float) -> None:
    assert repr(rounded(value, 6)) == repr(value)


def _bits(value: float) -> str:
    return value.hex()
