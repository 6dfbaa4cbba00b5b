"""Durations as people type and read them: `45s`, `10min`, `6h`, `1d12h`."""

import re
from datetime import timedelta

from scheduling.exceptions import CadenceError

# Characters; no duration that any clock runs takes more.
LONGEST = 40
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "min": 60, "s": 1}
_PART = re.compile(r"([0-9]+)\s*(d|h|min|m|s)")


def parse_duration(text: str) -> timedelta:
    """Read a duration; a bare number is seconds. Raises `CadenceError` for anything else."""
    compact = text.strip().lower()
    if compact.isascii() and compact.isdigit():
        compact += "s"
    if len(compact) > LONGEST or not re.fullmatch(rf"(?:{_PART.pattern}\s*)+", compact):
        raise CadenceError(f"{text[:LONGEST]!r} is not a duration; write it like 45s, 10min, 6h or 1d12h.")
    try:
        return timedelta(seconds=sum(int(number) * _SECONDS[unit] for number, unit in _PART.findall(compact)))
    except OverflowError as exc:
        raise CadenceError(f"{compact!r} is longer than any clock runs.") from exc


def show_duration(duration: timedelta) -> str:
    """The shortest exact text that `parse_duration` reads back; fractions of a second as they are."""
    seconds = duration.total_seconds()
    if seconds != int(seconds):
        return f"{seconds:g}s"
    parts, rest = [], int(seconds)
    for unit in ("d", "h", "min", "s"):
        count, rest = divmod(rest, _SECONDS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def show_roughly(duration: timedelta) -> str:
    """Rounded down to a unit or two, for what grows from one look to the next: `45s`, `3min`, `2d5h`."""
    seconds = int(duration.total_seconds())
    step = 3_600 if seconds >= _SECONDS["d"] else 60 if seconds >= 60 else 1
    return show_duration(timedelta(seconds=seconds // step * step))


def show_wait(duration: timedelta) -> str:
    """To a tenth of a second below ten seconds, rounded down to a unit or two above."""
    seconds = duration.total_seconds()
    return f"{seconds:.1f}s" if seconds < 10 and seconds % 1 else show_roughly(duration)
