"""Addresses as nodes tell them, and the networks they stand for without a database. Pure."""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

_Address = IPv4Address | IPv6Address

# The smallest networks that are announced on the internet.
PREFIX_OF_IPV4: Final = 24
PREFIX_OF_IPV6: Final = 48
# Of these nobody can tell whose they are. Those for documents and benchmarks are not among them: simulated
# clusters use them.
_NOWHERE: Final = tuple(
    map(
        ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.168.0.0/16", "224.0.0.0/3", "::/128", "::1/128", "fc00::/7", "fe80::/10", "ff00::/8"),
        ),
    )
)
# As nearly all are; without a zero in front, which ipaddress does not take either.
_OCTET: Final = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_PLAIN: Final = re.compile(r"\.".join([_OCTET] * 4))


def address_in(socket: object) -> str:
    """The address of "192.0.2.1:8001" or "[2001:db8::1]:8001" in its shortest form; empty for what is none.

    Empty also for one that is not of the internet, and an IPv4 address within IPv6 is that IPv4 address.
    """
    if not isinstance(socket, str):
        return ""
    host, _, _ = socket.strip().rpartition(":")
    if (plain := _PLAIN.fullmatch(host)) is not None:
        return "" if _is_nowhere(plain[1], plain[2]) else host
    found = _parsed(host.removeprefix("[").removesuffix("]") if host.startswith("[") else host)
    return "" if found is None else str(found)


def prefix_of(address: str) -> str:
    """The /24 of an IPv4 address, the /48 of an IPv6 one; empty for none."""
    if (plain := _PLAIN.fullmatch(address)) is not None:
        first, second, third = plain[1], plain[2], plain[3]
        return "" if _is_nowhere(first, second) else f"{first}.{second}.{third}.0/{PREFIX_OF_IPV4}"
    found = _parsed(address)
    if found is None:
        return ""
    length = PREFIX_OF_IPV4 if found.version == 4 else PREFIX_OF_IPV6
    return str(ip_network((found, length), strict=False))


def _parsed(text: str) -> _Address | None:
    try:
        # A zone is the node's own name of a cable.
        found: _Address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return None if any(found in nowhere for nowhere in _NOWHERE) else found


# An eighth of all that there are.
@lru_cache(maxsize=8_192)
def _is_nowhere(first: str, second: str) -> bool:
    """Whether an IPv4 address that begins so is: none of those networks is smaller than a /16."""
    address = ip_address(f"{first}.{second}.0.0")
    return any(address in nowhere for nowhere in _NOWHERE)
