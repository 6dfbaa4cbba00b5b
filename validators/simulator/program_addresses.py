"""Addresses that belong to programs, found as the runtime finds them: the first bump whose hash is no key.

A point of ed25519 is looked for by its x: the root of u / v, which there is where u v is a square.
"""

from hashlib import sha256

_P = 2**255 - 19
_D = -121665 * pow(121666, _P - 2, _P) % _P


def program_address(program: bytes, *seeds: bytes) -> bytes:
    for bump in range(255, -1, -1):
        tried = sha256(b"".join([*seeds, bytes([bump]), program, b"ProgramDerivedAddress"])).digest()
        if not _has_x(tried):
            return tried
    raise ValueError("no bump is left")


def _has_x(compressed: bytes) -> bool:
    y = int.from_bytes(compressed, "little") % (1 << 255)
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    return u == 0 or _legendre(u * v % _P) == 1


def _legendre(number: int) -> int:
    """By reciprocity, so that thousands of addresses take no seconds."""
    modulus, flips = _P, 0
    while number > 1:
        while not number & 0xFF:
            number >>= 8
        while not number & 1:
            number >>= 1
            flips += modulus % 8 in (3, 5)
        if number == 1:
            break
        flips += number % 4 == 3 == modulus % 4
        number, modulus = modulus % number, number
    return (-1) ** flips if number else 0
