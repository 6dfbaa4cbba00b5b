"""A writer of small databases in MaxMind's format, by its specification 2.0: for tests only."""

import struct
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

MARKER = b"\xab\xcd\xefMaxMind.com"
_SEPARATOR = bytes(16)
BUILT_AT = 1_790_000_000


def mmdb(records: Mapping[str, Any], *, kind: str = "Test-ASN", ip_version: int = 6) -> bytes:
    """A database of these networks; no network may lie within another."""
    nodes: list[list[int | None]] = [[None, None]]
    data, offsets = b"", {}
    for network, record in records.items():
        offsets[network] = len(data)
        data += encoded(record)
    leaves: list[tuple[int, int, int]] = []
    for network in records:
        leaves.append(_branch(nodes, _bits(network, ip_version), offsets[network]))
    tree = b"".join(_pointer(nodes, leaves, number, side) for number in range(len(nodes)) for side in (0, 1))
    about = {
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": BUILT_AT,
        "database_type": kind,
        "description": {"en": "written by a test"},
        "ip_version": ip_version,
        "languages": ["en"],
        "node_count": len(nodes),
        "record_size": 32,
    }
    return tree + _SEPARATOR + data + MARKER + encoded(about)


def _bits(network: str, ip_version: int) -> str:
    """Of the prefix; IPv4 lies within IPv6 behind 96 zeros."""
    parsed = ip_network(network)
    bits = f"{int(parsed.network_address):0{parsed.max_prefixlen}b}"[: parsed.prefixlen]
    return "0" * 96 + bits if parsed.version == 4 and ip_version == 6 else bits


def _branch(nodes: list[list[int | None]], bits: str, offset: int) -> tuple[int, int, int]:
    """Grow the tree as far as the last bit: node, side, and where its data is."""
    node = 0
    for bit in map(int, bits[:-1]):
        if nodes[node][bit] is None:
            nodes.append([None, None])
            nodes[node][bit] = len(nodes) - 1
        further = nodes[node][bit]
        assert further is not None
        node = further
    return node, int(bits[-1]), offset


def _pointer(
    nodes: list[list[int | None]], leaves: list[tuple[int, int, int]], number: int, side: int
) -> bytes:
    for node, bit, offset in leaves:
        if (node, bit) == (number, side):
            return struct.pack(">I", len(nodes) + len(_SEPARATOR) + offset)
    further = nodes[number][side]
    return struct.pack(">I", len(nodes) if further is None else further)


def encoded(value: Any) -> bytes:
    if isinstance(value, str):
        text = value.encode()
        return _control(2, len(text)) + text
    if isinstance(value, Mapping):
        pairs = b"".join(encoded(key) + encoded(one) for key, one in value.items())
        return _control(7, len(value)) + pairs
    if isinstance(value, list):
        return _control(11, len(value)) + b"".join(map(encoded, value))
    raw: bytes = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return _control(9 if len(raw) > 4 else 6, len(raw)) + raw


def _control(kind: int, size: int) -> bytes:
    """Types above 7 stand in a byte of their own; so does a size from 29 on."""
    shown, more = (size, b"") if size < 29 else (29, bytes([size - 29]))
    assert size < 29 + 256
    return (bytes([kind << 5 | shown]) if kind < 8 else bytes([shown, kind - 7])) + more
