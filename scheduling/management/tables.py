"""Plain tables for people, on the terminal."""

import unicodedata
from collections.abc import Sequence
from typing import Final

# Of characters that steer a terminal, or are not seen.
_STEERING: Final = frozenset({"Cc", "Cf", "Cs"})


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns as wide as their widest cell, two spaces apart; None shows as a dash."""
    cells = [
        list(headers),
        *(["-" if cell is None else printable(str(cell)) for cell in row] for row in rows),
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headers))]
    cells.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def printable(text: str, *, kept: str = "") -> str:
    """The same with everything that steers a terminal spelt out, as in `\\x1b`; what is in `kept` stays.

    Notes, names of people and of tokens are written by others.
    """
    return "".join(
        letter if letter in kept or unicodedata.category(letter) not in _STEERING else _spelt_out(letter)
        for letter in text
    )


def _spelt_out(letter: str) -> str:
    return letter.encode("unicode_escape").decode()
