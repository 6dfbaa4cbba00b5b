"""What an address says that its page does not know: told, and left out, where a program gets a 422."""

from collections.abc import Collection
from typing import Final

from django.http import QueryDict

from scheduling.api.unknown import did_you_mean

MOST_TOLD: Final = 5


def unknown_words(given: QueryDict, known: Collection[str]) -> list[tuple[str, str | None]]:
    """Each with the nearest that the page knows."""
    return [(name, did_you_mean(name, known)) for name in given if name not in known][:MOST_TOLD]
