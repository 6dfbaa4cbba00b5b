"""Redis only rings the bell: a message asks some worker to look at a run in the ledger."""

import logging
import secrets
import time
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django_q.brokers import get_broker
from django_q.tasks import async_task

from scheduling.engine.broker import UNUSABLE
from scheduling.models import Run
from scheduling.models.paths import EXECUTE_RUN
from scheduling.monitoring.queue_state import MARKER

logger = logging.getLogger(__name__)

# Seconds. A pool takes some fifty messages out of Redis before its workers come to them.
TAKEN_AHEAD = 2.0


class Doorbell:
    """The way from a dispatcher to the workers, and what is known of its state."""

    def __init__(self) -> None:
        self._broker: Any = get_broker()
        self._answers = True
        self._waited_until = 0.0

    def ring(self, runs: Iterable[Run]) -> None:
        """Ask for these runs. A Redis that is away is no error: they are asked for again."""
        if not self._answers:
            return  # whatever is queued is asked for when it answers again
        try:
            for run in runs:
                async_task(
                    EXECUTE_RUN,
                    run.pk,
                    task_name=str(run),
                    group=run.job.name,
                    # The job's own time limit ends the task; django-q2's would kill the worker.
                    q_options={"timeout": -1, "broker": self._broker},
                )
        except UNUSABLE as exc:
            self._lost(exc)

    def ring_after_commit(self, runs: Iterable[Run]) -> None:
        rung = list(runs)
        transaction.on_commit(lambda: self.ring(rung))

    def has_lost_messages(self) -> bool:
        """Whether Redis came back, or was emptied, since the last call: what was queued may be gone."""
        try:
            emptied = bool(self._broker.connection.set(MARKER, secrets.token_hex(8), nx=True))
        except UNUSABLE as exc:
            self._lost(exc)
            return False
        came_back, self._answers = not self._answers, True
        if came_back:
            logger.info("Redis answers again.")
        return emptied or came_back

    def is_waited_for(self) -> bool:
        """Whether messages stand in Redis, or did a moment ago; False when it does not answer."""
        if not self._answers:
            return False
        try:
            if self._broker.queue_size():
                self._waited_until = time.monotonic() + TAKEN_AHEAD
        except UNUSABLE as exc:
            self._lost(exc)
            return False
        return time.monotonic() < self._waited_until

    def _lost(self, exc: Exception) -> None:
        if self._answers:
            logger.warning("Redis is away (%s); runs wait in the ledger.", exc)
        self._answers = False
