"""What a database tells of an address, whatever words it uses. Pure."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from validators.solana.text import plain_text

LONGEST_NETWORK_NAME: Final = 80
_LARGEST_ASN: Final = 2**32 - 1
_COUNTRY: Final = re.compile("[A-Z]{2}")
# ISO 3166 has them for users' own ends; databases write them where they do not know.
_NO_COUNTRIES: Final = frozenset({"XX", "ZZ"})


class Place(NamedTuple):
    """An autonomous system by number and name, and a country in two letters; None and empty are unknown."""

    asn: int | None = None
    name: str = ""
    country: str = ""

    @property
    def network(self) -> str:
        return "" if self.asn is None else f"AS{self.asn}"

    def completed_by(self, other: "Place") -> "Place":
        """A number and its name are one file's."""
        asn, name = (other.asn, other.name) if self.asn is None else (self.asn, self.name)
        return Place(asn, name, self.country or other.country)


NOWHERE: Final = Place()


def place_in(record: object) -> Place:
    """Of a record of an MMDB: as MaxMind, DB-IP, IPinfo or sapics write it."""
    if not isinstance(record, Mapping):
        return NOWHERE
    of_network = record
    for part in ("traits", "asn"):
        if isinstance(record.get(part), Mapping):
            of_network = record[part]
    asn = _first(of_network, "autonomous_system_number", "asn")
    name = _first(of_network, "autonomous_system_organization", "as_name", "name", "organization")
    return place_of(asn, name, _country_in(record))


def place_of(asn: object, name: object, country: object) -> Place:
    """As a file writes them: 64496 or "AS64496" or 0 for none, and "None" or nothing for no country."""
    number = _asn(asn)
    words = "" if number is None else plain_text(name, longest=LONGEST_NETWORK_NAME)
    code = country.strip().upper() if isinstance(country, str) else ""
    known = _COUNTRY.fullmatch(code) and code not in _NO_COUNTRIES
    return Place(number, words, code if known else "")


def _asn(told: object) -> int | None:
    if isinstance(told, str):
        digits = told.strip().upper().removeprefix("AS")
        told = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else None
    if not isinstance(told, int) or isinstance(told, bool) or not 0 < told <= _LARGEST_ASN:
        return None
    return told


def _country_in(record: Mapping[object, object]) -> object:
    for word in ("country_code", "country", "registered_country"):
        told = record.get(word)
        if isinstance(told, Mapping):
            told = told.get("iso_code")
        if isinstance(told, str) and len(told) == 2:
            return told
    return ""


def _first(record: Mapping[object, object], *words: str) -> object:
    return next((record[word] for word in words if record.get(word) is not None), None)
