"""How much was asked for within a minute, counted in Redis and, while that is away, in this process."""

import time
from typing import Any, Final

import redis
from django.conf import settings

WINDOW_SECONDS: Final = 60
# Redis is on the same network: one that takes longer is as good as away.
REDIS_PATIENCE: Final = 0.2
# How long Redis is not asked again after it did not answer, so that requests do not queue behind it.
REDIS_REST: Final = 5.0
# Keys that a process remembers by itself; the oldest go first.
MOST_REMEMBERED: Final = 10_000


class SlidingCount:
    """Units within the last minute by key: all of this one, and of the one before the share still in it."""

    def __init__(self) -> None:
        self._connections: dict[str, Any] = {}
        self._rests_until = 0.0
        # (key, minute) -> units, in the order of their first
        self._own: dict[tuple[str, int], int] = {}

    def add(self, key: str, units: int) -> float:
        """Count these, and return how many there are now; 0 units only ask."""
        minute, passed = divmod(time.time(), WINDOW_SECONDS)
        now, before = self._counted(key, int(minute), units)
        return now + before * (1 - passed / WINDOW_SECONDS)

    def _counted(self, key: str, minute: int, units: int) -> tuple[int, int]:
        if time.monotonic() >= self._rests_until:
            try:
                return self._in_redis(key, minute, units)
            except redis.RedisError:
                self._rests_until = time.monotonic() + REDIS_REST
        return self._by_ourselves(key, minute, units)

    def _in_redis(self, key: str, minute: int, units: int) -> tuple[int, int]:
        # Two installations may share a Redis: what the one is asked for is not asked of the other.
        name = f"front:{settings.Q_CLUSTER['name']}:{key}"
        with self._redis().pipeline(transaction=False) as pipeline:
            pipeline.incrby(f"{name}:{minute}", units)
            pipeline.expire(f"{name}:{minute}", 2 * WINDOW_SECONDS)
            now, _, before = pipeline.get(f"{name}:{minute - 1}").execute()
        return int(now), int(before or 0)

    def _by_ourselves(self, key: str, minute: int, units: int) -> tuple[int, int]:
        own = self._own
        own[key, minute] = own.get((key, minute), 0) + units
        while len(own) > MOST_REMEMBERED:
            own.pop(next(iter(own)), None)
        return own.get((key, minute), 0), own.get((key, minute - 1), 0)

    def _redis(self) -> Any:
        url: str = settings.REDIS_URL
        if url not in self._connections:
            self._connections[url] = redis.Redis.from_url(
                url, socket_timeout=REDIS_PATIENCE, socket_connect_timeout=REDIS_PATIENCE
            )
        return self._connections[url]
