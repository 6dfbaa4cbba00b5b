"""Redis only rings the bell: a message asks some worker to look at a run in the ledger."""

import secrets
import time
from collections.abc import Iterable
from itertools import islice
from typing import Any

from django_q.brokers import get_broker
from django_q.tasks import async_task

from scheduling.engine.broker import UNUSABLE
from scheduling.engine.outage import Outage
from scheduling.models import Run
from scheduling.models.paths import EXECUTE_RUN
from scheduling.monitoring.queue_state import marker, require_messages_taken
from scheduling.monitoring.refusals import redis_refusal

# Seconds. A pool takes some fifty messages out of Redis before its workers come to them.
TAKEN_AHEAD = 2.0
# Between two trials of a Redis that takes a trial's message and then not a run's.
PAUSE_AFTER_RELAPSE = 5.0
# A run waits for those that are rung for with it to be packed, so these are few.
RUNG_AT_ONCE = 20


class Bundle:
    """What django-q2 takes for its broker: keeps the messages, to be handed over together."""

    def __init__(self, broker: Any) -> None:
        self.list_key = broker.list_key
        self.packages: list[str] = []

    def enqueue(self, package: str) -> str:
        self.packages.append(package)
        return f"message {len(self.packages)}"


def send(broker: Any, runs: Iterable[Run]) -> None:
    """One message for each run, and one way to Redis for all of them; raises what Redis does."""
    bundle = Bundle(broker)
    for run in runs:
        async_task(
            EXECUTE_RUN,
            run.pk,
            task_name=str(run),
            group=run.job.name,
            # The job's own time limit ends the task; django-q2's would kill the worker.
            q_options={"timeout": -1, "broker": bundle},
        )
    broker.enqueue_all(bundle.packages)


class Doorbell:
    """The way from a dispatcher to the workers, and what is known of its state."""

    def __init__(self) -> None:
        self._broker: Any = get_broker()
        self._answers = True
        self._outage = Outage(consequence="runs wait in the ledger", back="Redis answers again.")
        self._trial_at = 0.0
        self._waited_until = 0.0

    def ring(self, runs: Iterable[Run]) -> None:
        """Ask for these runs. A Redis that is away is no error: they are asked for again."""
        if not self._answers:
            return  # whatever is queued is asked for when it answers again
        left = iter(runs)
        try:
            while some := list(islice(left, RUNG_AT_ONCE)):
                send(self._broker, some)
        except UNUSABLE as exc:
            self._lost(exc)

    def has_lost_messages(self) -> bool:
        """Whether Redis came back, or was emptied, since the last call: what was queued may be gone.

        One that failed is back when it takes a message; that it answers says little.
        """
        if not self._answers and time.monotonic() < self._trial_at:
            return False
        try:
            if self._outage.is_on:
                require_messages_taken(self._broker)
            emptied = bool(self._broker.connection.set(marker(), secrets.token_hex(8), nx=True))
        except UNUSABLE as exc:
            self._lost(exc)
            return False
        came_back, self._answers = not self._answers, True
        self._outage.worked()
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
        refusal = redis_refusal(exc)
        self._outage.failed(f"Redis takes no messages ({refusal})" if refusal else f"Redis is away ({exc})")
        self._broker.part()
        self._answers = False
        self._trial_at = time.monotonic() + (PAUSE_AFTER_RELAPSE if self._outage.has_relapsed else 0.0)
