"""An outward ping while all is well, so that somebody outside notices when everything is gone."""

import logging
import time

from django.conf import settings

from scheduling.exceptions import UnreachableError
from scheduling.monitoring.readiness import readiness
from scheduling.outgoing import ask_status

logger = logging.getLogger(__name__)

# Seconds between two good rounds that are told.
BEAT_EVERY = 30.0
# Seconds to connect and to answer.
TIMEOUT = (5.0, 5.0)


class Heartbeat:
    """Asks `HEARTBEAT_URL` after each round of looking that found nothing wrong; silence says the rest."""

    def __init__(self) -> None:
        self._due_at = 0.0
        self._was_heard = True

    def beat_if_due(self) -> bool:
        """Whether a ping was sent and taken."""
        if not settings.HEARTBEAT_URL or time.monotonic() < self._due_at:
            return False
        self._due_at = time.monotonic() + BEAT_EVERY
        return readiness().ready and self._beat()

    def _beat(self) -> bool:
        problem = _ping(settings.HEARTBEAT_URL)
        if problem and self._was_heard:
            logger.warning("The heartbeat is not heard: %s.", problem)
        elif not problem and not self._was_heard:
            logger.info("The heartbeat is heard again.")
        self._was_heard = not problem
        return not problem


def _ping(url: str) -> str:
    """What went wrong, without the address, which may hold a key; the answer's body is left unread."""
    try:
        status, taken = ask_status("GET", url, seconds=sum(TIMEOUT), patience=TIMEOUT)
        return "" if taken else f"the answer was {status}"
    except UnreachableError as exc:
        return str(exc)
