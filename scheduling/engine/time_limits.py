"""Ending a task that runs too long, without ending its worker."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType

from django.db import connection

from scheduling.exceptions import TimeLimitError


class TimeIsUp(BaseException):
    """Not an Exception, so that no `except Exception` of a library swallows it.

    Who waits for a neighbour says what kept him, in words for anybody, and the error itself.
    """

    waited_for = ""
    refusal: Exception | None = None


@contextmanager
def time_limit(limit: timedelta) -> Iterator[None]:
    """Raise `TimeLimitError` out of the block when it is not done in time.

    The block's database connection is closed then: the alarm may have struck in the middle of
    a reply, and closing ends the transaction for certain. Main thread only.
    """

    def ring(signum: int, frame: FrameType | None) -> None:
        raise TimeIsUp

    previous = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, limit.total_seconds())
        try:
            yield
        finally:
            # Inside the outer try: the alarm may strike on this very line.
            signal.setitimer(signal.ITIMER_REAL, 0)
    except TimeIsUp as up:
        connection.close()
        ended = f"The task was ended at its time limit of {limit.total_seconds():g} s."
        raise TimeLimitError(f"{ended} {up.waited_for}".rstrip()) from up.refusal
    finally:
        signal.signal(signal.SIGALRM, previous)
