"""What a task raised or returned, in a form that every database takes and nobody drowns in."""

import json
import traceback
from typing import Any

from scheduling.exceptions import PublicError
from scheduling.ledger.public import public_error_names

LONGEST_ERROR = 4_000
# Characters of JSON. A result is a handful of numbers; what is larger belongs into a table.
LONGEST_RESULT = 100_000
# Instead of a result that could not be kept stands an object with this key, and why.
NOT_KEPT = "not_kept"


def explained(exc: BaseException) -> str:
    """The error in one line, then the last of its traceback."""
    trace = "".join(traceback.format_exception(exc))[-LONGEST_ERROR:]
    return _storable(f"{_named(exc)}: {_message(exc)}\n\n{trace}")


def told(exc: BaseException) -> str:
    """Its message alone."""
    return _storable(_message(exc))


def is_brief(exc: BaseException) -> bool:
    """Whether it may be raised as it is: django-q2 keeps and logs whatever it says, and its traceback."""
    return len("".join(traceback.format_exception(exc))) <= 3 * LONGEST_ERROR


def keepable(result: Any) -> Any:
    """The result as it can be stored, or why it cannot: the work is done either way."""
    try:
        text = json.dumps(result, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as exc:
        return {NOT_KEPT: f"{type(exc).__name__}: {_storable(_message(exc))}"}
    if len(text) > LONGEST_RESULT:
        return {NOT_KEPT: f"{len(text)} characters of JSON are more than the {LONGEST_RESULT} that are kept"}
    if "\\u0000" in text.replace("\\\\", ""):  # PostgreSQL refuses the character NUL
        return {NOT_KEPT: "it holds the character NUL"}
    return result


def _named(exc: BaseException) -> str:
    """A name, by which nobody else's error is taken for one of ours that anybody may read."""
    kind = type(exc)
    if kind.__name__ in public_error_names() and not isinstance(exc, PublicError):
        return f"{kind.__module__}.{kind.__name__}"
    return kind.__name__ if kind.__name__.isidentifier() else "Exception"


def _message(exc: BaseException) -> str:
    try:
        return str(exc)[:LONGEST_ERROR]
    except Exception:
        return "its message cannot be told"


def _storable(text: str) -> str:
    """Text as every database takes it: PostgreSQL refuses the character NUL, both refuse half a pair."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
