"""getMultipleAccounts and getAccountInfo: accounts as the chain stores them."""

import binascii
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple, Self, TypeVar

import msgspec
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WrapValidator

from validators.exceptions import LayoutError, MalformedReplyError, RpcError
from validators.solana.arithmetic import LARGEST
from validators.solana.pubkey import is_pubkey
from validators.solana.quick_reading import plain_answer
from validators.solana.records import or_reason
from validators.solana.rpc import Endpoint
from validators.solana.schemas import Key, Reply, Unsigned

METHOD: Final = "getMultipleAccounts"
ONE_METHOD: Final = "getAccountInfo"
# Nodes refuse to answer for more at once.
MOST_KEYS: Final = 100
# The largest account that the chain allows (MAX_PERMITTED_DATA_LENGTH).
LARGEST_DATA: Final = 10 * 1024 * 1024
# The node's bank is not yet at minContextSlot.
SLOT_NOT_REACHED: Final = -32016
# One slot, and what a node behind a load balancer usually lags, in seconds.
_WAITS: Final = (0.4, 1.6)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Account:
    """Lamports, the owning program, and the bytes; where the node parsed them, its words instead."""

    lamports: int
    owner: str
    data: bytes
    parsed: Mapping[str, Any] | None


class Part(NamedTuple):
    """Which bytes of each account are asked for."""

    offset: int
    length: int


class Unreadable(NamedTuple):
    """What a node sent in the place of an account, and is none."""

    reason: str


Sent = Account | Unreadable | None


def readable(sent: Sent) -> Account | None:
    """Raises a LayoutError that says what is wrong."""
    if isinstance(sent, Unreadable):
        raise LayoutError(sent.reason)
    return sent


@dataclass(frozen=True, slots=True)
class AccountsAnswer:
    """The accounts in the order of the keys, as of that slot; None where there is none.

    One that is garbled takes no other down: it is for whoever asked to name it, and to doubt the whole
    where too many are.
    """

    slot: int
    accounts: list[Sent]


def _content(data: object) -> bytes | dict[str, Any]:
    """The bytes of [text, "base64"], or the node's words where it could parse them."""
    match data:
        case [str(text), "base64"]:
            if len(text) > LARGEST_DATA * 4 // 3 + 4:
                raise ValueError(f"{len(text):,} letters of base64")
            return binascii.a2b_base64(text, strict_mode=True)
        case {"parsed": dict(parsed)}:
            return parsed
    raise ValueError('neither [text, "base64"] nor parsed')


class _WireAccount(BaseModel):
    model_config = ConfigDict(strict=True)
    lamports: Unsigned
    owner: Key
    data: Annotated[bytes | dict[str, Any], PlainValidator(_content)]

    def account(self) -> Account:
        """Its bytes, or a node's words."""
        if isinstance(self.data, bytes):
            return Account(self.lamports, self.owner, self.data, None)
        return Account(self.lamports, self.owner, b"", self.data)


class _PlainAccount(msgspec.Struct, gc=False):
    """The same where it is plain bytes."""

    lamports: Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]
    owner: str
    sent: tuple[bytes, Literal["base64"]] = msgspec.field(name="data")

    @property
    def data(self) -> bytes:
        return self.sent[0]

    def account(self) -> Account:
        return Account(self.lamports, self.owner, self.data, None)


if TYPE_CHECKING:
    _WireSent = _WireAccount | _PlainAccount | str | None
else:
    _WireSent = Annotated[_WireAccount | None, WrapValidator(or_reason)]


class _Context(BaseModel):
    model_config = ConfigDict(strict=True)
    slot: Unsigned


class _MultipleAccounts(BaseModel):
    """The result of getMultipleAccounts, what we use of it."""

    context: _Context
    value: Annotated[list[_WireSent], Field(max_length=MOST_KEYS)]


class _PlainContext(msgspec.Struct, gc=False):
    slot: Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]


class _PlainAccounts(msgspec.Struct, gc=False):
    context: _PlainContext
    value: Annotated[list[_PlainAccount | None], msgspec.Meta(max_length=MOST_KEYS)]


class _PlainAnswer(msgspec.Struct, gc=False):
    """Any other than that of a plain success is for pydantic."""

    id: int
    result: _PlainAccounts
    error: None = None


_ANSWER: Final = msgspec.json.Decoder(_PlainAnswer)


