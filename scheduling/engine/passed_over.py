"""Jobs of which a row cannot be read: said, and left alone, so that the others go on."""

import logging
import time

from django.db import Error as DatabaseError
from django.db import connection

from scheduling.ledger.spoilt import unreadable_jobs

logger = logging.getLogger(__name__)

# Seconds until it is looked whether somebody mended them; until then they are not read.
LOOK_AGAIN = 30.0


class PassedOver:
    """One dispatcher's memory of them. It looks only when a tick broke: a healthy one pays nothing."""

    def __init__(self) -> None:
        self.jobs: frozenset[int] = frozenset()
        self._looked_at = 0.0

    def explain(self) -> bool:
        """Look for such jobs after a tick broke; say whether there are some that it did not know of."""
        known = self.jobs
        connection.close()
        try:
            self._look()
        except DatabaseError:
            return False
        return bool(self.jobs - known)

    def refresh(self) -> None:
        """Take those back that were mended; the others are said again."""
        if self.jobs and time.monotonic() - self._looked_at > LOOK_AGAIN:
            self._look()

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        found = unreadable_jobs()
        self.jobs = frozenset(one.id for one in found)
        for one in found:
            logger.error("%s", one.problem)
