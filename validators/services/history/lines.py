"""One line of a history file: what it may hold, and how it is written. Pure.

A line is one vote account in one epoch; an empty column is unknown. Stake is in lamports,
commission in whole percent, skip_rate_percent is of leader slots. Credits are vote credits unless a
column of a longer header says that they are lamports.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from validators.solana.arithmetic import (
    BPS_PER_PERCENT,
    LARGEST,
    LARGEST_STAKE,
    MOST_VOTE_CREDITS,
    CreditsUnit,
)
from validators.solana.pubkey import is_pubkey
from validators.solana.text import LONGEST_VERSION
from validators.solana.versions import Client, client_of

COLUMNS: Final = (
    *("epoch", "vote_account", "identity", "activated_stake"),
    *("commission_first", "commission_last", "commission_min", "commission_max"),
    *("version", "snapshots", "delinquent_snapshots"),
    *("credits", "cumulative_credits_at_start", "skip_rate_percent"),
)
# What a longer file has behind those, in any order: the unit of the credits, the blocks of the whole epoch,
# how the epoch ended: delinquent in its last snapshot, and how it voted in a stretch before that; and the
# client, which without that column is what the version suggests.
BLOCK_COLUMNS: Final = ("credits_unit", "leader_slots", "blocks_produced")
END_COLUMNS: Final = ("delinquent_at_end", "end_performance")
CLIENT_COLUMNS: Final = ("client",)
MORE_COLUMNS: Final = (*BLOCK_COLUMNS, *END_COLUMNS, *CLIENT_COLUMNS)
HEADER: Final = ",".join(COLUMNS)
LINE_END: Final = "\r\n"
UNKNOWN_VERSION: Final = "unknown"
# A vote account's commission is one byte; above 100 % is possible and stored as seen.
LARGEST_COMMISSION: Final = 255
MOST_SNAPSHOTS: Final = 2**31 - 1
# A percentage with no more decimals survives being kept as a fraction.
SKIP_RATE_DECIMALS: Final = 10
# Of the median in the same stretch; recordings stop at 1.2.
MOST_END_PERFORMANCE: Final = 2.0
_DECIMAL: Final = re.compile(r"\d(?:\.\d{1,25})?", re.ASCII)
_YES_OR_NO: Final[Mapping[str, bool | None]] = {"": None, "0": False, "1": True}
_SKIP_RATE: Final = re.compile(r"\d{1,3}(?:\.\d{1,10})?", re.ASCII)
_VERSION: Final = re.compile(r"[ -~]*", re.ASCII)
# Characters of a header that is not ours.
_SHOWN: Final = 200
# Of texts that stand in line after line: thousands of validators share some hundred of each.
_COMMON: Final = 2_000


class HistoryRow(NamedTuple):
    """One account in one epoch in this project's units; None is unknown, as is an empty text."""

    epoch: int
    vote_account: str
    identity: str
    activated_stake: int | None
    commission_first_bps: int | None
    commission_last_bps: int | None
    commission_min_bps: int | None
    commission_max_bps: int | None
    version: str
    fetches: int
    delinquent_fetches: int
    credits: int | None
    cumulative_credits_at_start: int | None
    skip_rate: float | None
    credits_unit: str = CreditsUnit.VOTE_CREDITS.value
    leader_slots: int | None = None
    blocks_produced: int | None = None
    delinquent_at_end: bool | None = None
    end_performance: float | None = None
    client: str = ""


def columns_of(header: str) -> tuple[str, ...]:
    """The columns that a file has behind the usual ones. Raises ValueError for another header."""
    names = tuple(header.split(","))
    more = names[len(COLUMNS) :]
    if names[: len(COLUMNS)] != COLUMNS:
        raise ValueError(f"does not begin with the line {HEADER!r}, but with {header[:_SHOWN]!a}")
    if unknown := [name for name in more if name not in MORE_COLUMNS]:
        raise ValueError(
            f"has a column {_quoted(unknown[0])}; behind {COLUMNS[-1]} may stand {', '.join(MORE_COLUMNS)}"
        )
    if twice := [name for name in MORE_COLUMNS if more.count(name) > 1]:
        raise ValueError(f"has a column twice: {twice[0]}")
    return more


