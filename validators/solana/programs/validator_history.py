"""Jito's ValidatorHistory accounts: what keepers wrote down of a vote account, for its last 512 epochs.
Little-endian; a type's maximum is a field that nobody set. Pure.

Source: jito-foundation/stakenet, programs/validator-history/src/state.rs. Who writes what when: the stake,
rank and superminority of an epoch once in it; credits of all epochs that the vote account remembers with
every copy of it; blocks until a slot behind the epoch's last is recorded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Any, Final, NamedTuple

from validators.solana.byte_reader import Reader
from validators.solana.features import SYSTEM_PROGRAM
from validators.solana.programs.addresses import program_address
from validators.solana.programs.jito import TESTNET
from validators.solana.pubkey import raw_key

PROGRAM: Final = "HistoryJTGbKQD2mRgLZ3XhqHnN811Qpez8X9kCcGHoa"
PROGRAM_ON_TESTNET: Final = "HisTBTgDnsdxfMp3m63fgKxCx9xVQE17MhA9BWRdrAP"
SEED: Final = b"validator-history"
DISCRIMINATOR: Final = bytes.fromhex("cd1908ddfd830292")
# Where the vote account stands, and where the ring of entries begins.
VOTE_AT: Final = 12
HEAD_BYTES: Final = 320
ENTRY_BYTES: Final = 128
MOST_ENTRIES: Final = 512
LENGTH: Final = HEAD_BYTES + MOST_ENTRIES * ENTRY_BYTES
# Behind the vote account: its index and bump, three times, its age, and room for more.
_BEFORE_NEWEST: Final = 304 - VOTE_AT - 32
_AFTER_EMPTY: Final = 7
_U8, _U16, _U32, _U64 = (2**bits - 1 for bits in (8, 16, 32, 64))
# Ids of agave's registry; what is above was never one.
_LAST_CLIENT: Final = 14
_YES_OR_NO: Final = {0: False, 1: True}
_LAYOUT: Final = Struct("<QHHIBBBBH4sBBIQIH2xQQIIQBB46x")


class Entry(NamedTuple):
    """One epoch; None is unknown. A tuple, because an import makes hundreds of thousands.

    Stake, tips and fees in lamports, but `mev_earned` in hundredths of a SOL. `version` is empty where it
    is unknown, and `vote_slot` is when the vote account was copied last in this epoch.
    """

    epoch: int
    stake: int | None
    mev_commission_bps: int | None
    credits: int | None
    commission_percent: int | None
    client: int | None
    version: str
    address: str
    superminority: bool | None
    rank: int | None
    vote_slot: int | None
    mev_earned: int | None
    fee_commission_bps: int | None
    fees_shared: int | None
    fees: int | None
    leader_slots: int | None
    blocks: int | None
    block_slot: int | None
    bam: bool | None


class Refused(NamedTuple):
    """An entry that cannot be what it says, and why."""

    epoch: int
    reason: str


@dataclass(frozen=True, slots=True)
class Head:
    """Which account it is, and where the newest entry lies; `newest` is None before the first."""

    vote_account: str
    newest: int | None


@dataclass(frozen=True, slots=True)
class ToldHistory:
    """What an account says: entries newest first, each of an epoch of its own."""

    vote_account: str
    entries: tuple[Entry, ...]
    refused: tuple[Refused, ...]


def program_of(genesis_hash: str) -> str:
    return PROGRAM_ON_TESTNET if genesis_hash == TESTNET else PROGRAM


def address_of(program: str, vote_account: str) -> str:
    return program_address(raw_key(program), (SEED, raw_key(vote_account))).address


def decoded(*, address: str, vote_account: str, program: str, owner: str, data: bytes) -> ToldHistory | None:
    """The whole account at an address that follows from the vote account; None where nothing was made there.

    Raises a LayoutError that names the address and what is wrong.
    """
    if (head := decoded_head(address, vote_account, program, owner, data, length=LENGTH)) is None:
        return None
    return told_by(head, data, first=0)


def decoded_head(
    address: str, vote_account: str, program: str, owner: str, data: bytes, *, length: int = HEAD_BYTES
) -> Head | None:
    """What stands before the ring. Raises a LayoutError; None where nothing was made there."""
    # Anybody can send lamports to an address that nothing is at yet.
    if owner == SYSTEM_PROGRAM and not data:
        return None
    reader = Reader(f"validator history {address}", data)
    if owner != program:
        raise reader.refusal(f"owned by {owner} instead of {program}")
    reader.expect_length(length)
    if reader.take(len(DISCRIMINATOR), "discriminator") != DISCRIMINATOR:
        raise reader.refusal(f"discriminator {data[:8].hex()} instead of {DISCRIMINATOR.hex()}")
    reader.unsigned(4, "version", most=_U32)
    found = reader.key("vote account")
    if found != vote_account:
        raise reader.refusal(f"of vote account {found} instead of {vote_account}")
    reader.take(_BEFORE_NEWEST, "what stands before the newest entry's place")
    newest = reader.unsigned(8, "place of the newest entry", most=MOST_ENTRIES - 1)
    is_empty = reader.flag("whether it is empty")
    reader.take(_AFTER_EMPTY, "padding")
    return Head(found, None if is_empty else newest)


def told_by(head: Head, data: bytes, *, first: int) -> ToldHistory:
    """The entries in some bytes of the account: its head and all, or a window that begins with entry `first`.

    Read from the newest backwards, so that of an epoch that is there twice the newer entry counts.
    """
    if head.newest is None:
        return ToldHistory(head.vote_account, (), ())
    ring = memoryview(data)[HEAD_BYTES:] if len(data) == LENGTH else memoryview(data)
    ring = ring[: len(ring) // ENTRY_BYTES * ENTRY_BYTES]
    entries: list[Entry] = []
    refused: list[Refused] = []
    last = _U16
    for fields in _backwards(list(_LAYOUT.iter_unpack(ring)), head.newest - first):
        entry = _entry(fields)
        if entry.epoch == _U16:
            continue
        if entry.epoch >= last:
            twice = "is there twice" if any(one.epoch == entry.epoch for one in entries) else "out of order"
            refused.append(Refused(entry.epoch, twice))
            continue
        last = entry.epoch
        entries.append(entry)
    return ToldHistory(head.vote_account, tuple(entries), tuple(refused))


def _backwards(fields: Sequence[tuple[Any, ...]], newest: int) -> Iterator[tuple[Any, ...]]:
    """From the newest to the oldest; only the whole ring has entries behind the newest, which are older."""
    yield from reversed(fields[: newest + 1])
    if len(fields) == MOST_ENTRIES:
        yield from reversed(fields[newest + 1 :])


def _entry(fields: tuple[Any, ...]) -> Entry:
    stake, epoch, mev_bps, credits, percent, client, major, minor, patch, ip, _, *others = fields
    superminority, rank, vote_slot, earned, fee_bps, shared, fees, slots, blocks, block_slot, _, bam = others
    return Entry(
        epoch,
        None if stake == _U64 else stake,
        None if mev_bps == _U16 else mev_bps,
        None if credits == _U32 else credits,
        None if percent == _U8 else percent,
        client if client <= _LAST_CLIENT else None,
        _version(major, minor, patch),
        _address(ip),
        _YES_OR_NO.get(superminority),
        None if rank == _U32 else rank,
        None if vote_slot == _U64 else vote_slot,
        None if earned == _U32 else earned,
        None if fee_bps == _U16 else fee_bps,
        None if shared == _U64 else shared,
        None if fees == _U64 else fees,
        None if slots == _U32 else slots,
        None if blocks == _U32 else blocks,
        None if block_slot == _U64 else block_slot,
        _YES_OR_NO.get(bam),
    )


def _version(major: int, minor: int, patch: int) -> str:
    """Frankendancer's begin with 0 and have minor numbers beyond a byte: what is left is no version."""
    return "" if major in (0, _U8) else f"{major}.{minor}.{patch}"


def _address(ip: bytes) -> str:
    return "" if ip in (b"\0\0\0\0", b"\xff\xff\xff\xff") else ".".join(map(str, ip))
