"""Reading a history file as a stream of numbered lines, compressed or not."""

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase, BufferedReader
from pathlib import Path
from typing import Final, NamedTuple

from validators.exceptions import HistoryFileError
from validators.services.history.lines import HistoryRow, columns_of, parse_line

GZIP_START: Final = b"\x1f\x8b"
# Several times the longest possible line; a file without line ends is not read into memory.
LONGEST_LINE: Final = 4_096


class RejectedLine(NamedTuple):
    """A line that is left out; the header is line 1."""

    number: int
    reason: str


class HistoryFile:
    """An open history file; iterating gives the number of each line and its row, or why it is rejected."""

    def __init__(self, path: Path, raw: BufferedReader, lines: BufferedIOBase) -> None:
        self._path = path
        self._raw = raw
        self._lines = lines
        self._size = os.fstat(raw.fileno()).st_size if raw.seekable() else 0
        self.line_number = 0
        self._more: tuple[str, ...] = ()

    @property
    def share_read(self) -> float | None:
        """From 0 to 1, by the bytes on disk; None when the length is unknown, as of a pipe."""
        return min(1.0, self._raw.tell() / self._size) if self._size else None

    def __iter__(self) -> Iterator[tuple[int, HistoryRow | RejectedLine]]:
        """Raises HistoryFileError for another header, and when the file turns out to be damaged."""
        self._check_header()
        while line := self._next_line():
            yield self.line_number, self._judged(line)

    def _check_header(self) -> None:
        found = self._next_line().rstrip(b"\r\n")
        header = found.removeprefix(b"\xef\xbb\xbf")[:LONGEST_LINE].decode(errors="replace")
        try:
            self._more = columns_of(header)
        except ValueError as exc:
            raise HistoryFileError(f"{self._path} {exc}") from exc

    def _judged(self, line: bytes) -> HistoryRow | RejectedLine:
        try:
            if len(line) > LONGEST_LINE:
                raise ValueError(f"longer than {LONGEST_LINE} bytes")
            return parse_line(line.removesuffix(b"\n").removesuffix(b"\r").decode("ascii"), self._more)
        except UnicodeDecodeError:
            return RejectedLine(self.line_number, "holds bytes that are not ASCII")
        except ValueError as exc:
            return RejectedLine(self.line_number, str(exc))

    def _next_line(self) -> bytes:
        try:
            line = self._lines.readline(LONGEST_LINE + 1)
            rest = line
            while len(rest) > LONGEST_LINE and not rest.endswith(b"\n"):
                rest = self._lines.readline(LONGEST_LINE + 1)
        except (EOFError, OSError, zlib.error) as exc:
            raise HistoryFileError(
                f"{self._path} ends badly after line {self.line_number}: {exc}; the lines before are stored"
            ) from exc
        self.line_number += bool(line)
        return line


@contextmanager
def opened(path: Path) -> Iterator[HistoryFile]:
    """The file, decompressed when its first bytes say gzip. Raises HistoryFileError when it is not there."""
    try:
        raw = path.open("rb")
    except OSError as exc:
        raise HistoryFileError(f"Cannot open {path}: {exc.strerror}") from exc
    with raw:
        if raw.peek(len(GZIP_START)).startswith(GZIP_START):
            with gzip.GzipFile(fileobj=raw) as lines:
                yield HistoryFile(path, raw, lines)
        else:
            yield HistoryFile(path, raw, raw)
