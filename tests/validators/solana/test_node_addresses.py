"""Addresses of nodes: the quick way for plain IPv4 says what ipaddress says."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.solana import node_addresses
from validators.solana.node_addresses import address_in, prefix_of

# Beside any: the edges of the networks that are nowhere.
EDGES = [
    str(ip_address(edge))
    for nowhere in node_addresses._NOWHERE
    if nowhere.version == 4
    for first, last in [(int(nowhere.network_address), int(nowhere.broadcast_address))]
    for edge in (max(0, first - 1), first, last, min(2**32 - 1, last + 1))
]
OCTETS = st.integers(0, 260).map(str) | st.sampled_from(["00", "01", "", " 1", "٣", "1\n"])


def is_somewhere(text: str) -> bool:
    try:
        found = ip_address(text)
    except ValueError:
        return False
    return not any(found in nowhere for nowhere in node_addresses._NOWHERE)


@given(
    st.ip_addresses(v=4).map(str)
    | st.sampled_from(EDGES)
    | st.lists(OCTETS, min_size=3, max_size=5).map(".".join)
)
def test_plain_addresses_are_read_as_ipaddress_reads_them(text: str) -> None:
    known = text if is_somewhere(text) else ""

    # Around a socket blanks are passed over.
    assert address_in(f"{text}:8001") == address_in(f" {text}:8001") or text != text.strip()
    if text == text.strip():
        assert address_in(f"{text}:8001") == known
    assert prefix_of(text) == (str(ip_network(f"{text}/24", strict=False)) if known else "")


@pytest.mark.parametrize(
    ("socket", "address"),
    [
        ("[2001:db8::1]:8001", "2001:db8::1"),
        ("[::ffff:192.0.2.7]:1", "192.0.2.7"),
        ("[::ffff:10.0.0.1]:1", ""),
        ("[fe80::1%eth0]:1", ""),
        ("192.0.2.1", ""),
        (None, ""),
    ],
)
def test_other_sockets(socket: object, address: str) -> None:
    assert address_in(socket) == address
