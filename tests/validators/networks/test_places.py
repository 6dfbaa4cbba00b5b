"""What a database says, in whatever words, and what addresses nodes tell."""

import pytest

from validators.networks.places import NOWHERE, Place, place_in, place_of
from validators.solana.node_addresses import address_in, prefix_of


@pytest.mark.parametrize(
    ("record", "place"),
    [
        # GeoLite2-ASN, DB-IP and sapics.
        ({"autonomous_system_number": 64496, "autonomous_system_organization": "Some"}, Place(64496, "Some")),
        # GeoLite2-Country; where the network is registered, if nobody knows where the address is.
        ({"country": {"iso_code": "DE"}, "registered_country": {"iso_code": "US"}}, Place(country="DE")),
        ({"registered_country": {"iso_code": "US"}}, Place(country="US")),
        # IPinfo Lite, and its file of before.
        (
            {"asn": "AS64497", "as_name": "Other", "country": "Germany", "country_code": "DE"},
            Place(64497, "Other", "DE"),
        ),
        ({"asn": "AS64497", "as_name": "Other", "country": "DE"}, Place(64497, "Other", "DE")),
        ({"traits": {"autonomous_system_number": 7}, "country": {"iso_code": "FI"}}, Place(7, "", "FI")),
        ({"autonomous_system_number": True, "country": 5}, NOWHERE),
        ({"autonomous_system_number": 2**32}, NOWHERE),
        (["no", "map"], NOWHERE),
        (None, NOWHERE),
    ],
)
def test_a_record_is_read_as_its_makers_write_it(record: object, place: Place) -> None:
    assert place_in(record) == place


def test_of_iptoasn_zero_and_none_are_unknown() -> None:
    assert place_of("0", "Not routed", "None") == NOWHERE
    assert place_of("64496", "A\u202eB  C" + "x" * 99, "zz") == Place(64496, "AB C" + "x" * 76, "")
    assert place_of("1e3", "x", "de") == Place(country="DE")


@pytest.mark.parametrize(
    ("socket", "address", "prefix"),
    [
        ("192.0.2.77:8001", "192.0.2.77", "192.0.2.0/24"),
        ("[2001:DB8:0:1:0:0:0:5]:8001", "2001:db8:0:1::5", "2001:db8::/48"),
        ("[::ffff:192.0.2.1]:1", "192.0.2.1", "192.0.2.0/24"),
        ("198.18.4.4:1", "198.18.4.4", "198.18.4.0/24"),
        *((nowhere, "", "") for nowhere in ("10.0.0.1:1", "127.0.0.1:8001", "0.0.0.0:0", "[fe80::1%eth0]:1")),
        *(
            (wrong, "", "")
            for wrong in ("192.0.2.1", "host:1", "192.0.2.256:1", "", None, 5, ["192.0.2.1:1"])
        ),
    ],
)
def test_an_address_is_of_the_internet_or_unknown(socket: object, address: str, prefix: str) -> None:
    assert address_in(socket) == address
    assert prefix_of(address) == prefix
