"""Reading the params of a request; whatever is wrong with them is a -32602 that names it."""

from collections.abc import Collection
from typing import Any

from validators.simulator.draws import base58_decoded
from validators.simulator.jsonrpc import INVALID_PARAMS, SLOT_NOT_REACHED, RpcError

KEY_BYTES = 32
# The longest that 32 bytes become in base58.
_LONGEST_KEY = 44
_COMMITMENTS = ("processed", "confirmed", "finalized")
# As Solana writes the bytes of an account.
ENCODINGS = ("base58", "base64", "jsonParsed")
_U64_END = 1 << 64


def expect_at_most(params: list[Any], most: int) -> None:
    if len(params) > most:
        raise invalid(f"expected from 0 to {most} parameters, got {len(params)}")


def options_at(params: list[Any], place: int, *, slot: int) -> dict[str, Any]:
    """The options object at a place of the params, empty when left out.

    Checks what every method takes: `commitment`, and `minContextSlot` against the slot.
    """
    options = params[place] if len(params) > place else None
    if options is None:
        return {}
    if not isinstance(options, dict):
        raise invalid(f"expected an object as parameter {place + 1}")
    option_among(options, "commitment", _COMMITMENTS)
    wanted = whole_number(options, "minContextSlot")
    if wanted is not None and wanted > slot:
        raise RpcError(SLOT_NOT_REACHED, "Minimum context slot has not been reached", {"contextSlot": slot})
    return options


def option_among(options: dict[str, Any], name: str, allowed: Collection[str]) -> str | None:
    value = options.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or value not in allowed:
        raise invalid(f"{name} must be one of {', '.join(allowed)}")
    return value


def flag(options: dict[str, Any], name: str) -> bool:
    """A boolean option, false when left out."""
    value = options.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise invalid(f"{name} must be true or false")
    return value


def whole_number(options: dict[str, Any], name: str) -> int | None:
    value = options.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _U64_END:
        raise invalid(f"{name} must be a whole number from 0 to 2^64 - 1")
    return value


def key(value: Any, name: str) -> str:
    raw = base58_decoded(value) if isinstance(value, str) and len(value) <= _LONGEST_KEY else None
    if raw is None or len(raw) != KEY_BYTES:
        raise invalid(f"{name} must be a base58 key of 32 bytes")
    return str(value)


def optional_key(options: dict[str, Any], name: str) -> str | None:
    return None if options.get(name) is None else key(options[name], name)


def invalid(why: str) -> RpcError:
    return RpcError(INVALID_PARAMS, f"Invalid params: {why}")
