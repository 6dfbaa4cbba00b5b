"""Other people's words, made fit to store: bounded, and without what steers a terminal or a page. Pure."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

# What the chain's own tool allows for a validator's words about itself, and some more.
LONGEST_NAME: Final = 200
LONGEST_LINK: Final = 300
LONGEST_DETAILS: Final = 1_000
LONGEST_KEYBASE: Final = 100
# Longer than any version that was ever seen; a node may claim anything.
LONGEST_VERSION: Final = 40

# Control characters, lone surrogates, code points that nobody may use, and what is not seen: marks of no
# width, by which two names look the same, and those that turn the direction of all that follows.
_LEFT_OUT: Final = frozenset({"Cc", "Cf", "Cs", "Cn"})
# Nor are these, which Unicode counts among letters, signs and marks: fillers, joiners, choices of a drawing.
_BLANK: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
# Of marks above and below one letter; more of them reach into the lines around.
_MOST_MARKS: Final = 3
# Far more than anything is stored of; the rest is not even looked at.
_LOOKED_AT: Final = 10_000
# Around what an endpoint said, in a text of ours. ASCII within, so that neither mark can stand there.
_QUOTED: Final = re.compile("\u201c[^\u201d]*\u201d?")


def plain_text(value: object, *, longest: int) -> str:
    """At most that many characters in one line; empty for whatever is no text. Still not to be trusted."""
    if not isinstance(value, str):
        return ""
    # Of printable ASCII everything is seen, and nearly all is that.
    plain = value.isascii() and value.isprintable()
    seen = value[:_LOOKED_AT] if plain else "".join(_seen(value[:_LOOKED_AT]))
    return " ".join(seen.split())[:longest].rstrip()


def _seen(value: str) -> Iterator[str]:
    """What a reader sees of it."""
    marks = 0
    for letter in value:
        category = unicodedata.category(letter)
        if letter.isspace():
            yield " "
        elif category not in _LEFT_OUT and letter not in _BLANK:
            marks = marks + 1 if category in ("Mn", "Me") else 0
            if marks <= _MOST_MARKS:
                yield letter


def quoted(text: str, *, longest: int) -> str:
    """What somebody said, in a text of ours: in ASCII, and so that `unquoted` finds it again."""
    return f"\u201c{ascii(text)[1:-1][:longest]}\u201d"


def unquoted(text: str) -> str:
    """A text of ours without what others said, which may be a key, or an advertisement."""
    return _QUOTED.sub("\u2026", text)
