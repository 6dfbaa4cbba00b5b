"""The journal as people read it."""

import inspect
import re

import pytest

from scheduling.ledger.journal import record_change
from scheduling.ledger.journal_words import action_words, journal_words
from scheduling.models import Action


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (
            "next_run: 2026-11-26 02:18:22.775435+00:00 -> 2026-11-26 02:18:30+00:00",
            "next run: 2026-11-26 02:18:22Z -> 2026-11-26 02:18:30Z",
        ),
        ("jitter: 0:00:00 -> 0:00:02.500000, time_limit: 0:01:00 -> 1 day, 2:00:00", None),
        ("keep_newest: None -> 5, next_run: 2026-11-26 02:18:22+00:00 -> None", None),
        ("next run 2026-11-26 02:18:22+00:00 -> None", "next run 2026-11-26 02:18:22Z -> none"),
        (
            "test: every 30 s, next run None -> 2026-11-26 02:18:30+00:00",
            "test: every 30 s, next run none -> 2026-11-26 02:18:30Z",
        ),
        (
            "2026-11-23 12:00:00+00:00: ValueError: it took 0:00:05",
            "2026-11-23 12:00:00Z: ValueError: it took 0:00:05",
        ),
        ("back at 0:30:00, said None", "back at 0:30:00, said None"),
    ],
)
def test_values_are_shown_as_people_write_them(stored: str, shown: str | None) -> None:
    told = {
        "jitter": "jitter: 0s -> 2.5s, time limit: 1min -> 1d2h",
        "keep_newest": "keep newest: none -> 5, next run: 2026-11-26 02:18:22Z -> none",
    }
    assert journal_words(stored) == (shown or told[stored.partition(":")[0]])


def test_everything_that_code_can_write_down_has_words() -> None:
    """Which is every `Action`: `record_change` takes nothing else, and the types are checked."""
    assert inspect.signature(record_change).parameters["action"].annotation is Action
    words = {action: action_words(action.value) for action in Action}

    assert len(set(words.values())) == len(words)
    assert [text for text in words.values() if not re.fullmatch(r"[a-z]+( [a-z]+)*", text)] == []
    assert action_words("of a newer version") == "of a newer version"
