"""From where on, of whom and of what events are asked for."""

from datetime import UTC, datetime
from typing import Annotated, Final

from ninja import Schema
from pydantic import AfterValidator, BeforeValidator, Field

from scheduling.api.errors import ApiError
from scheduling.api.replies import Format
from scheduling.api.several import one_by_one
from validators.api.parameters import LARGEST
from validators.api.several import Keys
from validators.api.words import EventKind
from validators.models import Validator
from validators.reading.events import NotKeptError, UnknownNumberError, number_before

MOST_EVENTS: Final = 1_000
SINCE: Final = (
    "A cursor, or a time as ISO 8601, such as 2026-11-25 or 2026-11-25T18:00Z (UTC where it names no zone)"
)


def _beginning(text: str) -> int | datetime:
    """Raises ValueError."""
    if text.isascii() and text.isdecimal():
        return int(text)
    try:
        return _time(text)
    except ValueError:
        # A plus sign that was not written as %2B arrives as a space.
        return _time(text.replace(" ", "+"))


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    try:
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except OverflowError as exc:
        raise ValueError("beyond the calendar") from exc


def _is_beginning(text: str) -> str:
    try:
        if (found := _beginning(text)) and isinstance(found, int) and found > LARGEST:
            raise ValueError
    except ValueError:
        raise ValueError(
            f"“{text}” is neither a cursor nor a time; write it like 2026-11-25T18:00Z"
        ) from None
    return text


Since = Annotated[str, AfterValidator(_is_beginning)]


class Wanted(Schema):
    """Which events; all where nothing narrows them."""

    since: Since | None = Field(None, max_length=40, description=SINCE)
    kind: Annotated[list[EventKind], BeforeValidator(one_by_one)] = Field(
        [], description="What happened, any of these: with commas between, or repeated"
    )
    vote_account: Keys = Field(
        [],
        description="Of these validators alone, up to 200: with commas between, or repeated. A list names "
        "those that no fetch ever saw in `unknown`; a stream, which could not, is refused",
    )

    def begins(self, otherwise: int | None = None) -> int:
        """After which number; `otherwise` where the caller names no beginning. Raises ApiError."""
        if self.since is None and otherwise is not None:
            return otherwise
        try:
            return number_before(None if self.since is None else _beginning(self.since))
        except NotKeptError as exc:
            raise ApiError(410, code="expired_cursor", detail=str(exc)) from exc
        except UnknownNumberError as exc:
            raise ApiError(410, code="unknown_cursor", detail=str(exc)) from exc

    def whom(self) -> tuple[list[int], list[str]]:
        """Of the validators asked for, the keys of those that there are, and the names that nobody has."""
        found = Validator.objects.keys_of(set(self.vote_account))
        return sorted(found.values()), [name for name in self.vote_account if name not in found]


class EventQuery(Wanted):
    """A part of what happened, oldest first."""

    limit: int = Field(100, ge=1, le=MOST_EVENTS, description="Events in one reply, also of a CSV")
    format: Format | None = Field(None, description="Goes before the Accept header")
