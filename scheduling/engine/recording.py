"""Writing the end of a run down for certain: with patience, or not at all and then by dying."""

import logging
import os
import time
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, connection

from scheduling.exceptions import RunLostError

logger = logging.getLogger(__name__)

# How long a finished task tries to reach a database that does not answer before its process
# gives up and leaves the run to be taken back.
RECORDING_PATIENCE = 30.0


def for_certain(record: Callable[[], None]) -> None:
    """Record something, or end this process.

    A worker that gave up and lived on would hold its run for ever; the dispatcher takes a dead
    one's back.
    """
    try:
        persistently(record)
    except Exception:
        logger.exception("The end of a run could not be recorded; this worker ends.")
        os._exit(1)


def persistently(record: Callable[[], None]) -> None:
    """Record an end even when the database is away for a while; this process ends when it stays away."""
    patience_ends = time.monotonic() + RECORDING_PATIENCE
    while True:
        try:
            return record()
        except RunLostError as exc:
            logger.warning("%s", exc)
            return None
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() > patience_ends:
                logger.exception("The database was away for %.0f s; this worker ends.", RECORDING_PATIENCE)
                os._exit(1)
            time.sleep(0.2)
