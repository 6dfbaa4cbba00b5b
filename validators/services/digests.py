"""A few bytes in place of a hundred thousand rows, for who only asks whether they are the same again."""

from collections.abc import Callable
from hashlib import blake2b
from typing import Final, Generic, TypeVar

import msgspec

_SIZE: Final = 32
_ENCODER: Final = msgspec.msgpack.Encoder()
_Found = TypeVar("_Found")


def digest(*told: object) -> bytes:
    """Of plain values and rows of them; nobody finds others of the same digest.

    Python's own hash is no such thing: of numbers it is without a key, and who may choose two of a row finds
    another row of the same hash within a millisecond.
    """
    return blake2b(_ENCODER.encode(told), digest_size=_SIZE).digest()


class Reckoned(Generic[_Found]):
    """The last result in this process, given again while everything that it was made of is the same."""

    def __init__(self) -> None:
        self._last: tuple[bytes, _Found] | None = None

    def of(self, *told: object, reckon: Callable[[], _Found]) -> _Found:
        """What `reckon` returns, or returned last if `told`, which is all that it goes by, is the same."""
        looked_at, last = digest(*told), self._last
        if last is None or last[0] != looked_at:
            self._last = last = (looked_at, reckon())
        return last[1]
