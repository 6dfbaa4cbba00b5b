"""The Config program's accounts: what validators write about themselves. None of it is to be trusted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass as plain_dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Self

import msgspec
from pydantic import ConfigDict, TypeAdapter, WrapValidator
from pydantic.dataclasses import dataclass

from validators.exceptions import MalformedReplyError
from validators.solana.pubkey import is_pubkey
from validators.solana.quick_reading import plain_answer
from validators.solana.records import Records, Rejected, or_reason, sorted_out
from validators.solana.rpc import Endpoint
from validators.solana.schemas import Key, Reply, with_whole_characters
from validators.solana.text import (
    LONGEST_DETAILS,
    LONGEST_KEYBASE,
    LONGEST_LINK,
    LONGEST_NAME,
    plain_text,
)

METHOD: Final = "getProgramAccounts"
CONFIG_PROGRAM: Final = "Config1111111111111111111111111111111111111"
VALIDATOR_INFO_KEY: Final = "Va1idator1nfo111111111111111111111111111111"

_STRICT: Final = ConfigDict(strict=True)


@dataclass(frozen=True, slots=True, config=_STRICT)
class _Account:
    # Parsed where the node could, else [base64, "base64"].
    data: Any


@dataclass(frozen=True, slots=True, config=_STRICT)
class ProgramAccount:
    """One item of getProgramAccounts."""

    pubkey: Key
    account: _Account


if TYPE_CHECKING:
    _Item = ProgramAccount | str
else:
    _Item = Annotated[ProgramAccount, WrapValidator(or_reason)]


class _Answer(msgspec.Struct, gc=False):
    """Any other than that of a plain success is for pydantic."""

    id: int
    result: list[msgspec.Raw]
    error: None = None


_ANSWER: Final = msgspec.json.Decoder(_Answer)
_ACCOUNT: Final = msgspec.json.Decoder(ProgramAccount)
_SENT: Final[TypeAdapter[ProgramAccount | str]] = TypeAdapter(_Item)


class NamesReply(Reply[list[_Item]]):
    """The whole of it; what the quick reader hesitates at pydantic reads, as of votes."""

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Raises a ValidationError."""
        answer = plain_answer(_ANSWER, body)
        if answer is None:
            return super().read(body)
        return cls.model_construct(id=answer.id, result=list(map(_item, answer.result)))


def _item(sent: msgspec.Raw) -> ProgramAccount | str:
    try:
        account = _ACCOUNT.decode(sent)
    except (msgspec.MsgspecError, RecursionError):
        return _SENT.validate_json(with_whole_characters(bytes(sent)))
    return account if is_pubkey(account.pubkey) else _SENT.validate_json(with_whole_characters(bytes(sent)))


@plain_dataclass(frozen=True, slots=True)
class Profile:
    """A validator's words about itself, bounded; empty is unknown."""

    name: str = ""
    website: str = ""
    icon_url: str = ""
    details: str = ""
    keybase: str = ""


@plain_dataclass(frozen=True, slots=True)
class SignedProfile:
    """A profile that the identity has signed; several accounts of one identity happen."""

    address: str
    identity: str
    profile: Profile


def ask_names(endpoint: Endpoint) -> Records[SignedProfile]:
    """One signed profile for each identity that has any. Raises an EndpointError."""
    params = [CONFIG_PROGRAM, {"encoding": "jsonParsed"}]
    accounts = sorted_out(endpoint, METHOD, _judged(endpoint.call(METHOD, params, NamesReply)))
    chosen: dict[str, SignedProfile] = {}
    for signed in filter(None, map(_signed_profile, accounts.good)):
        known = chosen.get(signed.identity)
        if known is None or _preference(signed) < _preference(known):
            chosen[signed.identity] = signed
    if not chosen:
        raise MalformedReplyError(endpoint.name, METHOD, "no signed validator info at all")
    return Records(accounts.endpoint, tuple(chosen.values()), accounts.rejected)


def _judged(items: list[Any]) -> Iterator[ProgramAccount | Rejected]:
    for place, item in enumerate(items):
        yield Rejected(f"record {place}", item) if isinstance(item, str) else item


def _preference(signed: SignedProfile) -> tuple[bool, str]:
    """Nothing tells which is newer, so: one with a name, then the address that sorts first."""
    return not signed.profile.name, signed.address


def _signed_profile(item: ProgramAccount) -> SignedProfile | None:
    """None for raw bytes, for other kinds of accounts, and where the identity did not sign.

    What is inside can be written by anybody, so whatever is wrong with it is no fault of the reply.
    """
    parsed = _part(item.account.data, "parsed")
    info = _part(parsed, "info")
    identity = _signer(info) if _part(parsed, "type") == "validatorInfo" else None
    if identity is None:
        return None
    words = _part(info, "configData")
    told: Mapping[str, object] = words if isinstance(words, dict) else {}
    profile = Profile(
        name=plain_text(told.get("name"), longest=LONGEST_NAME),
        website=plain_text(told.get("website"), longest=LONGEST_LINK),
        icon_url=plain_text(told.get("iconUrl"), longest=LONGEST_LINK),
        details=plain_text(told.get("details"), longest=LONGEST_DETAILS),
        keybase=plain_text(told.get("keybaseUsername"), longest=LONGEST_KEYBASE),
    )
    return SignedProfile(item.pubkey, identity, profile)


def _signer(info: object) -> str | None:
    """The second key of a validator info, if it signed."""
    keys = _part(info, "keys")
    if not isinstance(keys, list) or len(keys) < 2:
        return None
    if _part(keys[0], "pubkey") != VALIDATOR_INFO_KEY or _part(keys[1], "signer") is not True:
        return None
    identity = _part(keys[1], "pubkey")
    return identity if isinstance(identity, str) and is_pubkey(identity) else None


def _part(whole: object, name: str) -> object:
    return whole.get(name) if isinstance(whole, dict) else None