def parse_line(line: str, more: tuple[str, ...] = ()) -> HistoryRow:
    """The row in a line without its end; `more` are the columns behind the usual ones.

    Raises ValueError, whose text is the reason.
    """
    fields = line.split(",")
    if len(fields) != len(COLUMNS) + len(more):
        raise ValueError(f"{len(fields)} columns instead of {len(COLUMNS) + len(more)}")
    further = dict(zip(more, fields[len(COLUMNS) :], strict=True)) if more else {}
    epoch, vote_account, identity, stake = fields[:4]
    version, snapshots, delinquent, credits, cumulative, skip_rate = fields[8 : len(COLUMNS)]
    unit, most_credits = _unit(further.get("credits_unit", ""))
    seen = _snapshots(snapshots, delinquent)
    return HistoryRow(
        _epoch(epoch),
        _key("vote_account", vote_account),
        _key("identity", identity) if identity else "",
        _number("activated_stake", stake, LARGEST_STAKE),
        *_commissions(*fields[4:8]),
        _version(version),
        *seen,
        _number("credits", credits, most_credits),
        _number("cumulative_credits_at_start", cumulative, LARGEST - MOST_VOTE_CREDITS),
        _skip_rate(skip_rate),
        unit,
        *_blocks(further),
        _yes_or_no("delinquent_at_end", further.get("delinquent_at_end", "")),
        _end_performance(further.get("end_performance", "")),
        _client(further.get("client", "")),
    )


@lru_cache(maxsize=_COMMON)
def _epoch(text: str) -> int:
    return _required("epoch", text, LARGEST)


@lru_cache(maxsize=_COMMON)
def _snapshots(all_of_them: str, delinquent: str) -> tuple[int, int]:
    seen = _required("snapshots", all_of_them, MOST_SNAPSHOTS)
    return seen, _required("delinquent_snapshots", delinquent, seen)


@lru_cache(maxsize=_COMMON)
def _unit(text: str) -> tuple[str, int]:
    """The unit, and the most credits that an epoch may have of it."""
    try:
        unit = CreditsUnit(text or CreditsUnit.VOTE_CREDITS)
    except ValueError:
        raise ValueError(
            f"credits_unit is {_quoted(text)}, and neither {' nor '.join(CreditsUnit)}"
        ) from None
    return unit.value, MOST_VOTE_CREDITS if unit is CreditsUnit.VOTE_CREDITS else LARGEST


def _blocks(further: Mapping[str, str]) -> tuple[int | None, int | None]:
    slots = _number("leader_slots", further.get("leader_slots", ""), LARGEST)
    blocks = _number("blocks_produced", further.get("blocks_produced", ""), LARGEST)
    if blocks is not None and (slots is None or blocks > slots):
        raise ValueError(f"{blocks} blocks in {slots} leader slots")
    return slots, blocks


def _yes_or_no(name: str, text: str) -> bool | None:
    if text not in _YES_OR_NO:
        raise ValueError(f"{name} is {_quoted(text)}, neither 0 nor 1")
    return _YES_OR_NO[text]


def _end_performance(text: str) -> float | None:
    if not text:
        return None
    if not _DECIMAL.fullmatch(text) or float(text) > MOST_END_PERFORMANCE:
        raise ValueError(
            f"end_performance is {_quoted(text)}, not a decimal number from 0 to {MOST_END_PERFORMANCE:g}"
        )
    return float(text)


def header_of(more: Sequence[str]) -> str:
    """The first line of a file that has these columns behind the usual ones."""
    return ",".join((*COLUMNS, *more))


