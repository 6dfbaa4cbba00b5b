"""Keys of 32 bytes and their base58 form. Pure."""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import filterfalse
from typing import Final

KEY_BYTES: Final = 32
ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
# Of the vote accounts of seven thousand validators; they take 6 MiB.
MOST_TEXTS: Final = 20_480
# 32 zero bytes are 32 ones; 32 bytes of 255 are 44 characters.
_PLACES: Final = {letter: place for place, letter in enumerate(ALPHABET)}
# Two digits at once, and ten for each division of a long number: a third of the time of one after the other.
_PAIRS: Final = tuple(first + second for first in ALPHABET for second in ALPHABET)
_TWO: Final = len(_PAIRS)
_TEN: Final = _TWO**5
_SHAPE: Final = re.compile(f"[{ALPHABET}]{{32,44}}")


def encode(key: bytes) -> str:
    """The base58 form, in Bitcoin's alphabet; a leading zero byte is a leading 1."""
    digits = ""
    number = int.from_bytes(key, "big")
    while number:
        number, ten = divmod(number, _TEN)
        ten, last = divmod(ten, _TWO)
        ten, fourth = divmod(ten, _TWO)
        ten, third = divmod(ten, _TWO)
        first, second = divmod(ten, _TWO)
        digits = f"{_PAIRS[first]}{_PAIRS[second]}{_PAIRS[third]}{_PAIRS[fourth]}{_PAIRS[last]}{digits}"
    zeros = len(key) - len(key.lstrip(b"\0"))
    return "1" * zeros + digits.lstrip("1")


# Withdrawers and collectors stay what they were, so the next look finds all of them: 0.2 µs instead of 6.
@lru_cache(maxsize=MOST_TEXTS)
def base58_of(raw: bytes) -> str:
    """The key of exactly 32 bytes as text; a ValueError for any other number of bytes."""
    if len(raw) != KEY_BYTES:
        raise ValueError(f"{len(raw)} bytes are no key of {KEY_BYTES}")
    return encode(raw)


def _bounds(zeros: int) -> tuple[str, str]:
    """The smallest and the largest base58 form, ones taken off, with that many leading zero bytes."""
    length = KEY_BYTES - zeros
    if length == 0:
        return "", ""
    return encode(b"\1" + b"\0" * (length - 1)), encode(b"\xff" * length)


# The alphabet is in ASCII order, so texts of one length compare as their numbers do, and
# whether a text stands for exactly 32 bytes needs no decoding: 0.4 µs instead of 4 a key.
_BOUNDS: Final = tuple(_bounds(zeros) for zeros in range(KEY_BYTES + 1))
# Nearly all keys begin with a digit that is between those of the bounds, which then need no look.
_SURE: Final = re.compile(
    f"[{ALPHABET[ALPHABET.index(_BOUNDS[0][0][0]) + 1 :]}][{ALPHABET}]{{{len(_BOUNDS[0][0]) - 1}}}|"
    f"[{ALPHABET[1 : ALPHABET.index(_BOUNDS[0][1][0])]}][{ALPHABET}]{{{len(_BOUNDS[0][1]) - 1}}}"
)


def is_pubkey(text: str) -> bool:
    """Whether the text is base58 of exactly 32 bytes."""
    if _SURE.fullmatch(text):
        return True
    if not _SHAPE.fullmatch(text):
        return False
    digits = text.lstrip("1")
    zeros = len(text) - len(digits)
    if zeros > KEY_BYTES:
        return False
    smallest, largest = _BOUNDS[zeros]
    return (len(smallest), smallest) <= (len(digits), digits) <= (len(largest), largest)


def are_pubkeys(texts: Iterable[str]) -> bool:
    """Whether each of them is one, in half the time."""
    return all(map(is_pubkey, filterfalse(_SURE.fullmatch, texts)))


def raw_key(text: str) -> bytes:
    """The 32 bytes of a key; a ValueError where the text is none."""
    if not is_pubkey(text):
        raise ValueError("no base58 of 32 bytes")
    number = 0
    for letter in text:
        number = number * len(ALPHABET) + _PLACES[letter]
    return number.to_bytes(KEY_BYTES, "big")
