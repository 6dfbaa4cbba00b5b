"""The wire format of the JSON-RPC replies: their names in, ours out, one parse."""

import json
import re
from dataclasses import dataclass as plain_dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Generic, Self, TypeVar

import msgspec
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    Strict,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic.dataclasses import dataclass

from validators.solana.arithmetic import (
    BPS_PER_PERCENT,
    LARGEST,
    LARGEST_STAKE,
    MOST_TUPLES,
    ROUNDED_FROM,
    SPLIT_MARK,
    WIRE_LARGEST,
    CreditTuple,
    is_split_mark,
)
from validators.solana.pubkey import is_pubkey
from validators.solana.text import quoted

# Strict: a number sent as text, or 1.0, or true where a number belongs, is a wrong shape.
_STRICT: Final = ConfigDict(strict=True)
# Twenty times mainnet's epoch.
MOST_SLOTS_IN_EPOCH: Final = 10_000_000
# How JSON writes one; two of them are a character.
_SURROGATE: Final = b"\\ud"
_HALF: Final = re.compile("[\ud800-\udfff]")
# How much of a hostile text is kept in a reason.
_LONGEST_QUOTE: Final = 60
_FIELD: Final = re.compile(r"\d{1,9}|[A-Za-z_]{1,30}|\[key\]")


def _checked_key(text: str) -> str:
    if not is_pubkey(text):
        raise ValueError("not the base58 form of 32 bytes")
    return text


Key = Annotated[str, AfterValidator(_checked_key)]
Unsigned = Annotated[int, Field(ge=0, le=LARGEST)]
WireUnsigned = Annotated[int, Field(ge=0, le=WIRE_LARGEST)]
# JSON has no tuples, so a list must do for one here; its numbers stay strict.
WireCredits = Annotated[tuple[WireUnsigned, WireUnsigned, WireUnsigned], Strict(False)]


def _marks_as_sent(sent: Any, parse: ValidatorFunctionWrapHandler) -> list[CreditTuple]:
    """The tuples, a migration sentinel that was rounded on its way made exact again."""
    try:
        credits: list[CreditTuple] = parse(sent)
    except ValidationError:
        # Rounded up it is beyond 64 bits.
        credits = parse([_exact(one) for one in sent] if isinstance(sent, list) else sent)
    return [_exact(one) if one[0] >= ROUNDED_FROM else one for one in credits]


def _exact(credits: Any) -> Any:
    is_whole = isinstance(credits, list | tuple) and all(type(number) is int for number in credits)
    return SPLIT_MARK if is_whole and is_split_mark(credits) else credits


# The migration's sentinel is beyond it.
_Counted = Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]


class VoteAccount(msgspec.Struct, frozen=True, gc=False):
    """One item of getVoteAccounts. Stake in lamports; the commission is as sent and may pass 100 percent.

    These are the bounds that can be told to the quick reader; `SentAccount` has all of them.
    """

    vote_account: str = msgspec.field(name="votePubkey")
    identity: str = msgspec.field(name="nodePubkey")
    activated_stake: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_STAKE)] = msgspec.field(
        name="activatedStake"
    )
    epoch_vote_account: bool = msgspec.field(name="epochVoteAccount")
    epoch_credits: Annotated[
        list[tuple[_Counted, _Counted, _Counted]], msgspec.Meta(max_length=MOST_TUPLES)
    ] = msgspec.field(name="epochCredits")
    last_vote: Annotated[int, msgspec.Meta(ge=0, le=LARGEST)] = msgspec.field(name="lastVote")
    root_slot: Annotated[int, msgspec.Meta(ge=0, le=LARGEST)] | None = msgspec.field(
        default=None, name="rootSlot"
    )
    commission_percent: Annotated[int, msgspec.Meta(ge=0, le=255)] | None = msgspec.field(
        default=None, name="commission"
    )
    sent_bps: Annotated[int, msgspec.Meta(ge=0, le=65_535)] | None = msgspec.field(
        default=None, name="inflationRewardsCommissionBps"
    )

    @property
    def commission_bps(self) -> int | None:
        """The finer of the two fields; older nodes send only percent, one line only basis points."""
        if self.sent_bps is not None:
            return self.sent_bps
        return None if self.commission_percent is None else self.commission_percent * BPS_PER_PERCENT


