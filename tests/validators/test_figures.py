"""How numbers are written, in every sentence and on every page."""

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from django.utils.safestring import mark_safe

import validators
from validators import figures
from validators.scoring.facts import Part
from validators.scoring.wording import risk_percent
from validators.templatetags import units
from validators.templatetags.drawings import because

SMALL = [
    sign * digit * 10.0**power
    for sign, digit, power in product((1, -1), (0, 1, 4.99, 5, 5.01, 9.999), range(-9, 7))
]
# What begins like a sentence of one of these rooms is read by people.
ROOMS = ("api", "assistants", "monitoring", "pages", "reading", "scoring", "services", "solana")
# What these write are files, reports of a back-test, and drawings.
NOT_FOR_PEOPLE = ("scoring/backtest", "scoring/fitting", "services/history")
MINUS_NOTHING = re.compile(r"[-+\N{MINUS SIGN}]0(\.0+)?(?![\d.])")
UNGROUPED = re.compile(r"(?<![\d.,])\d{4,}(?!\d*\.?e)")


def written(number: float) -> Iterator[str]:
    yield from (figures.decimal(number, places) for places in (0, 1, 2, 4))
    yield from (figures.percent(number, places) for places in (0, 1, 2))
    yield from (figures.signed(number), figures.grouped(int(number)), figures.number_or_none(int(number)))
    yield Part("any", None, None, 0.0, number, "took").sentence
    yield from (units.signed(number), units.two_places(number))
    yield from (units.fraction_percent(number), units.small_percent(number), units.grouped(int(number)))


def test_no_number_is_minus_nothing_and_each_has_its_thousands_apart() -> None:
    for number in SMALL:
        for text in written(number):
            assert not MINUS_NOTHING.search(text), (number, text)
            assert not UNGROUPED.search(text), (number, text)
            assert "+-" not in text, (number, text)


@pytest.mark.parametrize(
    ("points", "text", "said"),
    [
        (-0.04, "0.0", "-0.04"),
        (0.04, "0.0", "+0.04"),
        (-0.0, "0.0", "0.00"),
        (0.004, "0.0", "0.00"),
        (-0.05001, "-0.1", "-0.05"),
        (14.0, "+14.0", "+14.00"),
        (-1_234.56, "-1,234.6", "-1,234.56"),
    ],
)
def test_points_have_a_sign_unless_they_are_nothing(points: float, text: str, said: str) -> None:
    """A sentence of a part has the places of the score, to which the parts add up."""
    assert figures.signed(points) == text
    assert Part("any", None, None, 0.0, points, "took").sentence == f"took: {said}"


def test_nowhere_else_is_a_number_made_to_text() -> None:
    """By format specifications that round: each of them could write minus nothing."""
    root = Path(validators.__file__).parent
    found = [
        f"{path.relative_to(root)}:{spec.lineno}"
        for room in ROOMS
        for path in sorted((root / room).rglob("*.py"))
        if not str(path.relative_to(root)).startswith(NOT_FOR_PEOPLE)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FormattedValue) and isinstance(spec := node.format_spec, ast.JoinedStr)
        if re.search(r"\.\d*[f%]|\.\{", ast.unparse(spec))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.0, "0.00 %"),
        (1e-9, "under 0.01 %"),
        (0.0000499, "under 0.01 %"),
        (0.00005001, "0.01 %"),
        (0.99994, "99.99 %"),
        (0.99996, "over 99.99 %"),
        (1.0, "100.00 %"),
        (1.00001, "100.00 %"),
        (-1e-9, "0.00 %"),
    ],
)
def test_a_share_that_is_neither_none_nor_all_is_never_shown_as_it(fraction: float, text: str) -> None:
    assert units.fraction_percent(fraction) == text


@pytest.mark.parametrize(
    ("lamports", "text"),
    [
        (0, "0"),
        (1, "under 0.001"),
        (999_999_999, "0.999"),
        (1_000_000_000, "1"),
        (1_999_999_999, "1"),
        (3_874_474_235_000_000, "3,874,474"),
    ],
)
def test_stake_is_never_shown_as_more_than_there_is(lamports: int, text: str) -> None:
    assert units.sol(lamports) == text


@pytest.mark.parametrize(
    ("risk", "text"),
    [(0.0, "0.00 %"), (0.00004, "under 0.01 %"), (0.00006, "0.01 %"), (0.995, "over 99 %"), (1.0, "100 %")],
)
def test_a_risk_that_is_neither_none_nor_certain_is_never_shown_as_it(risk: float, text: str) -> None:
    assert risk_percent(risk) == text


def test_a_reason_is_escaped_unless_a_template_wrote_it() -> None:
    of_a_template, of_a_stranger = mark_safe("<b>none</b>"), "<b>none</b>"

    for _ in "12":
        assert "<b>none</b>" in because(units.UNKNOWN, of_a_template)
        assert "<b>" not in because(units.UNKNOWN, of_a_stranger)
        assert because("5 %", of_a_stranger) == "5 %"
