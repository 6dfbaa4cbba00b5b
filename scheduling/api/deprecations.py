"""What will go: said in the answer's headers, by which programs notice, and in the OpenAPI document.

The rule is in docs/api-changelog.md. Nothing goes before the day of its `Sunset`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import wraps
from typing import Any, Final

from django.http import HttpResponse
from django.utils.http import http_date

# From the day on which an answer says so to the day on which it may be gone.
SHORTEST_NOTICE: Final = timedelta(days=180)
_ATTRIBUTE: Final = "deprecation"
View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deprecation:
    """From which day one should not begin with it any more, from which it may be gone, what to use."""

    since: date
    sunset: date
    instead: str

    def __post_init__(self) -> None:
        if self.sunset - self.since < SHORTEST_NOTICE:
            raise ValueError(f"A sunset is at least {SHORTEST_NOTICE.days} days after it was said: {self}")


def deprecated(*, since: date, sunset: date, instead: str) -> Callable[[View], View]:
    """Between `@router.get(…)` and the function: `Deprecation` (RFC 9745) and `Sunset` (RFC 8594)."""
    deprecation = Deprecation(since=since, sunset=sunset, instead=instead)

    def mark(view: View) -> View:
        @wraps(view)
        def answering(*args: Any, **kwargs: Any) -> HttpResponse:
            response = view(*args, **kwargs)
            response.headers["Deprecation"] = f"@{_seconds(since)}"
            response.headers["Sunset"] = http_date(_seconds(sunset))
            return response

        setattr(answering, _ATTRIBUTE, deprecation)
        return answering

    return mark


def deprecation_of(view: Any) -> Deprecation | None:
    found: Deprecation | None = getattr(view, _ATTRIBUTE, None)
    return found


def _seconds(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())
