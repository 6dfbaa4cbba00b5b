"""getProgramAccounts: the accounts of a program, narrowed by filters, and of each a part of its bytes."""

import base64
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

from pydantic import ConfigDict, WrapValidator
from pydantic.dataclasses import dataclass as checked_dataclass

from validators.exceptions import LayoutError, MalformedReplyError
from validators.solana.accounts import Part, answered_patiently
from validators.solana.records import Rejected, or_reason
from validators.solana.rpc import Endpoint
from validators.solana.schemas import Key, Reply, Unsigned

SEARCH_METHOD: Final = "getProgramAccounts"

Decoded = TypeVar("Decoded")


@checked_dataclass(frozen=True, slots=True, config=ConfigDict(strict=True))
class _WireAccount:
    data: Any
    owner: Key


@checked_dataclass(frozen=True, slots=True, config=ConfigDict(strict=True))
class _WireItem:
    pubkey: Key
    account: _WireAccount


if TYPE_CHECKING:
    _Item = _WireItem | str
else:
    _Item = Annotated[_WireItem, WrapValidator(or_reason)]


@checked_dataclass(frozen=True, slots=True, config=ConfigDict(strict=True))
class _Context:
    slot: Unsigned


@checked_dataclass(frozen=True, slots=True, config=ConfigDict(strict=True))
class _Found:
    context: _Context
    value: list[_Item]


def ask_program_accounts(
    endpoint: Endpoint,
    program: str,
    *,
    filters: Sequence[dict[str, Any]],
    part: Part,
    least_slot: int,
    decode: Callable[[str, str, bytes], Decoded],
) -> tuple[int, list[Decoded | Rejected]]:
    """As of which slot, and of each account what `decode` makes of address, owner and bytes, or why nothing.

    One request. Raises an EndpointError, an RpcError of -32016 when the node does not get to that slot in
    time.
    """
    options = {
        "encoding": "base64",
        "filters": list(filters),
        "dataSlice": part._asdict(),
        "withContext": True,
        "minContextSlot": least_slot,
    }
    found = answered_patiently(endpoint, SEARCH_METHOD, [program, options], Reply[_Found])
    if found.context.slot < least_slot:
        doubt = f"as of slot {found.context.slot}, asked for {least_slot} or later"
        raise MalformedReplyError(endpoint.name, SEARCH_METHOD, doubt)
    # In base64, four letters for three bytes.
    longest = part.length * 4 // 3 + 4
    return found.context.slot, [
        _judged(place, item, longest, decode) for place, item in enumerate(found.value)
    ]


def _judged(
    place: int, item: _WireItem | str, longest: int, decode: Callable[[str, str, bytes], Decoded]
) -> Decoded | Rejected:
    if isinstance(item, str):
        return Rejected(f"record {place}", item)
    match item.account.data:
        case [str(text), "base64"] if len(text) <= longest:
            pass
        case _:
            return Rejected(item.pubkey, f'not [text, "base64"] of at most {longest} letters')
    try:
        return decode(item.pubkey, item.account.owner, base64.b64decode(text, validate=True))
    except LayoutError as exc:
        return Rejected(item.pubkey, str(exc))
    except ValueError:
        return Rejected(item.pubkey, "no base64")
