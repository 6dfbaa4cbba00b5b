"""The journal as people read it. What is stored is an interface for the audit, and stays."""

import re
from datetime import timedelta
from typing import Final

from scheduling.models import Action
from scheduling.timing.durations import show_duration

_FIELD: Final = re.compile(r"(?:^|(?<=, )|(?<=\())[a-z]+(?:_[a-z]+)+(?=: )")
_INSTANT: Final = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)?\+00:00")
# What a field was or is: after a colon, an arrow or the words "next run", up to the next one.
_VALUE: Final = r"(?:(?<=: )|(?<=> )|(?<=next run )){}(?=$|,| ->|\)|;)"
_DURATION: Final = re.compile(_VALUE.format(r"(?:(-?\d+) days?, )?(\d+):(\d\d):(\d\d(?:\.\d+)?)"))
_CONSTANT: Final = re.compile(_VALUE.format("(None|True|False)"))
_CONSTANTS: Final = {"None": "none", "True": "yes", "False": "no"}


def action_words(action: str) -> str:
    """What somebody did; one that a newer version wrote is shown as it is stored."""
    return str(Action(action).label) if action in Action else action


def journal_words(detail: str) -> str:
    """A change with times to the second in UTC, durations as they are typed, and no underscores."""
    detail = _FIELD.sub(lambda found: found[0].replace("_", " "), detail)
    detail = _INSTANT.sub(r"\1Z", detail)
    detail = _DURATION.sub(_duration, detail)
    return _CONSTANT.sub(lambda found: _CONSTANTS[found[1]], detail)


def _duration(found: re.Match[str]) -> str:
    days, hours, minutes = (int(found[group] or 0) for group in (1, 2, 3))
    length = timedelta(days=days, hours=hours, minutes=minutes, seconds=float(found[4]))
    return show_duration(length)
