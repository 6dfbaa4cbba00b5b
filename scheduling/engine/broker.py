"""The Redis broker of django-q2, made to outlive Redis."""

import logging
import time
from collections.abc import Sequence
from typing import Any

import redis
from django_q.brokers.redis_broker import Redis
from django_q.conf import Conf

from scheduling.monitoring.refusals import redis_problem

logger = logging.getLogger(__name__)

# Seconds. The pusher waits this long for a message before it looks whether it should stop.
WAIT_FOR_MESSAGE = 0.5
# What waits behind the first is taken so many at a time: the others are for the pools of others.
TAKEN_AT_ONCE = 10
# A reply that takes longer means that Redis, or the way to it, is gone. Dispatcher and sentinel
# wait for it too, so it is short.
SOCKET_TIMEOUT = 1.5
CONNECT_TIMEOUT = 1.0
# Between two attempts of the pusher to reach a Redis that is away.
PAUSE = 0.1

# A Redis that answers with an error (a full disk, no more memory, a replica) is of no more use
# than one that is away.
UNUSABLE = redis.RedisError


class SturdyRedis(Redis):  # type: ignore[misc]
    """Loses nothing but time while Redis is away.

    The stock broker lets the first lost connection end the pusher, which then sleeps 10 s.
    Only what must go on without Redis is overridden; `enqueue` still raises, because its
    caller can wait.
    """

    _had_some = False

    def dequeue(self) -> Any:
        try:
            messages = self._waiting() or self._next()
        except UNUSABLE:
            self.part()
            time.sleep(PAUSE)
            return None
        self._had_some = bool(messages)
        return [(None, message) for message in messages] or None

    def _waiting(self) -> list[bytes]:
        """What is there already, by one question; where nothing was a moment ago, nothing is asked."""
        if not self._had_some:
            return []
        self._had_some = False
        return self.connection.lpop(self.list_key, TAKEN_AT_ONCE) or []

    def _next(self) -> list[bytes]:
        message = self.connection.blpop(self.list_key, WAIT_FOR_MESSAGE)
        return [message[1]] if message else []

    def enqueue_all(self, packages: Sequence[str]) -> None:
        """Many by one message to Redis; all of them are there, or it raises."""
        self.connection.rpush(self.list_key, *packages)

    def part(self) -> None:
        """Ask next whom the address leads to by then: who refuses may have been made another's replica."""
        self.connection.connection_pool.disconnect()

    def ping(self) -> bool:
        """Whether Redis answers. A cluster that starts before its Redis waits for it."""
        try:
            return bool(self.connection.ping())
        except UNUSABLE as exc:
            logger.warning("%s It is waited for.", redis_problem(exc))
            return False

    def set_stat(self, key: str, value: str, timeout: int) -> None:
        try:
            super().set_stat(key, value, timeout)
        except UNUSABLE:
            self.part()
            logger.debug("Redis is away; this cluster's state is not shown.")

    def get_stats(self, pattern: str) -> list[bytes]:
        """Without what went between the two questions, and what is no report: django-q2 would stumble."""
        return [report for report in super().get_stats(pattern) or () if report is not None]

    @staticmethod
    def get_connection(list_key: str | None = None) -> Any:
        return redis.Redis.from_url(
            Conf.REDIS, socket_timeout=SOCKET_TIMEOUT, socket_connect_timeout=CONNECT_TIMEOUT
        )
