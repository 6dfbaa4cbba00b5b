"""Which network and country an address belongs to: what was known of it, or else what ASN_DATABASE says.

An address is looked up once for each version of the files: what was found is in the rows of validators.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from django.conf import settings

from validators.models import THE_NETWORKS, NetworkDatabase, Validator
from validators.networks.database import describe, look_up, mark_of
from validators.networks.exceptions import NetworksError
from validators.services import bulk
from validators.solana.node_addresses import prefix_of

_LONGEST_PROBLEM: Final = 400


class Located(NamedTuple):
    """An address in a network and a country; empty is unknown."""

    network: str
    name: str = ""
    country: str = ""


_UNKNOWN: Final = Located("")


@dataclass(frozen=True, slots=True)
class Places:
    """By address, as the files of `mark` say; without a mark there is no database, and prefixes stand for it.

    `files` is None where they are the same as before, or cannot be read: then `problem` says why.
    """

    known: Mapping[str, Located]
    mark: str
    files: Sequence[Mapping[str, Any]] | None = None
    problem: str = ""

    def covers(self, address: str) -> bool:
        """Whether it was looked up: not of a validator that came in between, which the next look tells of."""
        return not self.mark or bool(self.problem) or address in self.known

    def place(self, address: str) -> Located:
        found = self.known.get(address)
        if found is not None:
            return found
        return _UNKNOWN if self.mark else Located(prefix_of(address))


def places_of(addresses: Iterable[str]) -> Places:
    """Of these and of all that are stored; what is damaged takes nothing away that was known."""
    stored = NetworkDatabase.objects.first()
    old_mark = stored.mark if stored else ""
    # What came while a file could not be read was never looked up.
    is_whole = stored is not None and not stored.problem
    if not settings.ASN_DATABASE:
        return Places({}, "", files=())
    columns = ("address", "network", "network_name", "country")
    rows = Validator.objects.present().exclude(address="").values_list(*columns)
    known = {address: Located(*place) for address, *place in bulk.read_rows(rows)}
    paths = [Path(name) for name in settings.ASN_DATABASE]
    wanted = known.keys() | set(filter(None, addresses))
    try:
        mark = mark_of(paths)
        if mark == old_mark and is_whole:
            known |= _looked_up(paths, wanted - known.keys())
            return Places(known, mark)
        return Places(_looked_up(paths, wanted), mark, files=[describe(path).as_dict() for path in paths])
    except NetworksError as exc:
        problem = f"ASN_DATABASE: {exc}"[:_LONGEST_PROBLEM]
        return Places(known if old_mark else {}, old_mark, problem=problem)


def record_places(places: Places, *, at: datetime) -> None:
    """Call inside the transaction that stores where validators are."""
    told: dict[str, Any] = {"mark": places.mark, "problem": places.problem, "tried_at": at}
    if places.files is not None:
        told["files"] = list(places.files)
    NetworkDatabase.objects.update_or_create(pk=THE_NETWORKS, defaults=told)


def _looked_up(paths: Sequence[Path], addresses: set[str]) -> dict[str, Located]:
    if not addresses:
        return {}
    found = look_up(paths, addresses)
    return {address: Located(place.network, place.name, place.country) for address, place in found.items()}
