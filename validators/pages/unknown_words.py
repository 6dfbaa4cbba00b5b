"""What an address says that its page does not know: told, and left out, where a program gets a 422."""

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from django.http import QueryDict

from scheduling.api.unknown import did_you_mean

MOST_TOLD: Final = 5


class UnknownWord(NamedTuple):
    """With the words that the page knows in its place, and the nearest of them."""

    word: str
    near: str | None
    known: Collection[str]


def unknown_words(
    given: QueryDict, known: Collection[str], values: Mapping[str, Collection[str]]
) -> list[UnknownWord]:
    """The names in an address that are not `known`, and the words of each of `values` that are none of it."""
    words = [(name, known) for name in given]
    words += [(word, values[name]) for name in values for word in given.getlist(name) if word]
    unknown = [(word, there_are) for word, there_are in words if word not in there_are][:MOST_TOLD]
    return [UnknownWord(word, did_you_mean(word, there_are), there_are) for word, there_are in unknown]
