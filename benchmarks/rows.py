"""One line of a comparison with stock django-q2."""

from dataclasses import dataclass
from datetime import UTC, datetime

NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Row:
    """A situation, what stock does in words and as a number to compare with, and what ours does."""

    situation: str
    stock: str
    ours: str
    ratio: float | None = None

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else "∞" if self.ratio == NEVER else f"{self.ratio:.3g}x"
        return f"{self.situation:<44} {self.stock:<42} {self.ours:<46} {ratio:>7}"


def instant(value: str | datetime) -> datetime:
    """An instant as either database gives it."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found if found.tzinfo else found.replace(tzinfo=UTC)
