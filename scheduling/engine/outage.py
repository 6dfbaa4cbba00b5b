"""A neighbour that fails: said once, now and then again, and once that it is over."""

import logging
import time

logger = logging.getLogger(__name__)

# What stays away is mentioned this often (seconds).
REMINDER_EVERY = 30.0
# Who fails again within this had not come back: from then on it must do well for longer and longer.
RELAPSE_WITHIN = 60.0
SHORTEST_TRIAL = 10.0
LONGEST_TRIAL = 300.0


class Outage:
    """Whether one neighbour fails; by the operation that failed, not by another one that goes well."""

    def __init__(self, *, consequence: str, back: str) -> None:
        self._consequence, self._back = consequence, back
        self._since: float | None = None
        self._well_since: float | None = None
        self._reminded_at = 0.0
        self._ended_at = -RELAPSE_WITHIN
        self._trial = 0.0

    @property
    def is_on(self) -> bool:
        return self._since is not None

    @property
    def has_relapsed(self) -> bool:
        """Whether it is one that comes and goes."""
        return self.is_on and self._trial > 0

    def failed(self, why: str) -> None:
        """It failed now; `why` is a sentence's beginning, as in "Redis is away (connection refused)"."""
        now = time.monotonic()
        self._well_since = None
        if self._since is None:
            relapsed = now - self._ended_at < RELAPSE_WITHIN
            self._trial = min(max(2 * self._trial, SHORTEST_TRIAL), LONGEST_TRIAL) if relapsed else 0.0
            self._since = self._reminded_at = now
            logger.warning("%s; %s.", why, self._consequence)
        elif now - self._reminded_at > REMINDER_EVERY:
            self._reminded_at = now
            logger.warning("%s, for %.0f s.", why, now - self._since)

    def worked(self) -> None:
        """It did what it had failed at: says that the outage is over, once that went well for long enough."""
        if self._since is None:
            return
        now = time.monotonic()
        self._well_since = self._well_since or now
        if now - self._well_since >= self._trial:
            self._since, self._ended_at = None, now
            logger.info(self._back)