def format_row(row: HistoryRow, *, more: Sequence[str] = ()) -> str:
    """The line of a row, without its end; what parse_line makes of it is the same row.

    `more` are the columns behind the usual ones. Basis points between two percents become the higher, as in
    getVoteAccounts.
    """
    commissions = (
        _text(None if bps is None else min(-(-bps // BPS_PER_PERCENT), LARGEST_COMMISSION))
        for bps in row[4:8]
    )
    return ",".join(
        (
            *(str(row.epoch), row.vote_account, row.identity, _text(row.activated_stake)),
            *commissions,
            *(row.version or UNKNOWN_VERSION, str(row.fetches), str(row.delinquent_fetches)),
            *(_text(row.credits), _text(row.cumulative_credits_at_start), _percent(row.skip_rate)),
            *(_further(row, name) for name in more),
        )
    )


def _further(row: HistoryRow, name: str) -> str:
    value = getattr(row, name)
    if isinstance(value, bool):
        return str(int(value))
    return _decimal(value) if isinstance(value, float) else _text(value)


def _decimal(number: float) -> str:
    """The shortest digits that are read as the same number, without an exponent."""
    shortest = str(number)
    return f"{number:.17f}" if "e" in shortest else shortest


def _required(name: str, text: str, largest: int) -> int:
    number = _number(name, text, largest)
    if number is None:
        raise ValueError(f"{name} is empty")
    return number


def _number(name: str, text: str, largest: int) -> int | None:
    if not text:
        return None
    # Twenty digits are beyond every limit, and Python refuses to read thousands of them.
    if not (text.isascii() and text.isdigit()) or len(text) > 20:
        raise ValueError(f"{name} is {_quoted(text)}, not a whole number of at least 0")
    number = int(text)
    if number > largest:
        raise ValueError(f"{name} is {number}, and {largest} is the most possible")
    return number


def _key(name: str, text: str) -> str:
    if not is_pubkey(text):
        raise ValueError(f"{name} is {_quoted(text)}, not a key of 32 bytes in base58")
    return text


@lru_cache(maxsize=_COMMON)
def _commissions(*texts: str) -> tuple[int | None, int | None, int | None, int | None]:
    first, last, lowest, highest = (
        _number(name, text, LARGEST_COMMISSION) for name, text in zip(COLUMNS[4:8], texts, strict=True)
    )
    for value in (first, last):
        if value is None or lowest is None or highest is None:
            continue
        if not lowest <= value <= highest:
            raise ValueError(
                f"commission {value} is not between the lowest {lowest} and the highest {highest}"
            )
    return _bps(first), _bps(last), _bps(lowest), _bps(highest)


def _bps(percent: int | None) -> int | None:
    return None if percent is None else percent * BPS_PER_PERCENT


@lru_cache(maxsize=_COMMON)
def _version(text: str) -> str:
    if len(text) > LONGEST_VERSION or not _VERSION.fullmatch(text):
        raise ValueError(f"version is {_quoted(text)}, not up to {LONGEST_VERSION} printable characters")
    return "" if text == UNKNOWN_VERSION else text


@lru_cache(maxsize=_COMMON)
def _client(text: str) -> str:
    client = client_of(None, text)
    if client is Client.UNKNOWN and text not in ("", client):
        raise ValueError(f"client is {_quoted(text)}, none of {', '.join(Client)}")
    return client.value if text else ""


@lru_cache(maxsize=_COMMON)
def _skip_rate(text: str) -> float | None:
    if not text:
        return None
    if not _SKIP_RATE.fullmatch(text) or float(text) > 100:
        raise ValueError(f"skip_rate_percent is {_quoted(text)}, not a decimal number from 0 to 100")
    return float(text) / 100


def _text(number: int | str | None) -> str:
    return "" if number is None else str(number)


def _percent(rate: float | None) -> str:
    if rate is None:
        return ""
    digits = f"{rate * 100:.{SKIP_RATE_DECIMALS}f}".rstrip("0")
    return f"{digits}0" if digits.endswith(".") else digits


def _quoted(text: str) -> str:
    """Short enough for a line on a terminal, and without control characters."""
    return ascii(text if len(text) <= LONGEST_VERSION else f"{text[:LONGEST_VERSION]}…")
