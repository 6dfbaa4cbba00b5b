"""Addresses that belong to programs: where an account lies follows from what it is about. Pure.

sha256(seeds + bump + program + "ProgramDerivedAddress"), with the first bump from 255 down whose hash is
no point of ed25519: nobody has a key for it (anza-xyz/solana-sdk, pubkey/src/lib.rs).
"""

import hashlib
from collections.abc import Sequence
from typing import Final, NamedTuple

from validators.solana.pubkey import KEY_BYTES, encode

_MARK: Final = b"ProgramDerivedAddress"
_MOST_SEEDS: Final = 16
_LONGEST_SEED: Final = 32
_FIELD: Final = 2**255 - 19
# -x^2 + y^2 = 1 + d x^2 y^2
_D: Final = -121_665 * pow(121_666, -1, _FIELD) % _FIELD
# The highest bit tells which of two x is meant, and nothing of whether there is one.
_WITHOUT_SIGN: Final = 2**255 - 1


class ProgramAddress(NamedTuple):
    """In base58, and the bump that it was found with."""

    address: str
    bump: int


def program_address(program: bytes, seeds: Sequence[bytes]) -> ProgramAddress:
    """A ValueError for seeds that the chain would not take, or that have no address."""
    if len(program) != KEY_BYTES:
        raise ValueError(f"{len(program)} bytes are no key of a program")
    # One more is the bump.
    if len(seeds) >= _MOST_SEEDS or any(len(seed) > _LONGEST_SEED for seed in seeds):
        raise ValueError(f"more than {_MOST_SEEDS - 1} seeds, or one of more than {_LONGEST_SEED} bytes")
    begun = hashlib.sha256(b"".join(seeds))
    for bump in range(255, -1, -1):
        tried = begun.copy()
        tried.update(bytes([bump]) + program + _MARK)
        if not is_on_curve(tried.digest()):
            return ProgramAddress(encode(tried.digest()), bump)
    raise ValueError("these seeds have no address")


def is_on_curve(key: bytes) -> bool:
    """Whether 32 bytes are a point of ed25519, that is whether somebody could have its private key."""
    y_squared = pow(int.from_bytes(key, "little") & _WITHOUT_SIGN, 2, _FIELD)
    # x^2 is the quotient of these two: a square exactly where their product is one.
    return _is_square((y_squared - 1) * (_D * y_squared + 1) % _FIELD)


def _is_square(number: int) -> bool:
    """Jacobi's symbol, which takes a quarter of the time of Euler's power."""
    sign, upper, lower = 1, number, _FIELD
    while upper:
        twos = (upper & -upper).bit_length() - 1
        upper >>= twos
        if twos & 1 and lower & 7 in (3, 5):
            sign = -sign
        if upper & 3 == 3 and lower & 3 == 3:
            sign = -sign
        upper, lower = lower % upper, upper
    return sign > 0 or not number
