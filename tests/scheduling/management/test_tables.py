"""Tables on a terminal, of which others wrote some cells."""

import pytest

from scheduling.management.tables import printable, table


def test_what_steers_a_terminal_is_spelt_out() -> None:
    hostile = "ok\x1b[2J\x07\r\n\u202egnp \u200bä"

    assert table(("note",), [(hostile,)]).splitlines()[2] == r"ok\x1b[2J\x07\r\n\u202egnp \u200bä"


@pytest.mark.parametrize("text", ["plain", "ü €  日本", "two\nlines"])
def test_everything_else_stays(text: str) -> None:
    assert printable(text, kept="\n") == text
