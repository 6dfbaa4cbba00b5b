"""Addresses of programs: as `solders` finds them, which is the chain's own code."""

import hashlib

import pytest
from solders.pubkey import Pubkey

from validators.simulator import program_addresses as simulated
from validators.solana.programs.addresses import ProgramAddress, is_on_curve, program_address
from validators.solana.programs.jito import TIPS
from validators.solana.pubkey import base58_of, raw_key

CERTUS = "CertusDeBmqN8ZawdkxK5kFGMwBXdudvWHYwtNgNhvLu"
HISTORY = "HistoryJTGbKQD2mRgLZ3XhqHnN811Qpez8X9kCcGHoa"
KEYS = [hashlib.sha256(f"key {number}".encode()).digest() for number in range(1_000)]
# y of the points with x = 0, and beyond the field, where it is taken for what is left of it.
EDGES = [bytes(32), b"\1" + bytes(31), b"\xff" * 32, (2**255 - 20).to_bytes(32, "little")] + [
    ((2**255 - 19 + number) | sign << 255).to_bytes(32, "little") for number in range(19) for sign in (0, 1)
]


def test_the_addresses_of_the_specification() -> None:
    seeds = (b"TIP_DISTRIBUTION_ACCOUNT", raw_key(CERTUS), (900).to_bytes(8, "little"))
    assert program_address(raw_key(TIPS.program), seeds) == ProgramAddress(
        "DqeGhRc9otJkFmDVW2pCr86NjjF4fCrJbYWm6jMxVoPu", 254
    )
    assert program_address(raw_key(HISTORY), (b"validator-history", raw_key(CERTUS))) == ProgramAddress(
        "DRCDdTnzjM6MDhHowzKAMJ739xUnNwnxPcotZGR7bN2N", 255
    )


def test_a_thousand_addresses_are_those_of_solders() -> None:
    program = raw_key(TIPS.program)
    for place, key in enumerate(KEYS):
        seeds = [TIPS.seed, key, place.to_bytes(8, "little")]
        address, bump = Pubkey.find_program_address(seeds, Pubkey(program))
        assert program_address(program, seeds) == ProgramAddress(str(address), bump)
        assert raw_key(str(address)) == bytes(address)


@pytest.mark.parametrize("keys", [KEYS, EDGES], ids=["any keys", "the edges of the field"])
def test_a_thousand_keys_are_on_the_curve_where_solders_has_them(keys: list[bytes]) -> None:
    assert [is_on_curve(key) for key in keys] == [Pubkey(key).is_on_curve() for key in keys]


def test_the_simulated_cluster_finds_the_same_addresses_its_own_way() -> None:
    program = raw_key(HISTORY)
    for key in KEYS[:100]:
        ours = program_address(program, (b"validator-history", key)).address
        assert base58_of(simulated.program_address(program, b"validator-history", key)) == ours


@pytest.mark.parametrize("seeds", [(b"x" * 33,), (b"x",) * 16])
def test_seeds_that_the_chain_would_not_take_are_refused(seeds: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="more than 15 seeds, or one of more than 32 bytes"):
        program_address(bytes(32), seeds)


@pytest.mark.parametrize("text", ["", "0" * 44, "1" * 31, CERTUS + "1"])
def test_what_is_no_key_has_no_bytes(text: str) -> None:
    with pytest.raises(ValueError, match="no base58 of 32 bytes"):
        raw_key(text)
