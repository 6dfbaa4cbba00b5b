"""Where nodes are: who hosts them, in which networks and countries, and what a database tells of that.

All of it is made up: 198.18.0.0/15 is set aside for benchmarks, and the numbers of networks for private use,
so that nobody real is named.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import NamedTuple

from validators.simulator import draws


class Block(NamedTuple):
    """Addresses of one network in one country, and the share of nodes there in percent."""

    prefix: str
    asn: int
    name: str
    country: str
    percent: int


# A network may be in several countries, and the small ones are crowded. The last is in no database.
BLOCKS = (
    Block("198.18.0.0/20", 64512, "LARGEST-HOST Largest Simulated Hosting", "NL", 18),
    Block("198.18.16.0/20", 64512, "LARGEST-HOST Largest Simulated Hosting", "DE", 11),
    Block("198.18.64.0/20", 64513, "SECOND-HOST Second Simulated Hosting", "US", 14),
    Block("198.18.80.0/22", 64513, "SECOND-HOST Second Simulated Hosting", "FI", 5),
    Block("198.18.128.0/21", 64514, "NORTHERN Northern Data Halls", "FI", 10),
    Block("198.18.192.0/21", 64515, "ALPINE Alpine Racks", "CH", 9),
    Block("198.19.0.0/20", 64516, "PACIFIC Pacific Colocation", "JP", 8),
    Block("198.19.32.0/22", 64516, "PACIFIC Pacific Colocation", "SG", 5),
    Block("198.19.64.0/22", 64517, "ISLAND Island Metal", "IE", 7),
    Block("198.19.96.0/23", 64518, "SMALL-A Small Network", "PL", 5),
    Block("198.19.98.0/24", 64519, "SMALL-B Smaller Network", "LT", 4),
    # Everybody behind it has one address.
    Block("198.19.200.1/32", 64520, "FRONT Simulated Shield", "US", 2),
    Block("198.19.240.0/20", 0, "", "", 2),
)


def address_of(identity: str, copy: int = 0, *, operator: str | None = None) -> str:
    """Of an operator all nodes are in one /24."""
    owner = operator or identity
    block = IPv4Network(_block_of(draws.number(owner, "network", copy) % 100).prefix)
    if block.prefixlen > 24:
        return str(block.network_address)
    subnets = 1 << (24 - block.prefixlen)
    subnet = draws.number(owner, "subnet", copy) % subnets
    host = 1 + draws.number(identity, "host", copy) % 254
    return str(IPv4Address(int(block.network_address) + subnet * 256 + host))


def network_lines() -> Iterator[str]:
    """A database of networks for this cluster, as iptoasn.com writes it."""
    for block in BLOCKS:
        if block.asn:
            network = IPv4Network(block.prefix)
            about = (network[0], network[-1], block.asn, block.country, block.name)
            yield "\t".join(map(str, about)) + "\n"


def _block_of(percentile: int) -> Block:
    for block in BLOCKS:
        if percentile < block.percent:
            return block
        percentile -= block.percent
    raise ValueError("The shares of blocks do not add up to 100 %")
