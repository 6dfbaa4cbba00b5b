"""Parameters that name several things: with commas between, repeated, or both."""

from collections.abc import Iterable
from typing import Any


def words_of(texts: Iterable[str]) -> list[str]:
    """What stands between the commas, each once, in the order given."""
    return list(dict.fromkeys(word for text in texts for part in text.split(",") if (word := part.strip())))


def one_by_one(given: Any) -> Any:
    """For a list of a query. Nothing at all is a mistake: it would be answered with everybody."""
    if not isinstance(given, list):
        return given
    words = words_of(map(str, given))
    if not words:
        raise ValueError("it names nothing; leave it out for all")
    return words
