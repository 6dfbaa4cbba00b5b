"""Instants as people type them, and as sentences, errors and logs tell them."""

from datetime import UTC, datetime

from scheduling.exceptions import CadenceError

# A day more or less, as a zone may add, must still be a date that every database takes.
YEARS = (1970, 9990)


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant; one without a zone is UTC. Raises `CadenceError` for anything else."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as exc:
        raise CadenceError(f"{text!r} is not a time; write it like 2026-11-23T12:00:00Z.") from exc
    if not YEARS[0] <= parsed.year < YEARS[1]:
        raise CadenceError(f"{text!r} lies beyond what is reckoned with: the years {YEARS[0]} to {YEARS[1]}.")
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def show_instant(instant: datetime) -> str:
    """Of an instant in UTC, to the second: `2026-11-23 12:00:00Z`."""
    return f"{instant:%Y-%m-%d %H:%M:%S}Z"
