"""What a task raised, in words that every database takes."""

import traceback

LONGEST_ERROR = 4_000


def explained(exc: BaseException) -> str:
    """The error in one line, then the last of its traceback."""
    trace = "".join(traceback.format_exception(exc))[-LONGEST_ERROR:]
    try:
        message = str(exc)[:LONGEST_ERROR]
    except Exception:
        message = "its message cannot be told"
    return storable(f"{type(exc).__name__}: {message}\n\n{trace}")


def storable(text: str) -> str:
    """Text as every database takes it: PostgreSQL refuses the character NUL, both refuse half a pair."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
