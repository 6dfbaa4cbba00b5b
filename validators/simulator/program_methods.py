"""getProgramAccounts: the accounts of the simulated programs, narrowed and cut as they are asked for."""

import base64
from typing import Any

from validators.simulator import names, params, replies
from validators.simulator.account_methods import Account, data_slice, shown
from validators.simulator.draws import base58_decoded
from validators.simulator.stake_pools import PROGRAMS
from validators.simulator.view import ClusterView, Params, options_of

_ENCODINGS = ("base58", "base64", "jsonParsed")
# As nodes have it.
_MOST_FILTERS = 4


def program_accounts(view: ClusterView, parameters: Params) -> object:
    if not parameters:
        raise params.invalid("the address of a program is missing")
    program = params.key(parameters[0], "the program")
    options = options_of(view, parameters, 1)
    encoding = params.option_among(options, "encoding", _ENCODINGS) or "base58"
    if program == names.CONFIG_PROGRAM:
        accounts = _config_accounts(view, options, encoding)
    elif program in PROGRAMS:
        accounts = _pool_accounts(view, program, options, encoding)
    else:
        accounts = []
    if params.flag(options, "withContext"):
        return {"context": replies.context(view.moment), "value": accounts}
    return accounts


def _config_accounts(view: ClusterView, options: dict[str, Any], encoding: str) -> list[replies.JsonObject]:
    if options.get("filters") or options.get("dataSlice"):
        raise params.invalid("filters and dataSlice are not simulated for this program")
    accounts = names.config_accounts(view.cluster.seed, view.cluster.outlooks(view.moment.epoch))
    return [replies.config_account(account, encoding=encoding) for account in accounts]


def _pool_accounts(
    view: ClusterView, program: str, options: dict[str, Any], encoding: str
) -> list[replies.JsonObject]:
    filters, part = _filters(options), data_slice(options)
    held = view.cluster.pools.of_program(program, view.moment)
    return [
        {"account": shown(Account(one.owner, one.lamports, one.raw), encoding, part), "pubkey": address}
        for address, one in held.items()
        if all(_fits(one.raw, wanted) for wanted in filters)
    ]


def _filters(options: dict[str, Any]) -> list[int | tuple[int, bytes]]:
    """Each a size, or what stands at an offset."""
    sent = options.get("filters") or []
    if not isinstance(sent, list) or len(sent) > _MOST_FILTERS:
        raise params.invalid(f"filters must be an array of at most {_MOST_FILTERS}")
    return [_filter(one) for one in sent]


def _filter(sent: Any) -> int | tuple[int, bytes]:
    match sent:
        case {"dataSize": int(size)}:
            return size
        case {"memcmp": {"offset": int(offset), "bytes": str(text), "encoding": "base64"}}:
            return offset, base64.b64decode(text)
        case {"memcmp": {"offset": int(offset), "bytes": str(text)}}:
            raw = base58_decoded(text)
            if raw is not None:
                return offset, raw
    raise params.invalid("a filter is dataSize, or memcmp with offset and bytes")


def _fits(raw: bytes, wanted: int | tuple[int, bytes]) -> bool:
    if isinstance(wanted, int):
        return len(raw) == wanted
    offset, expected = wanted
    return raw[offset : offset + len(expected)] == expected
