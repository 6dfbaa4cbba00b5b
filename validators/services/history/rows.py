"""What becomes of a stored row when somebody else's history tells of the same validator and epoch."""

from dataclasses import dataclass, replace
from functools import lru_cache
from math import isclose
from typing import Any, Final, NamedTuple, Self

from validators.models import BlocksBasis, CommissionSource, Origin
from validators.services.history.lines import HistoryRow
from validators.solana.versions import Client, client_of, parse_version


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
_FETCHES: Final = slice(7, 9)
_SINGLE: Final = slice(9, 14)
_BLOCKS: Final = slice(15, 18)
_ENDS: Final = slice(19, 21)
_NO_COMMISSIONS: Final = (None, None, None, None)
# Two fractions that are no further apart are written as the same one.
_SAME_FRACTION: Final = 1e-12
# An enum's member costs ten times a name, and these are asked for of every line.
_IMPORTED: Final = CommissionSource.IMPORTED.value
_FINAL: Final = BlocksBasis.FINAL.value
_FILE: Final = Origin.IMPORTED.value
_JITO: Final = Origin.HISTORY.value
_NO_CLIENT: Final = ("", Client.UNKNOWN.value)


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
    """The columns of a line, and no more than it tells: `with_client` adds what its version suggests.

    A file tells of whole epochs; only what it says of the `running` one may change yet.
    """
    is_over = running is None or row.epoch < running
    commissions = row[4:8]
    known = commissions != _NO_COMMISSIONS
    return Numbers(
        *commissions,
        _IMPORTED if known else "",
        row.version,
        row.client,
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


def with_client(numbers: Numbers) -> Numbers:
    """The same; where nobody told the client, the one that the version suggests."""
    return numbers._replace(client=suggested_client(numbers.version)) if not numbers.client else numbers


def merged(stored: Stored, told: Numbers, *, origin: str) -> Stored:
    """What a row becomes: what is known of it, of the better source; what nobody tells anew stays.

    Our own looks are the best source, then files, the later before the earlier, then Jito's history.
    """
    known = stored.numbers
    if stored.source != _JITO and not stored.source == origin == _FILE:
        return replace(stored, numbers=_filled(known, told))
    if origin == _FILE:
        told = _read_back(told, known)
    numbers = _filled(told, known)
    return stored if numbers == known else Stored(stored.pk, origin, numbers)


def _read_back(told: Numbers, known: Numbers) -> Numbers:
    """What a file tells, without what only its format makes of the numbers that are known.

    It writes fractions to so many digits, and counts in vote credits where it counts nothing.
    """
    if told.credits is None and told.cumulative_credits_at_start is None:
        told = told._replace(credits_unit=known.credits_unit)
    return told._replace(
        skip_rate=_exact(told.skip_rate, known.skip_rate),
        end_performance=_exact(told.end_performance, known.end_performance),
    )


def _exact(told: float | None, known: float | None) -> float | None:
    is_same = told is not None and known is not None and isclose(told, known, abs_tol=_SAME_FRACTION)
    return known if is_same else told


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
            *_software(kept, told),
            *(own if kept.fetches else new)[_FETCHES],
            *(theirs if ours in (None, "") else ours for ours, theirs in single),
            kept.credits_unit,
            *(new if _tells_more_of_blocks(told, kept) else own)[_BLOCKS],
            is_final,
            *(theirs if ours is None else ours for ours, theirs in ends),
        )
    )


def _software(kept: Numbers, told: Numbers) -> tuple[str, str]:
    """Version and client; a client that only a version suggested goes with that version."""
    version = kept.version or told.version
    for one in (kept, told):
        is_of_another = one.version != version and one.client == suggested_client(one.version)
        if one.client not in _NO_CLIENT and not is_of_another:
            return version, one.client
    return version, suggested_client(version) or kept.client or told.client


def _tells_more_of_blocks(told: Numbers, own: Numbers) -> bool:
    """Others tell of the blocks of whole epochs, which we may have counted in a part only."""
    return told.blocks_produced is not None and own.blocks_basis not in (
        BlocksBasis.FINAL,
        BlocksBasis.SHARED,
    )


@lru_cache(maxsize=1_000)
def suggested_client(version: str) -> str:
    """What a version alone tells of the program; empty for an unknown version."""
    return client_of(parse_version(version)).value if version else ""
