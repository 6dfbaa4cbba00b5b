"""SPL stake pools and their lists of validators: who stakes how much with whom. Little-endian; whatever is
not as laid out is refused. Pure.

Source: solana-program/stake-pool, program/src/state.rs; Sanctum's two programs are forks with its layout.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from validators.solana.arithmetic import LARGEST
from validators.solana.byte_reader import Reader
from validators.solana.features import SYSTEM_PROGRAM
from validators.solana.pubkey import KEY_BYTES

# Named as explorers name them (solana-labs/explorer, Solscan).
PROGRAMS: Final[Mapping[str, str]] = {
    "SPoo1Ku8WFXoNDMHPsrGSTSG1Y47rzgn41SLUNakuHy": "SPL",
    "SP12tWFxD9oJsVWNavTTBZvMbA6gkAmxtVgxdqvyvhY": "Sanctum single-validator",
    "SPMBzsVUuoHA4Jm6KunbsotaahvVikZs1JyTW6iJvbn": "Sanctum multi-validator",
}
# By address; nothing on the chain names a pool. The others are found by their program.
KNOWN: Final[Mapping[str, str]] = {
    "Jito4APyf642JPZPx3hGc6WWJ8zPKtRbRs4P815Awbb": "JitoSOL",
    "stk9ApL5HeVAwPLr3TLhDXdZS8ptVu7zp6ov8HFDuMi": "bSOL",
    "8VpRhuxa7sUUepdY3kQiTmX9rS5vx4WgaXiAnXq4KCtr": "jupSOL",
    "8Dv3hNYcEWEaa4qVx9BTN1Wfvtha1z8cWDUXb7KVACVe": "picoSOL",
}
POOL_BYTES: Final = 611
LIST_HEADER: Final = 9
LIST_ENTRY: Final = 73
# As many as an account of the largest size holds.
MOST_ENTRIES: Final = (10 * 1024 * 1024 - LIST_HEADER) // LIST_ENTRY
POOL_TYPE: Final = 1
_LIST_TYPE: Final = 2
# Of a pool, what is between the type and the list: three authorities and a bump.
_BEFORE_LIST: Final = 3 * KEY_BYTES + 1
_U64: Final = 2**64 - 1
_U32: Final = 2**32 - 1


class EntryStatus(StrEnum):
    """What a pool is doing with a validator, in the order of the numbers on the chain."""

    ACTIVE = "active"
    # It was taken off the list, and what is left of its stake is on its way out.
    DEACTIVATING_TRANSIENT = "deactivating_transient"
    READY_FOR_REMOVAL = "ready_for_removal"
    DEACTIVATING_VALIDATOR = "deactivating_validator"
    DEACTIVATING_ALL = "deactivating_all"


_STATUSES: Final = tuple(EntryStatus)


@dataclass(frozen=True, slots=True)
class StakePool:
    """A pool as its account tells; `total_lamports` and `supply` are as of `updated_epoch`."""

    address: str
    program: str
    validator_list: str
    mint: str
    total_lamports: int
    supply: int
    updated_epoch: int


@dataclass(frozen=True, slots=True)
class PoolEntry:
    """A validator on a pool's list; lamports, with the rent of the stake accounts, as of `updated_epoch`.

    What is transient is on its way in or out; the list does not tell which.
    """

    vote_account: str
    active: int
    transient: int
    updated_epoch: int
    status: EntryStatus


def decoded_pool(*, address: str, owner: str, data: bytes, latest_epoch: int) -> StakePool | None:
    """The account at an address that is to be a pool's; None where nothing was made there.

    Raises a LayoutError that names the address and what is wrong.
    """
    # Anybody can send lamports to an address that nothing is at.
    if owner == SYSTEM_PROGRAM and not data:
        return None
    reader = Reader(f"stake pool {address}", data)
    if owner not in PROGRAMS:
        raise reader.refusal(f"owned by {owner}, which is no program of stake pools")
    reader.expect_length(POOL_BYTES)
    _expect_type(reader, POOL_TYPE)
    reader.take(_BEFORE_LIST, "authorities")
    validator_list = reader.key("validator list")
    reader.take(KEY_BYTES, "reserve")
    mint = reader.key("mint")
    reader.take(2 * KEY_BYTES, "fee account and token program")
    return StakePool(
        address=address,
        program=owner,
        validator_list=validator_list,
        mint=mint,
        total_lamports=reader.unsigned(8, "total lamports"),
        supply=reader.unsigned(8, "supply"),
        updated_epoch=reader.unsigned(8, "epoch of the last update", most=latest_epoch),
    )


def entries_listed(pool: StakePool, *, owner: str, data: bytes) -> int:
    """How many entries a list has, by its first nine bytes. Raises a LayoutError."""
    reader = _list_reader(pool, owner, data)
    reader.expect_length(LIST_HEADER)
    return _entries_in(reader)


def decoded_list(pool: StakePool, *, owner: str, data: bytes, latest_epoch: int) -> tuple[PoolEntry, ...]:
    """Of the first 9 + 73 n bytes of a list that has n entries. Raises a LayoutError."""
    reader = _list_reader(pool, owner, data)
    number = _entries_in(reader)
    reader.expect_length(bytes_of_list(number))
    entries = tuple(_entry(reader, latest_epoch) for _ in range(number))
    if len({entry.vote_account for entry in entries}) < number:
        raise reader.refusal("it names a vote account twice")
    if sum(entry.active + entry.transient for entry in entries) > LARGEST:
        raise reader.refusal(f"its stake is more than {LARGEST} lamports in all")
    return entries


def bytes_of_list(entries: int) -> int:
    """So many of its bytes say all; the account itself has room for its most."""
    return LIST_HEADER + LIST_ENTRY * entries


def token_value(total_lamports: int | None, supply: int | None) -> float | None:
    """SOL that a token stands for; None where nothing was issued, or either is not known."""
    return total_lamports / supply if total_lamports is not None and supply else None


def _list_reader(pool: StakePool, owner: str, data: bytes) -> Reader:
    reader = Reader(f"validator list {pool.validator_list} of stake pool {pool.address}", data)
    if owner != pool.program:
        raise reader.refusal(f"owned by {owner} instead of {pool.program}")
    return reader


def _entries_in(reader: Reader) -> int:
    _expect_type(reader, _LIST_TYPE)
    most = reader.unsigned(4, "most entries", most=MOST_ENTRIES)
    return reader.unsigned(4, "number of entries", most=most)


def _entry(reader: Reader, latest_epoch: int) -> PoolEntry:
    active, transient = reader.unsigned(8, "active stake"), reader.unsigned(8, "transient stake")
    updated_epoch = reader.unsigned(8, "epoch of an entry's update", most=latest_epoch)
    reader.unsigned(8, "transient seed", most=_U64)
    reader.unsigned(4, "unused bytes", most=_U32)
    reader.unsigned(4, "seed", most=_U32)
    status = _STATUSES[reader.unsigned(1, "status", most=len(_STATUSES) - 1)]
    return PoolEntry(reader.key("vote account"), active, transient, updated_epoch, status)


def _expect_type(reader: Reader, wanted: int) -> None:
    found = reader.unsigned(1, "type")
    if found != wanted:
        raise reader.refusal(f"type {found} instead of {wanted}")
