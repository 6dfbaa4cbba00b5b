"""The TSV of iptoasn.com, plain or by gzip: from, to, AS number, country, name."""

import gzip
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping
from io import BufferedIOBase
from ipaddress import ip_address
from pathlib import Path
from socket import AF_INET, AF_INET6, inet_pton
from typing import Final, NamedTuple

from validators.networks.exceptions import NetworksError
from validators.networks.places import Place, place_of

GZIP: Final = b"\x1f\x8b"
_COLUMNS: Final = 5
# A line of the real one has less than two hundred bytes; a file without line ends is no such file.
_LONGEST_LINE: Final = 4_096
# Unpacked; the real one has forty megabytes.
LARGEST_TEXT: Final = 1024**3
_FORM: Final = "write start, end, AS number, country and name with tabs between, as iptoasn.com does"


class _Line(NamedTuple):
    version: int
    first: int
    last: int
    rest: list[str]


def first_line(path: Path) -> None:
    """Raises a NetworksError where the file does not begin as such a file does."""
    with _opened(path) as stream:
        if next(_lines(path, stream), None) is None:
            raise NetworksError(f"{path.name}: it has no line; {_FORM}.")


def look_up(path: Path, addresses: Collection[str]) -> dict[str, Place]:
    """The place of each address that the file knows, in one pass. Of ranges that overlap the narrowest.

    Raises a NetworksError, also where a line is damaged that no address is in.
    """
    wanted = {version: _by_number(addresses, version) for version in (4, 6)}
    numbers = {version: sorted(found) for version, found in wanted.items()}
    widths: dict[str, int] = {}
    places: dict[str, Place] = {}
    with _opened(path) as stream:
        for line in _lines(path, stream):
            known = numbers[line.version]
            begin = bisect_left(known, line.first)
            for number in known[begin : bisect_right(known, line.last, lo=begin)]:
                address, width = wanted[line.version][number], line.last - line.first
                if width < widths.get(address, width + 1):
                    widths[address] = width
                    places[address] = place_of(line.rest[0], line.rest[2], line.rest[1])
    return places


def _by_number(addresses: Collection[str], version: int) -> Mapping[int, str]:
    parsed = ((ip_address(address), address) for address in addresses)
    return {int(found): address for found, address in parsed if found.version == version}


def _opened(path: Path) -> BufferedIOBase:
    with path.open("rb") as stream:
        packed = stream.read(len(GZIP)) == GZIP
    return gzip.open(path, "rb") if packed else path.open("rb")


def _lines(path: Path, stream: BufferedIOBase) -> Iterator[_Line]:
    number = read = 0
    try:
        while raw := stream.readline(_LONGEST_LINE):
            number, read = number + 1, read + len(raw)
            if read > LARGEST_TEXT:
                raise NetworksError(f"{path.name}: unpacked it has more than 1 GiB; give a file of networks.")
            if raw.strip() and not raw.startswith(b"#"):
                yield _parsed(path, number, raw)
    except (EOFError, gzip.BadGzipFile, zlib.error) as exc:
        raise NetworksError(f"{path.name}: it ends early or is damaged ({exc}); fetch it again.") from exc


def _parsed(path: Path, number: int, raw: bytes) -> _Line:
    try:
        # One name of another alphabet spoils no range; some editors write a mark before a text.
        first, last, *rest = raw.decode("utf-8-sig", "replace").rstrip("\r\n").split("\t", _COLUMNS - 1)
        version, begin = _number(first)
        version_of_end, end = _number(last)
        is_one = version == version_of_end and begin <= end and len(rest) == _COLUMNS - 2
        if is_one and rest[0].isascii() and rest[0].isdigit():
            return _Line(version, begin, end, rest)
    except (ValueError, OSError):
        pass
    shown = ascii(raw[:60])[1:]
    raise NetworksError(f"{path.name}, line {number}: {shown} is no range of addresses; {_FORM}.")


def _number(text: str) -> tuple[int, int]:
    """Version and number of an address, which one form of the file writes as a number (only IPv4)."""
    if ":" in text:
        return 6, int.from_bytes(inet_pton(AF_INET6, text), "big")
    if "." in text:
        return 4, int.from_bytes(inet_pton(AF_INET, text), "big")
    if not text.isascii() or not text.isdigit() or len(text) > 10 or int(text) >= 2**32:
        raise ValueError("no address")
    return 4, int(text)
