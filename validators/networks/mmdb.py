"""Databases in MaxMind's format, whoever makes them."""

from collections.abc import Collection
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from validators.networks.exceptions import NetworksError
from validators.networks.places import NOWHERE, Place, place_in
from validators.solana.text import plain_text

# Stands before the description of a database, at the end of its file.
_MARKER: Final = b"\xab\xcd\xefMaxMind.com"
_LARGEST_DESCRIPTION: Final = 128 * 1024
_LONGEST_TYPE: Final = 60
# A damaged file has pointers that lead anywhere, also in circles, and the library says so in its own ways.
_DAMAGED: Final = (RuntimeError, ValueError, TypeError, LookupError, OverflowError)


def is_mmdb(path: Path) -> bool:
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - _LARGEST_DESCRIPTION))
        return _MARKER in stream.read()


def described(path: Path) -> tuple[str, datetime | None]:
    """What it says it is, and when it was made. Raises a NetworksError."""
    with _opened(path) as reader:
        about = reader.metadata()
        kind = plain_text(about.database_type, longest=_LONGEST_TYPE)
        return kind, datetime.fromtimestamp(about.build_epoch, UTC) if about.build_epoch else None


def look_up(path: Path, addresses: Collection[str]) -> dict[str, Place]:
    """The place of each address that the file knows. Raises a NetworksError."""
    places = {}
    with _opened(path) as reader:
        is_of_ipv4 = reader.metadata().ip_version == 4
        for address in addresses:
            if not (is_of_ipv4 and ":" in address):
                place = place_in(reader.get(address))
                if place != NOWHERE:
                    places[address] = place
    return places


@contextmanager
def _opened(path: Path) -> Any:
    # Not above: most processes never look at one.
    import maxminddb

    try:
        # Not mapped into memory: who writes over a mapped file ends the process that reads it.
        with maxminddb.open_database(path, maxminddb.MODE_FILE) as reader:
            yield reader
    except _DAMAGED as exc:
        raise NetworksError(f"{path.name}: its MMDB is damaged ({exc}); fetch it again.") from exc
