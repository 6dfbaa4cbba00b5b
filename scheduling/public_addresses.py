"""Which addresses are anybody's to be talked to, so that nobody has this host talk to its own network.

A name is resolved once, what it leads to is judged, and that very address is connected to: a name that leads
elsewhere the next time it is asked gains nothing.
"""

import ipaddress
import socket
from collections.abc import Sequence
from typing import Final

from scheduling.exceptions import UnreachableError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# The last 32 bits are an address of the old kind, to which a gateway leads (RFC 6052).
_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")
# Of protocols, not of anybody; clouds answer there. Older Pythons take most of it for public.
_OF_PROTOCOLS: Final = ipaddress.IPv4Network("192.0.0.0/24")
NOT_PUBLIC: Final = "its address is not a public one"


class NotPublicError(UnreachableError):
    """The address is of this machine, of a network of ours, or of nobody."""


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Raises ValueError, which names the one that is no network."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def is_public(address: Address, *, ours: Sequence[Network] = ()) -> bool:
    """Whether it is anybody's in the internet, or of one of the networks that are allowed besides."""
    if any(address in network for network in ours):
        return True
    inner = _inside(address)
    if inner is not None:
        return is_public(inner, ours=ours)
    is_special = address.is_multicast or address.is_reserved or getattr(address, "is_site_local", False)
    return address.is_global and not is_special and address not in _OF_PROTOCOLS


def addresses(host: str, port: int) -> list[str]:
    """Where that name leads. Raises `UnreachableError`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UnreachableError("its name is not known") from None
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def public_addresses(host: str, port: int, *, ours: Sequence[Network] = ()) -> list[str]:
    """The same, and raises `NotPublicError` if any of it is not public."""
    found = addresses(host, port)
    if not all(is_public(ipaddress.ip_address(address), ours=ours) for address in found):
        raise NotPublicError(NOT_PUBLIC)
    return found


def _inside(address: Address) -> Address | None:
    """The address of the old kind that one of the new kind stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
