"""Durations as people read them."""

from datetime import timedelta

import pytest

from scheduling.timing.durations import parse_duration, show_duration, show_roughly


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.9, "0s"),
        (59.9, "59s"),
        (60, "1min"),
        (179, "2min"),
        (3_599, "59min"),
        (3_661, "1h1min"),
        (86_399, "23h59min"),
        (86_400, "1d"),
        (93_599, "1d1h"),
    ],
)
def test_what_grows_is_shown_rounded_down(seconds: float, shown: str) -> None:
    assert show_roughly(timedelta(seconds=seconds)) == shown


@pytest.mark.parametrize("text", ["45s", "10min", "6h", "1d12h", "2d3h4min5s"])
def test_what_is_shown_is_read_back(text: str) -> None:
    assert show_duration(parse_duration(text)) == text
