"""What becomes of a stored row when somebody else's history tells of the same validator and epoch."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, NamedTuple, Self

from validators.models import BlocksBasis, CommissionSource, Origin
from validators.services.history.lines import HistoryRow
from validators.solana.versions import client_of, parse_version


class Numbers(NamedTuple):
    """The columns of ValidatorEpoch that an import may write; None and an empty text are unknown."""

    commission_first_bps: int | None
    commission_last_bps: int | None
    commission_min_bps: int | None
    commission_max_bps: int | None
    commission_source: str
    version: str
    client: str
    fetches: int
    delinquent_fetches: int
    identity: str
    activated_stake: int | None
    credits: int | None
    cumulative_credits_at_start: int | None
    skip_rate: float | None
    credits_unit: str
    leader_slots: int | None
    blocks_produced: int | None
    blocks_basis: str
    credits_final: bool
    delinquent_at_end: bool | None
    end_performance: float | None


FIELDS: Final = Numbers._fields
# Known or unknown together: half of one look and half of another would describe neither.
_COMMISSIONS: Final = slice(0, 5)
_VERSION: Final = slice(5, 7)
_FETCHES: Final = slice(7, 9)
_SINGLE: Final = slice(9, 14)
_BLOCKS: Final = slice(15, 18)
_ENDS: Final = slice(19, 21)
_NO_COMMISSIONS: Final = (None, None, None, None)
# An enum's member costs ten times a name, and these are asked for of every line.
_IMPORTED: Final = CommissionSource.IMPORTED.value
_FINAL: Final = BlocksBasis.FINAL.value


@dataclass(frozen=True, slots=True)
class Stored:
    """A row as it is in the table."""

    pk: int
    source: str
    numbers: Numbers

    @classmethod
    def of(cls, columns: tuple[Any, ...]) -> Self:
        return cls(columns[0], columns[1], Numbers._make(columns[2:]))


def imported(row: HistoryRow, *, running: int | None = None) -> Numbers:
    """The columns of a line; the client is what its version suggests.

    A file tells of whole epochs; only what it says of the `running` one may change yet.
    """
    is_over = running is None or row.epoch < running
    commissions = row[4:8]
    known = commissions != _NO_COMMISSIONS
    return Numbers(
        *commissions,
        _IMPORTED if known else "",
        row.version,
        row.client or _client(row.version),
        row.fetches,
        row.delinquent_fetches,
        row.identity,
        row.activated_stake,
        row.credits,
        row.cumulative_credits_at_start,
        row.skip_rate,
        row.credits_unit,
        row.leader_slots,
        row.blocks_produced,
        "" if row.blocks_produced is None else _FINAL,
        is_over and row.credits is not None,
        row.delinquent_at_end,
        row.end_performance,
    )


def merged(stored: Stored, told: Numbers, *, origin: str) -> Stored:
    """A row that a file wrote is replaced by a file; any other keeps what it knows, and learns the rest.

    What Jito's history told gives way to a file, and to what it tells later, where they know.
    """
    if stored.source == Origin.IMPORTED and origin == Origin.IMPORTED:
        return replace(stored, numbers=told)
    if stored.source == Origin.HISTORY:
        return replace(stored, source=origin, numbers=_filled(told, stored.numbers))
    return replace(stored, numbers=_filled(stored.numbers, told))


def _filled(kept: Numbers, told: Numbers) -> Numbers:
    """The first, and where it knows nothing the second."""
    if kept.credits_unit != told.credits_unit:
        # What the one counts, the other does not.
        told = told._replace(credits=None, cumulative_credits_at_start=None, credits_final=False)
    is_final = bool(kept.credits_final or told.credits_final)
    if told.credits_final and not kept.credits_final:
        # It saw a part of the epoch.
        kept = kept._replace(credits=None)
    own: tuple[Any, ...] = kept
    new: tuple[Any, ...] = told
    commissions = own if any(bps is not None for bps in own[:4]) else new
    single = zip(own[_SINGLE], new[_SINGLE], strict=True)
    ends = zip(own[_ENDS], new[_ENDS], strict=True)
    return Numbers._make(
        (
            *commissions[_COMMISSIONS],
            *(own if kept.version else new)[_VERSION],
            *(own if kept.fetches else new)[_FETCHES],
            *(theirs if ours in (None, "") else ours for ours, theirs in single),
            kept.credits_unit,
            *(new if _tells_more_of_blocks(told, kept) else own)[_BLOCKS],
            is_final,
            *(theirs if ours is None else ours for ours, theirs in ends),
        )
    )


def _tells_more_of_blocks(told: Numbers, own: Numbers) -> bool:
    """Others tell of the blocks of whole epochs, which we may have counted in a part only."""
    return told.blocks_produced is not None and own.blocks_basis not in (
        BlocksBasis.FINAL,
        BlocksBasis.SHARED,
    )


@lru_cache(maxsize=1_000)
def _client(version: str) -> str:
    return client_of(parse_version(version)).value if version else ""
