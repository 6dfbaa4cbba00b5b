"""What a reader of an answer of an endpoint makes of it, so that two of them can be compared."""

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError


def outcome(read: Callable[[bytes], Any], sent: bytes, told: Callable[[Any], Any]) -> Any:
    """What was read, as `told` says it of a result, or what was complained of."""
    try:
        reply = read(sent)
    except ValidationError as exc:
        return [(one["type"], one["loc"], one["msg"]) for one in exc.errors(include_url=False)]
    return reply.id, reply.error, None if reply.result is None else told(reply.result)