class AccountsReply(Reply[_MultipleAccounts]):
    """The whole of it, read in a third of the time where nothing in it is odd, and by pydantic otherwise."""

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Raises a ValidationError."""
        answer = plain_answer(_ANSWER, body)
        if answer is None or not _is_plain(answer.result.value):
            return super().read(body)
        result = _MultipleAccounts.model_construct(context=answer.result.context, value=answer.result.value)
        return cls.model_construct(id=answer.id, result=result)


def _is_plain(accounts: Sequence[_PlainAccount | None]) -> bool:
    """Whether what no bound could tell is as it should be: the owners, of whom there are few, and lengths."""
    there = [one for one in accounts if one is not None]
    return all(map(is_pubkey, {one.owner for one in there})) and all(
        len(one.data) <= LARGEST_DATA for one in there
    )


class _AccountInfo(BaseModel):
    model_config = ConfigDict(strict=True)
    context: _Context
    value: _WireSent


def ask_accounts(
    endpoint: Endpoint,
    keys: Sequence[str],
    *,
    parsed: bool = False,
    least_slot: int | None = None,
    part: Part | None = None,
) -> AccountsAnswer:
    """One question for at most 100 accounts, in base64 or as the node parses them, not older than least_slot.

    Of their data all, or that part. Raises an EndpointError, an RpcError of -32016 when the node does not
    get to that slot in time.
    """
    if len(keys) > MOST_KEYS:
        raise ValueError(f"{len(keys)} accounts in one question, {MOST_KEYS} are allowed")
    options = _options(parsed=parsed, least_slot=least_slot, part=part)
    result = answered_patiently(endpoint, METHOD, [list(keys), options], AccountsReply)
    if len(result.value) != len(keys):
        doubt = f"{len(result.value):,} accounts, asked for {len(keys):,}"
        raise MalformedReplyError(endpoint.name, METHOD, doubt)
    slot = _slot(endpoint, METHOD, result.context, least_slot)
    return AccountsAnswer(slot, [_account(one, parsed=parsed, part=part) for one in result.value])


def ask_account(endpoint: Endpoint, key: str, *, least_slot: int, part: Part) -> AccountsAnswer:
    """That part of one account, not older than least_slot. Raises as `ask_accounts` does.

    Endpoints count it apart from getMultipleAccounts, whose dataSlice is the same for all.
    """
    options = _options(parsed=False, least_slot=least_slot, part=part)
    one = answered_patiently(endpoint, ONE_METHOD, [key, options], Reply[_AccountInfo])
    slot = _slot(endpoint, ONE_METHOD, one.context, least_slot)
    return AccountsAnswer(slot, [_account(one.value, parsed=False, part=part)])


def ask_of_one_epoch(
    endpoint: Endpoint, keys: Sequence[str], *, least_slot: int, next_epoch_slot: int, parsed: bool = False
) -> list[AccountsAnswer]:
    """A page for each hundred accounts, all of them before the next epoch or all of them in it."""

    def page(of: Sequence[str], *, least_slot: int) -> AccountsAnswer:
        return ask_accounts(endpoint, of, parsed=parsed, least_slot=least_slot)

    pages = [keys[at : at + MOST_KEYS] for at in range(0, len(keys), MOST_KEYS)]
    answers = [page(one, least_slot=least_slot) for one in pages]
    if max(answer.slot for answer in answers) < next_epoch_slot:
        return answers
    # The epoch turned between two pages. A node that is still before it is refused there.
    return [
        answer if answer.slot >= next_epoch_slot else page(one, least_slot=next_epoch_slot)
        for one, answer in zip(pages, answers, strict=True)
    ]


def _options(*, parsed: bool, least_slot: int | None, part: Part | None) -> dict[str, Any]:
    options: dict[str, Any] = {"encoding": "jsonParsed" if parsed else "base64"}
    if least_slot is not None:
        options["minContextSlot"] = least_slot
    if part is not None:
        options["dataSlice"] = part._asdict()
    return options


def answered_patiently(
    endpoint: Endpoint, method: str, params: list[Any], reply_type: type[Reply[Result]]
) -> Result:
    """Ask; while the node has not reached the slot, wait and ask again, twice."""
    for wait in _WAITS:
        try:
            return endpoint.call(method, params, reply_type)
        except RpcError as refusal:
            if refusal.code != SLOT_NOT_REACHED or wait >= endpoint.seconds_left:
                raise
        time.sleep(wait)
    return endpoint.call(method, params, reply_type)


def _slot(endpoint: Endpoint, method: str, context: _Context, least_slot: int | None) -> int:
    if least_slot is not None and context.slot < least_slot:
        doubt = f"as of slot {context.slot}, asked for {least_slot} or later"
        raise MalformedReplyError(endpoint.name, method, doubt)
    return context.slot


def _account(sent: _WireSent, *, parsed: bool, part: Part | None) -> Sent:
    if sent is None or isinstance(sent, str):
        return None if sent is None else Unreadable(sent)
    if not parsed and not isinstance(sent.data, bytes):
        return Unreadable("parsed, asked for base64")
    if part is not None and len(sent.data) > part.length:
        return Unreadable(f"{len(sent.data)} bytes, asked for {part.length}")
    return sent.account()
