"""Jito's ValidatorHistory accounts: whole, or only their newest entries, and whose there are."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

from validators.exceptions import LayoutError
from validators.solana.accounts import (
    METHOD,
    MOST_KEYS,
    Account,
    AccountsAnswer,
    Part,
    Sent,
    ask_accounts,
    readable,
)
from validators.solana.byte_reader import Reader
from validators.solana.program_accounts import SEARCH_METHOD, ask_program_accounts
from validators.solana.programs.validator_history import (
    DISCRIMINATOR,
    ENTRY_BYTES,
    HEAD_BYTES,
    LENGTH,
    MOST_ENTRIES,
    VOTE_AT,
    Head,
    ToldHistory,
    address_of,
    decoded,
    decoded_head,
    program_of,
    told_by,
)
from validators.solana.pubkey import KEY_BYTES, encode
from validators.solana.records import Records, Rejected, sorted_out
from validators.solana.rpc import Endpoint

# Whole accounts of one question: four and a half megabytes of answer.
WHOLE_IN_PAGE: Final = 50
# Newest entries that `ask_newest` reads of each, and how far apart those of accounts in one question may lie.
NEWEST_READ: Final = 16
_WIDTH: Final = 64
_WINDOWS: Final = MOST_ENTRIES // _WIDTH

Item = TypeVar("Item")


class History(NamedTuple):
    """What there is of a vote account; None where it has no such account."""

    vote_account: str
    told: ToldHistory | None


@dataclass(frozen=True, slots=True)
class Histories:
    """What one endpoint said; `slot` is the oldest of it."""

    endpoint: str
    slot: int
    records: Records[History]


class _Asked(NamedTuple):
    """A vote account and where its history lies."""

    vote_account: str
    address: str


class _Window(NamedTuple):
    """Entries of the ring, from one until before another."""

    first: int
    until: int


def most_requests(accounts: int) -> int:
    """That `ask_newest` makes for so many."""
    pages = -(-accounts // MOST_KEYS)
    return 2 * pages + _WINDOWS


def ask_whole(
    endpoint: Endpoint, vote_accounts: Sequence[str], *, genesis_hash: str, least_slot: int
) -> Histories:
    """All entries of at most WHOLE_IN_PAGE accounts, by one request. Raises an EndpointError."""
    program = program_of(genesis_hash)
    asked = _addresses(program, vote_accounts)
    answer = ask_accounts(endpoint, [one.address for one in asked], least_slot=least_slot)
    decode = partial(_whole, program)
    judged = [_or_reason(one, sent, decode) for one, sent in zip(asked, answer.accounts, strict=True)]
    return Histories(endpoint.name, answer.slot, sorted_out(endpoint, METHOD, judged))


def ask_newest(
    endpoint: Endpoint, vote_accounts: Sequence[str], *, genesis_hash: str, least_slot: int
) -> Histories:
    """The newest entries of each, NEWEST_READ at least where the ring has not begun anew since.

    Where each has its newest is asked first; then a window of the ring for those that have it near each
    other. Raises an EndpointError.
    """
    program = program_of(genesis_hash)
    judged: list[History | Rejected] = []
    windows: defaultdict[_Window, list[tuple[_Asked, Head]]] = defaultdict(list)
    slots: list[int] = []
    for page in _pages(_addresses(program, vote_accounts)):
        answer = ask_accounts(
            endpoint, [one.address for one in page], least_slot=least_slot, part=Part(0, HEAD_BYTES)
        )
        slots.append(answer.slot)
        for one, sent in zip(page, answer.accounts, strict=True):
            head = _or_reason(one, sent, partial(_head, program))
            if isinstance(head, Head) and head.newest is not None:
                windows[_window(head.newest)].append((one, head))
            else:
                judged.append(head if isinstance(head, Rejected) else History(one.vote_account, None))
    for window, held in windows.items():
        for some in _pages(held):
            answer = _ask_window(endpoint, [one.address for one, _ in some], window, least_slot)
            slots.append(answer.slot)
            judged += [
                _or_reason(one, sent, partial(_in_window, program, head, window))
                for (one, head), sent in zip(some, answer.accounts, strict=True)
            ]
    return Histories(endpoint.name, min(slots), sorted_out(endpoint, METHOD, judged))


def ask_who(endpoint: Endpoint, *, genesis_hash: str, least_slot: int) -> Records[str]:
    """Every vote account that has a history, also who left: one request. Raises an EndpointError."""
    program = program_of(genesis_hash)
    # What stands at an offset is sent in base58, and 32 bytes of each account come back.
    filters: list[dict[str, Any]] = [
        {"dataSize": LENGTH},
        {"memcmp": {"offset": 0, "bytes": encode(DISCRIMINATOR)}},
    ]
    part = Part(VOTE_AT, KEY_BYTES)
    _, judged = ask_program_accounts(
        endpoint,
        program,
        filters=filters,
        part=part,
        least_slot=least_slot,
        decode=partial(_vote_account, program),
    )
    return sorted_out(endpoint, SEARCH_METHOD, judged)


def _vote_account(program: str, address: str, owner: str, data: bytes) -> str:
    reader = Reader(f"validator history {address}", data)
    if owner != program:
        raise reader.refusal(f"owned by {owner} instead of {program}")
    vote_account = reader.key("vote account")
    if address_of(program, vote_account) != address:
        raise reader.refusal(f"vote account {vote_account} has its history elsewhere")
    return vote_account


def _addresses(program: str, vote_accounts: Sequence[str]) -> list[_Asked]:
    return [_Asked(one, address_of(program, one)) for one in vote_accounts]


def _pages(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), MOST_KEYS):
        yield items[start : start + MOST_KEYS]


def _window(newest: int) -> _Window:
    start = newest // _WIDTH * _WIDTH
    return _Window(max(0, start - NEWEST_READ), start + _WIDTH)


def _ask_window(
    endpoint: Endpoint, addresses: Sequence[str], window: _Window, least_slot: int
) -> AccountsAnswer:
    return ask_accounts(
        endpoint,
        addresses,
        least_slot=least_slot,
        part=Part(HEAD_BYTES + window.first * ENTRY_BYTES, (window.until - window.first) * ENTRY_BYTES),
    )


def _or_reason(one: _Asked, sent: Sent, decode: Callable[[_Asked, Account | None], Item]) -> Item | Rejected:
    try:
        return decode(one, readable(sent))
    except LayoutError as exc:
        return Rejected(one.vote_account, str(exc))


def _whole(program: str, one: _Asked, sent: Account | None) -> History:
    if sent is None:
        return History(one.vote_account, None)
    told = decoded(
        address=one.address, vote_account=one.vote_account, program=program, owner=sent.owner, data=sent.data
    )
    return History(one.vote_account, told)


def _head(program: str, one: _Asked, sent: Account | None) -> Head | None:
    return (
        None if sent is None else decoded_head(one.address, one.vote_account, program, sent.owner, sent.data)
    )


def _in_window(program: str, head: Head, window: _Window, one: _Asked, sent: Account | None) -> History:
    """Of an account that was there a moment ago: what its head said was checked then."""
    reader = Reader(f"validator history {one.address}", b"" if sent is None else sent.data)
    if sent is None or sent.owner != program:
        raise reader.refusal("closed while its newest entries were asked for")
    reader.expect_length((window.until - window.first) * ENTRY_BYTES)
    return History(one.vote_account, told_by(head, sent.data, first=window.first))
