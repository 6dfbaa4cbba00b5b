"""Reading an account's bytes part by part, little-endian. Pure."""

import struct
from typing import Any, Final

from validators.exceptions import LayoutError
from validators.solana.arithmetic import LARGEST
from validators.solana.pubkey import KEY_BYTES, base58_of

# Year 9999: the last that a date can hold.
_LATEST: Final = 253_402_300_799


class Reader:
    """Takes one part after the other off an account's data, and never reads past its end."""

    def __init__(self, account: str, data: bytes) -> None:
        self._account = account
        self._data = data
        self._at = 0

    def refusal(self, reason: str) -> LayoutError:
        return LayoutError(f"{self._account}: {reason}")

    def expect_length(self, *lengths: int) -> None:
        if len(self._data) not in lengths:
            expected = " or ".join(map(str, lengths))
            raise self.refusal(f"{len(self._data)} bytes instead of {expected}")

    def take(self, count: int, part: str) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise self.refusal(f"{part} would end at byte {end} of {len(self._data)}")
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def unpacked(self, layout: struct.Struct, part: str) -> tuple[Any, ...]:
        return layout.unpack(self.take(layout.size, part))

    def unsigned(self, width: int, part: str, *, most: int = LARGEST) -> int:
        number = int.from_bytes(self.take(width, part), "little")
        if number > most:
            raise self.refusal(f"{part} {number} is more than {most}")
        return number

    def timestamp(self, part: str) -> int:
        seconds = int.from_bytes(self.take(8, part), "little", signed=True)
        if not 0 <= seconds <= _LATEST:
            raise self.refusal(f"{part} {seconds} is no time")
        return seconds

    def key(self, part: str) -> str:
        return base58_of(self.take(KEY_BYTES, part))

    def flag(self, part: str) -> bool:
        return bool(self.unsigned(1, part, most=1))

    def skip_list(self, part: str, *, most: int, width: int) -> None:
        self.take(self.unsigned(8, f"number of {part}", most=most) * width, part)
