"""The files of ASN_DATABASE: whether they can be used, what they are, and what they tell of addresses."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from validators.networks import mmdb, tsv
from validators.networks.exceptions import NetworksError
from validators.networks.places import NOWHERE, Place

# The largest that anybody sells has about as much.
LARGEST: Final = 2 * 1024**3
_LONGEST_NAME: Final = 100


class Kind(StrEnum):
    """What a file is, by what is in it and not by its name."""

    MMDB = "mmdb"
    IPTOASN = "iptoasn"


@dataclass(frozen=True, slots=True)
class File:
    """What a file says of itself; `made_at` is ISO 8601, of an iptoasn file when it was stored."""

    name: str
    kind: str
    says: str
    bytes: int
    made_at: str | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def describe(path: Path) -> File:
    """Opens it and reads its beginning. Raises a NetworksError."""
    try:
        status = path.stat()
        if not path.is_file():
            raise NetworksError(f"{path.name}: it is no file; name the file itself.")
        if status.st_size > LARGEST:
            raise NetworksError(f"{path.name}: it has more than 2 GiB; give a file of networks.")
        name = path.name[:_LONGEST_NAME]
        if mmdb.is_mmdb(path):
            says, made_at = mmdb.described(path)
            return File(name, Kind.MMDB, says, status.st_size, made_at.isoformat() if made_at else None)
        _check_text(path)
        stored_at = datetime.fromtimestamp(status.st_mtime, UTC).replace(microsecond=0)
        return File(name, Kind.IPTOASN, "iptoasn", status.st_size, stored_at.isoformat())
    except OSError as exc:
        raise NetworksError(
            f"{path.name}: {exc.strerror or exc}; name a file that this user can read."
        ) from exc


def look_up(paths: Sequence[Path], addresses: Collection[str]) -> dict[str, Place]:
    """The place of each address; what one file does not know the next may. Raises a NetworksError."""
    places = dict.fromkeys(addresses, NOWHERE)
    for path in paths:
        kind = describe(path).kind
        try:
            found = (mmdb if kind == Kind.MMDB else tsv).look_up(path, addresses)
        except OSError as exc:
            raise NetworksError(f"{path.name}: {exc.strerror or exc}; name a file that can be read.") from exc
        for address, place in found.items():
            places[address] = places[address].completed_by(place)
    return places


def mark_of(paths: Sequence[Path]) -> str:
    """Another whenever one of the files is another. Raises a NetworksError for one that is not there."""
    seen = blake2b(digest_size=16)
    for path in paths:
        try:
            status = path.stat()
        except OSError as exc:
            raise NetworksError(f"{path.name}: {exc.strerror}; name a file that this user can read.") from exc
        known = (str(path), status.st_ino, status.st_size, status.st_mtime_ns)
        seen.update(repr(known).encode())
    return seen.hexdigest()


def _check_text(path: Path) -> None:
    try:
        tsv.first_line(path)
    except NetworksError as exc:
        raise NetworksError(
            f"{path.name}: it is neither an MMDB nor the TSV of iptoasn.com ({exc}) Unpack archives first."
        ) from exc