@dataclass(frozen=True, slots=True, config=_STRICT)
class SentAccount:
    """The same on its way in: what is wrong with it is told in a sentence."""

    vote_account: Key = Field(validation_alias="votePubkey")
    identity: Key = Field(validation_alias="nodePubkey")
    activated_stake: Annotated[int, Field(ge=0, le=LARGEST_STAKE)] = Field(validation_alias="activatedStake")
    epoch_vote_account: bool = Field(validation_alias="epochVoteAccount")
    epoch_credits: Annotated[
        list[WireCredits], Field(max_length=MOST_TUPLES), WrapValidator(_marks_as_sent)
    ] = Field(validation_alias="epochCredits")
    last_vote: Unsigned = Field(validation_alias="lastVote")
    root_slot: Unsigned | None = Field(default=None, validation_alias="rootSlot")
    commission_percent: Annotated[int, Field(ge=0, le=255)] | None = Field(
        default=None, validation_alias="commission"
    )
    sent_bps: Annotated[int, Field(ge=0, le=65_535)] | None = Field(
        default=None, validation_alias="inflationRewardsCommissionBps"
    )


@plain_dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A record that was left out. vote_account is None when the record has no readable key."""

    vote_account: str | None
    reason: str


def _or_rejected(record: Any, parse: ValidatorFunctionWrapHandler) -> VoteAccount | RejectedRecord:
    """Parse one record; a bad one becomes a RejectedRecord, so that it never takes the others down."""
    try:
        sent: SentAccount = parse(record)
    except ValidationError as exc:
        return RejectedRecord(_readable_key(record), describe(exc))
    account = VoteAccount(*(getattr(sent, name) for name in VoteAccount.__struct_fields__))
    if account.commission_bps is None:
        return RejectedRecord(account.vote_account, "neither commission nor inflationRewardsCommissionBps")
    return account


def _readable_key(record: Any) -> str | None:
    key = record.get("votePubkey") if isinstance(record, dict) else None
    return key if isinstance(key, str) and is_pubkey(key) else None


def describe(error: ValidationError) -> str:
    """The first complaint in one line: where, what, and the start of what was sent, in ASCII."""
    first = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(map(_place, first["loc"])) or "the whole"
    sent = repr(first["input"])
    return f"{place}: {first['msg']} (was {quoted(sent, longest=_LONGEST_QUOTE)})"


def _place(part: int | str) -> str:
    """A field, or a key that the sender chose."""
    return str(part) if _FIELD.fullmatch(str(part)) else quoted(str(part), longest=_LONGEST_QUOTE)


if TYPE_CHECKING:
    Record = VoteAccount | RejectedRecord
else:
    # As a union, pydantic would try the second form with the sender's text.
    Record = Annotated[SentAccount, WrapValidator(_or_rejected)]


class VoteAccounts(BaseModel):
    """The result of getVoteAccounts."""

    model_config = _STRICT
    current: list[Record]
    delinquent: list[Record]


class EpochInfo(BaseModel):
    """The result of getEpochInfo, what we use of it."""

    model_config = _STRICT
    epoch: Unsigned
    absolute_slot: Unsigned = Field(validation_alias="absoluteSlot")
    slot_index: Unsigned = Field(validation_alias="slotIndex")
    slots_in_epoch: Annotated[int, Field(gt=0, le=MOST_SLOTS_IN_EPOCH)] = Field(
        validation_alias="slotsInEpoch"
    )

    @model_validator(mode="after")
    def _inside_the_epoch(self) -> "EpochInfo":
        if self.slot_index >= self.slots_in_epoch:
            raise ValueError(f"slot {self.slot_index} of an epoch of {self.slots_in_epoch}")
        return self


class RpcFailure(BaseModel):
    """The error of a JSON-RPC reply. `data` differs from code to code."""

    code: int
    message: str = ""
    data: Any = None


Result = TypeVar("Result")


def with_whole_characters(body: bytes) -> bytes:
    """The same JSON with U+FFFD in place of each lone surrogate: anybody may write one, nobody can store it.

    What is no JSON at all stays as it is.
    """
    if _SURROGATE not in body.lower():
        return body
    try:
        text = json.dumps(json.loads(body), ensure_ascii=False)
    except (ValueError, RecursionError):
        return body
    return _HALF.sub("\N{REPLACEMENT CHARACTER}", text).encode()


class Reply(BaseModel, Generic[Result]):
    """A JSON-RPC 2.0 reply around a result of that type."""

    id: int | str | None = None
    result: Result | None = None
    error: RpcFailure | None = None

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Raises a ValidationError."""
        try:
            return cls.model_validate_json(body)
        except ValidationError:
            return cls.model_validate_json(with_whole_characters(body))
