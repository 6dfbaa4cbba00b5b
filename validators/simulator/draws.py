"""Everything random about the cluster, as hashes of labels: the same labels always draw the same.

There is no generator that steps, so any validator at any epoch can be asked for on its own.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b, sha256
from typing import TypeVar

Option = TypeVar("Option")

_BASE58_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DRAW_BITS = 64
# Those of the largest cluster, which are drawn again in every epoch and answer.
_KEYS_KEPT = 16_384


def number(*labels: object) -> int:
    """A whole number in [0, 2^64)."""
    text = ":".join(map(str, labels))
    return int.from_bytes(blake2b(text.encode(), digest_size=_DRAW_BITS // 8).digest(), "big")


def fraction(*labels: object) -> float:
    """A number in [0, 1)."""
    # 53 bits are what a float holds: more could round up to 1.
    return (number(*labels) >> 11) / (1 << 53)


def between(low: float, high: float, *labels: object) -> float:
    """A number in [low, high)."""
    return low + (high - low) * fraction(*labels)


def choice(options: Sequence[Option], *labels: object) -> Option:
    """One of the options, each as likely as the others."""
    return options[number(*labels) % len(options)]


@lru_cache(maxsize=_KEYS_KEPT, typed=True)
def public_key(*labels: object) -> str:
    """A key of 32 bytes in base58."""
    return base58(sha256(":".join(map(str, labels)).encode()).digest())


def base58(raw: bytes) -> str:
    """Bitcoin's base58: a leading zero byte is a leading `1`."""
    rest, digits = int.from_bytes(raw, "big"), ""
    while rest:
        rest, digit = divmod(rest, 58)
        digits = _BASE58_ALPHABET[digit] + digits
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + digits


def base58_decoded(text: str) -> bytes | None:
    """The bytes that the text stands for; None when it is not base58."""
    rest = 0
    for letter in text:
        digit = _BASE58_ALPHABET.find(letter)
        if digit < 0:
            return None
        rest = rest * len(_BASE58_ALPHABET) + digit
    leading_zeros = len(text) - len(text.lstrip("1"))
    return bytes(leading_zeros) + rest.to_bytes((rest.bit_length() + 7) // 8, "big")


def key_bytes(key: str) -> bytes:
    """The bytes of a key that is known to be one."""
    raw = base58_decoded(key)
    assert raw is not None, key
    return raw
