"""The table in docs/asvs.md names tests that are there."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
TABLE = (TESTS.parent / "docs" / "asvs.md").read_text()


def test_every_test_that_the_table_names_is_there() -> None:
    named = re.findall(r"`([a-z_0-9/]+\.py)(?:::(test_\w+))?`", TABLE)
    assert len(named) > 30

    missing = [
        (path, test)
        for path, test in named
        if not (TESTS / path).is_file() or f"def {test}" not in (TESTS / path).read_text()
    ]

    assert missing == []


def test_every_met_has_a_test_or_says_what_it_rests_on() -> None:
    rows = [line for line in TABLE.splitlines() if "| met" in line]

    assert len(rows) > 35
    bare = [
        row
        for row in rows
        if not any(word in row for word in ("`", "SECURITY.md", "there are none", "the same"))
    ]
    assert bare == []
