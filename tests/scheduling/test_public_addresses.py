"""Which addresses are anybody's."""

import ipaddress

import pytest
from pytest_django.fixtures import Settings

from scheduling.exceptions import UnreachableError
from scheduling.outgoing import ask_status
from scheduling.public_addresses import (
    NOT_PUBLIC,
    NotPublicError,
    is_public,
    networks,
    public_addresses,
)

OURS = networks(["10.1.2.0/24", "fd00::/8"])


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        *[(address, True) for address in ("8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808")],
        *[(address, True) for address in ("10.1.2.3", "fd00::1", "::ffff:10.1.2.3")],
        *[(address, False) for address in ("127.0.0.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.0.1")],  # noqa: S104
        *[(address, False) for address in ("169.254.169.254", "100.64.0.1", "224.0.0.1", "240.0.0.1")],
        *[(address, False) for address in ("255.255.255.255", "198.18.0.1", "192.0.2.1", "::", "::1")],
        *[(address, False) for address in ("fe80::1%1", "fec0::1", "fc00::1", "ff02::1", "2001:db8::1")],
        *[(address, False) for address in ("::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "64:ff9b::7f00:1")],
        *[(address, False) for address in ("2002:7f00:1::", "2002:a9fe:a9fe::1", "::7f00:1", "192.0.0.192")],
        ("2001:0:808:808:0:0:80ff:fffe", False),
    ],
)
def test_an_address_is_public_or_of_a_network_that_is_allowed(address: str, expected: bool) -> None:
    assert is_public(ipaddress.ip_address(address), ours=OURS) is expected


def test_a_name_that_leads_anywhere_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(2, 1, 6, "", ("8.8.8.8", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr("scheduling.public_addresses.socket.getaddrinfo", lambda *_, **__: found)
    with pytest.raises(NotPublicError, match=NOT_PUBLIC):
        public_addresses("mixed.example.org", 443)

    del found[1]
    assert public_addresses("mixed.example.org", 443) == ["8.8.8.8"]


def test_behind_a_proxy_what_can_be_judged_is_judged(settings: Settings) -> None:
    settings.OUTGOING_PROXY = "http://127.0.0.1:1"

    for url, reason in (
        ("https://169.254.169.254/", NOT_PUBLIC),
        # A name that only the proxy knows is the proxy's to judge.
        ("https://name.invalid/", "ProxyError"),
    ):
        with pytest.raises(UnreachableError, match=reason):
            ask_status("GET", url, seconds=10, patience=(5.0, 5.0), resolve=public_addresses)
