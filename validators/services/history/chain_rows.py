"""What an entry of Jito's ValidatorHistory becomes in our rows, and which cannot be true. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from validators.services.history.lines import HistoryRow
from validators.solana.arithmetic import (
    ALL_BPS,
    BPS_PER_PERCENT,
    LAMPORTS_PER_SOL,
    LARGEST_STAKE,
    MOST_VOTE_CREDITS,
    CreditsUnit,
)
from validators.solana.programs.validator_history import Entry, Refused, ToldHistory
from validators.solana.versions import Client, client_of

_MEV_UNIT: Final = LAMPORTS_PER_SOL // 100
_UNKNOWN_CLIENT: Final = Client.UNKNOWN.value
# An enum's member costs ten times a name, and these are asked for of hundreds of thousands of entries.
_VOTES: Final = CreditsUnit.VOTE_CREDITS.value
_LAMPORTS: Final = CreditsUnit.LAMPORTS.value


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which epoch runs and where it began; `split_epoch` is that of Alpenglow's migration."""

    running: int
    first_slot: int
    slots_in_epoch: int
    split_epoch: int | None

    def end_of(self, epoch: int) -> int:
        """The first slot behind an epoch that is over."""
        return self.first_slot - (self.running - epoch - 1) * self.slots_in_epoch


class MevRow(NamedTuple):
    """As MevEpoch has it."""

    commission_bps: int | None
    tips: int | None
    priority_commission_bps: int | None
    priority_fees: int | None

    @property
    def is_known(self) -> bool:
        return self.commission_bps is not None or self.priority_commission_bps is not None


class JitoRow(NamedTuple):
    """As JitoEpoch has it."""

    rank: int | None
    superminority: bool | None
    ip_address: str
    client_id: int | None
    bam: bool | None
    fees: int | None


_NOTHING: Final = JitoRow(None, None, "", None, None, None)


class ChainRow(NamedTuple):
    """One ended epoch of one validator, for each of three tables; None where there is nothing for one."""

    numbers: HistoryRow
    mev: MevRow | None
    jito: JitoRow | None


@dataclass(frozen=True, slots=True)
class Judged:
    """The rows of an account, and what was left out of it."""

    rows: tuple[ChainRow, ...]
    refused: tuple[Refused, ...]


def judged(told: ToldHistory, calendar: Calendar, *, is_alone: bool) -> Judged:
    """The ended epochs that an account tells of. The running one is ours to look at.

    `is_alone`: no other vote account has its identity, to which leader slots and blocks belong.
    """
    rows: list[ChainRow] = []
    refused = list(told.refused)
    for entry, copied_later in _with_later_copies(told, calendar):
        if (reason := _doubt(entry, calendar)) is not None:
            refused.append(Refused(entry.epoch, reason))
        elif entry.epoch < calendar.running:
            row = _row(told.vote_account, entry, calendar, copied_later=copied_later)
            rows.append(row if is_alone else _without_blocks(row))
    return Judged(tuple(rows), tuple(refused))


def _with_later_copies(told: ToldHistory, calendar: Calendar) -> Iterator[tuple[Entry, bool]]:
    """Each entry, and whether the vote account was copied after its epoch: then its credits are final."""
    newest_copy = -1
    for entry in told.entries:
        yield entry, newest_copy >= calendar.end_of(entry.epoch)
        if entry.vote_slot is not None and entry.epoch <= calendar.running:
            newest_copy = max(newest_copy, entry.vote_slot)


def _doubt(entry: Entry, calendar: Calendar) -> str | None:
    """Why this cannot be true; None where nothing speaks against it."""
    if entry.epoch > calendar.running:
        return f"epoch {calendar.running} runs"
    if entry.stake is not None and entry.stake > LARGEST_STAKE:
        return f"stake {entry.stake} lamports is more than there are"
    counts_votes = _counts_votes(entry.epoch, calendar)
    if counts_votes and entry.credits is not None and entry.credits > MOST_VOTE_CREDITS:
        return f"{entry.credits} credits are more than an epoch has"
    for name, bps in (("MEV", entry.mev_commission_bps), ("priority fee", entry.fee_commission_bps)):
        if bps is not None and bps > ALL_BPS:
            return f"{name} commission {bps} basis points"
    if any(sum_ is not None and sum_ > LARGEST_STAKE for sum_ in (entry.fees, entry.fees_shared)):
        return "more lamports of priority fees than there are"
    return _doubt_about_blocks(entry, calendar)


def _doubt_about_blocks(entry: Entry, calendar: Calendar) -> str | None:
    slots, blocks = entry.leader_slots, entry.blocks
    if slots is not None and slots > calendar.slots_in_epoch:
        return f"{slots} leader slots of {calendar.slots_in_epoch} in the epoch"
    if slots is not None and blocks is not None and blocks > slots:
        return f"{blocks} blocks in {slots} leader slots"
    return None


def _counts_votes(epoch: int, calendar: Calendar) -> bool:
    """Lamports do not fit where vote credits do, so since the migration there is nothing to be read there."""
    return calendar.split_epoch is None or epoch < calendar.split_epoch


def _row(vote_account: str, entry: Entry, calendar: Calendar, *, copied_later: bool) -> ChainRow:
    counts_votes = _counts_votes(entry.epoch, calendar)
    bps = None if entry.commission_percent is None else entry.commission_percent * BPS_PER_PERCENT
    slots, blocks = _blocks(entry, calendar)
    numbers = HistoryRow(
        *(entry.epoch, vote_account, "", entry.stake, bps, bps, bps, bps, entry.version, 0, 0),
        credits=entry.credits if copied_later and counts_votes else None,
        cumulative_credits_at_start=None,
        skip_rate=1 - blocks / slots if slots and blocks is not None else None,
        credits_unit=_VOTES if counts_votes else _LAMPORTS,
        leader_slots=slots,
        blocks_produced=blocks,
        client=_client(entry),
    )
    return ChainRow(numbers, _mev(entry), _jito(entry))


def _blocks(entry: Entry, calendar: Calendar) -> tuple[int | None, int | None]:
    """Of the whole epoch: both are known once a slot behind its last is recorded."""
    is_whole = entry.block_slot is not None and entry.block_slot >= calendar.end_of(entry.epoch)
    if not is_whole or entry.leader_slots is None or entry.blocks is None:
        return None, None
    return entry.leader_slots, entry.blocks


def _without_blocks(row: ChainRow) -> ChainRow:
    numbers = row.numbers._replace(leader_slots=None, blocks_produced=None, skip_rate=None)
    return row._replace(numbers=numbers)


def _client(entry: Entry) -> str:
    named = _UNKNOWN_CLIENT if entry.client is None else client_of(None, entry.client).value
    return "" if named == _UNKNOWN_CLIENT else named


def _mev(entry: Entry) -> MevRow | None:
    tips = None if entry.mev_earned is None else entry.mev_earned * _MEV_UNIT
    row = MevRow(entry.mev_commission_bps, tips, entry.fee_commission_bps, entry.fees_shared)
    return row if row.is_known else None


def _jito(entry: Entry) -> JitoRow | None:
    row = JitoRow(entry.rank, entry.superminority, entry.address, entry.client, entry.bam, entry.fees)
    return None if row == _NOTHING else row
