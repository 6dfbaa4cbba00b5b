"""Asking no faster than a public endpoint allows."""

import time
from collections import deque
from collections.abc import Callable
from typing import Final

WINDOW_SECONDS: Final = 10.0
# Public endpoints allow 40 of a method in ten seconds; the sources ask beside this.
MOST_IN_WINDOW: Final = 20


class Pace:
    """Makes room for the next requests, by waiting where there is none."""

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._made: deque[float] = deque()
        self.requests = 0

    def wait_for(self, requests: int) -> None:
        """Returns once so many more fit; of more than fit at all, once nothing else was asked lately."""
        room = max(0, MOST_IN_WINDOW - requests)
        while len(self._made) > room:
            self._sleep(max(0.0, self._made[0] + WINDOW_SECONDS - self._clock()))
            while self._made and self._made[0] + WINDOW_SECONDS <= self._clock():
                self._made.popleft()
        self._made.extend([self._clock()] * requests)
        self.requests += requests
