"""So many requests a minute for each address, counted in Redis."""

import ipaddress
import time
from typing import Any, Final

import redis
from django.conf import settings
from django.http import HttpRequest
from ninja.throttling import BaseThrottle

WINDOW_SECONDS: Final = 60
# A provider hands out networks of this size, each with more addresses than anybody can count.
IPV6_NETWORK: Final = 64
# Redis is on the same network: one that takes longer is as good as away.
REDIS_PATIENCE: Final = 0.2
# How long Redis is not asked again after it did not answer, so that requests do not queue behind it.
REDIS_REST: Final = 5.0


class AddressThrottle(BaseThrottle):
    """`API_RATE_LIMIT` requests a minute and address, 0 for no limit; without Redis nobody is refused."""

    def __init__(self) -> None:
        self._connections: dict[str, Any] = {}
        self._rests_until = 0.0

    def allow_request(self, request: HttpRequest) -> bool:
        limit: int = settings.API_RATE_LIMIT
        if not limit or time.monotonic() < self._rests_until:
            return True
        try:
            return self._counted(_address(request)) <= limit
        except redis.RedisError:
            self._rests_until = time.monotonic() + REDIS_REST
            return True

    def wait(self) -> float:
        """Seconds until the window ends."""
        return WINDOW_SECONDS - time.time() % WINDOW_SECONDS

    def _counted(self, address: str) -> int:
        key = f"api:requests:{address}:{int(time.time()) // WINDOW_SECONDS}"
        with self._redis().pipeline(transaction=False) as pipeline:
            count, _ = pipeline.incr(key).expire(key, WINDOW_SECONDS).execute()
        return int(count)

    def _redis(self) -> Any:
        url: str = settings.REDIS_URL
        if url not in self._connections:
            self._connections[url] = redis.Redis.from_url(
                url, socket_timeout=REDIS_PATIENCE, socket_connect_timeout=REDIS_PATIENCE
            )
        return self._connections[url]


def _address(request: HttpRequest) -> str:
    """Who asks. Behind our own TLS proxy its last word counts: what stands before it anybody can write."""
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.HTTPS else ""
    text = forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, IPV6_NETWORK), strict=False))
    return str(address)
