"""Names that look like another's, or that are written to: by Unicode's own table of look-alikes. Pure."""

import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from functools import cache, lru_cache
from typing import Final, NamedTuple

# Alphabets that share many shapes. Others, as in a name half in Japanese, deceive nobody.
_ALIKE: Final = frozenset(
    {"LATIN", "CYRILLIC", "GREEK", "COPTIC", "ARMENIAN", "CHEROKEE", "LISU", "GEORGIAN"}
)
# Not in the table, and still one to a reader who is in a hurry.
_FURTHER: Final = (("i", "l"), ("vv", "w"))
# Of everybody who is named, in a cluster of eight thousand; they take 3 MiB.
MOST_NAMES: Final = 8_192
# The table writes words that run from right to left between two of these.
_DIRECTION: Final = "\u200e"


class NameMark(StrEnum):
    """What is striking about a name."""

    # Another validator with more stake has a name that looks the same.
    SAME = "same_as_larger"
    # It mixes letters of several alphabets within a word.
    MIXED = "mixed_alphabets"

    @property
    def told(self) -> str:
        if self is NameMark.SAME:
            return "Another validator with more stake has a name that looks the same"
        return "Its name mixes letters of several alphabets within a word"


class Named(NamedTuple):
    """A validator as its name goes beside others; stake in lamports."""

    vote_account: str
    identity: str
    name: str
    stake: int


def name_marks(everybody: Iterable[Named]) -> dict[str, NameMark]:
    """By vote account, of those whose name is striking. Accounts of one identity share their name."""
    named = [one for one in everybody if one.name]
    forms = {one.vote_account: skeletons(one.name) for one in named}
    largest: dict[str, Named] = {}
    for one in sorted(named, key=lambda one: -one.stake):
        for form in forms[one.vote_account]:
            largest.setdefault(form, one)
    marks: dict[str, NameMark] = {}
    for one in named:
        others = (largest[form] for form in forms[one.vote_account])
        if any(other.stake > one.stake and other.identity != one.identity for other in others):
            marks[one.vote_account] = NameMark.SAME
        elif mixes_alphabets(one.name):
            marks[one.vote_account] = NameMark.MIXED
    return marks


# Names stay what they were: each is worked out in 12 µs, and a look asks for everybody's.
@lru_cache(maxsize=MOST_NAMES)
def skeletons(name: str) -> frozenset[str]:
    """What two names share that look the same: UTS 39's skeleton, before and after its case is folded.

    Marks, spaces and signs count for nothing, for a reader passes over them.
    """
    plain = unicodedata.normalize("NFKC", name)
    seen = _alike(_alike(plain).casefold())
    read = _alike(plain.casefold())
    return frozenset(map(_letters, (seen, read)))


def mixes_alphabets(name: str) -> bool:
    """Whether a word has letters of several alphabets that look alike."""
    if name.isascii():
        return False
    return any(len(_alphabets(word)) > 1 for word in unicodedata.normalize("NFKC", name).split())


def _alphabets(word: str) -> frozenset[str]:
    letters = (unicodedata.name(one, "").partition(" ")[0] for one in word if one.isalpha())
    return _ALIKE.intersection(letters)


def _alike(text: str) -> str:
    return unicodedata.normalize("NFD", text).translate(_prototypes())


def _letters(text: str) -> str:
    """All of it where it has none, as of a name made of pictures."""
    bare = unicodedata.normalize("NFKD", text)
    if bare.isascii():
        kept = "".join(filter(str.isalnum, bare))
    else:
        kept = "".join(one for one in bare if unicodedata.category(one)[0] in "LN")
    letters = kept.casefold() or text
    for one, other in _FURTHER:
        letters = letters.replace(one, other)
    return letters


@cache
def _prototypes() -> dict[int, str]:
    """For each character what it looks like: of a group, the one that all others are said to look like.

    As `str.translate` wants it.
    """
    # Not above: it reads a megabyte, and few processes ask.
    from confusable_homoglyphs import confusables

    table: dict[str, list[dict[str, str]]] = confusables.confusables_data
    found = {}
    for one, others in table.items():
        # A group's prototype names every other, and each other the prototype alone.
        prototype = others[0]["c"]
        if len(one) == 1 and len(others) == 1 and (len(table[prototype]) > 1 or one > prototype):
            found[ord(one)] = prototype.replace(_DIRECTION, "")
    return found
