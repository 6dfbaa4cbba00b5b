"""What anybody may read of why a run came to nothing.

A text is ours, or it is an exception's, which then begins with the name of its class. Of exceptions only
those are shown that were written to be: that of any other may hold addresses, names, or what a mail server
said.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

from django.conf import settings
from django.utils.module_loading import import_string

from scheduling.exceptions import PublicError
from scheduling.ledger.attempts import TAKEN_OVER, first_line

STAFF_SEE: Final = "staff see why"
_EXCEPTION: Final = re.compile(r"(?P<name>[A-Za-z_][\w.]*)(?::|$)")
# What stands in our own texts of other runs and of people.
_RETRIED: Final = re.compile(r"retried by .* after: (?P<rest>.*)")
_CANCELLED: Final = re.compile(r"cancelled by .*")


def public_reason(error: str) -> str:
    """The first line of a run's error as anybody may read it; empty when there is none."""
    line = first_line(error)
    if not line:
        return ""
    public_text: Callable[[str], str] = import_string(settings.PUBLIC_TEXT)
    return public_text(_without_strangers(line))


def _without_strangers(line: str) -> str:
    if before := TAKEN_OVER.fullmatch(line):
        return before["ours"] + _without_strangers(before["rest"])
    if retried := _RETRIED.fullmatch(line):
        return f"retried by staff after: {_without_strangers(retried['rest'])}"
    if _CANCELLED.fullmatch(line):
        return "cancelled by staff"
    raised = _EXCEPTION.match(line)
    if raised is None or raised["name"] in public_error_names():
        return line
    return f"{raised['name']} ({STAFF_SEE})"


@cache
def public_error_names() -> frozenset[str]:
    """Once for a process: by the first question every app has defined its errors."""
    return frozenset(one.__name__ for one in _kinds_of(PublicError))


def _kinds_of(kind: type[PublicError]) -> Iterator[type[PublicError]]:
    for one in kind.__subclasses__():
        yield one
        yield from _kinds_of(one)
