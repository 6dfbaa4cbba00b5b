"""Asking a database that took no writes whether it takes them again, ever more rarely."""

import time

from django.db import Error as DatabaseError

from scheduling.engine.recording import LONGEST_WAIT
from scheduling.monitoring.database_state import require_writes
from scheduling.monitoring.refusals import database_refusal
from scheduling.timing.attempts import JITTER

# Seconds from a trial that was refused to the next, and what they double to: a trial is a write.
SHORTEST_WAIT = 0.5
LONGEST_TRIAL_WAIT = 5.0
# Whoever waited to write the end of a run into a database that is back goes before those who look for
# the lost and the overdue (seconds): as long as he may sleep, and a moment to write.
WRITERS_FIRST = LONGEST_WAIT * (1 + JITTER) + 1.0


class WriteTrials:
    """Those of one dispatcher during an outage; between two of them the last verdict stands."""

    def __init__(self) -> None:
        self._refusal: DatabaseError | None = None
        self._wait = SHORTEST_WAIT
        self._next_at = 0.0
        self.writers_until = 0.0

    def require_writes(self) -> None:
        """Raise what a write raises, or raised a moment ago.

        A database that does not answer at all costs it nothing, and is asked each time.
        """
        now = time.monotonic()
        if self._refusal is not None and now < self._next_at:
            raise self._refusal.with_traceback(None)
        try:
            require_writes()
        except DatabaseError as exc:
            self.writers_until = now + WRITERS_FIRST
            if database_refusal(exc):
                self._refusal, self._next_at = exc, now + self._wait
                self._wait = min(2 * self._wait, LONGEST_TRIAL_WAIT)
            raise
        if self._refusal is not None:
            self.writers_until = now + WRITERS_FIRST
        self._refusal, self._wait = None, SHORTEST_WAIT
