"""Who asks."""

import ipaddress
from typing import Final

from django.conf import settings
from django.http import HttpRequest

# A provider hands out networks of this size, each with more addresses than anybody can count.
IPV6_NETWORK: Final = 64
UNKNOWN: Final = "unknown"


def client_address(request: HttpRequest) -> str:
    """The address that a client is known by: an IPv4 address, or the /64 network of an IPv6 one.

    Behind `TRUSTED_PROXIES` proxies of our own it is what the outermost of them saw: the word of
    X-Forwarded-For so many places from its end. What stands before that anybody can write.
    """
    words = [word.strip() for word in request.headers.get("X-Forwarded-For", "").split(",") if word.strip()]
    proxies: int = settings.TRUSTED_PROXIES
    # Fewer words than proxies: asked from beside the process.
    text = words[-proxies] if 0 < proxies <= len(words) else request.META.get("REMOTE_ADDR", "")
    return _known_by(text)


def _known_by(text: str) -> str:
    try:
        address = ipaddress.ip_address(_without_port(text))
    except ValueError:
        return UNKNOWN
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, IPV6_NETWORK), strict=False))
    return str(address)


def _without_port(text: str) -> str:
    """Some proxies write `203.0.113.9:4711` or `[2001:db8::1]:4711`."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
