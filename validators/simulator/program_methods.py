"""getProgramAccounts: the accounts of the simulated programs, narrowed and cut as they are asked for."""

import base64
from typing import Any

from validators.simulator import names, params, replies
from validators.simulator.account_methods import Account, data_slice, shown
from validators.simulator.draws import base58, base58_decoded
from validators.simulator.history_accounts import HISTORY_PROGRAM
from validators.simulator.jsonrpc import KEY_EXCLUDED, RpcError
from validators.simulator.params import KEY_BYTES
from validators.simulator.stake_accounts import STAKE_PROGRAM, VOTER_OFFSET, stake_accounts
from validators.simulator.stake_pools import PROGRAMS
from validators.simulator.tips import ProgramAccount
from validators.simulator.view import ClusterView, Params, options_of

# MAX_GET_PROGRAM_ACCOUNT_FILTERS, MAX_DATA_SIZE and MAX_DATA_BASE58_SIZE.
_MOST_FILTERS = 4
_MOST_COMPARED = 128
_LONGEST_TEXT = 175
# Public nodes keep no index of the token programs, whose accounts are hundreds of millions.
_EXCLUDED = (
    "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
    "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb",
)

# A size, or what stands at an offset.
Filter = int | tuple[int, bytes]


def program_accounts(view: ClusterView, parameters: Params) -> object:
    if not parameters:
        raise params.invalid("the address of a program is missing")
    program = params.key(parameters[0], "the program")
    options = options_of(view, parameters, 1)
    encoding = params.option_among(options, "encoding", params.ENCODINGS) or "base58"
    if program in _EXCLUDED:
        raise RpcError(
            KEY_EXCLUDED,
            f"{program} excluded from account secondary indexes; this RPC method unavailable for key",
        )
    if program == names.CONFIG_PROGRAM:
        accounts = _config_accounts(view, options, encoding)
    elif program == HISTORY_PROGRAM:
        accounts = _narrowed(view.cluster.histories.everybody(view.moment), options, encoding)
    elif program in PROGRAMS:
        accounts = _narrowed(view.cluster.pools.of_program(program, view.moment), options, encoding)
    elif program == STAKE_PROGRAM:
        accounts = _narrowed(_stake_accounts(view, _filters(options)), options, encoding)
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


def _stake_accounts(view: ClusterView, filters: list[Filter]) -> dict[str, ProgramAccount]:
    """Of everybody, or of those alone whom the filters name: they are worked out anew each time."""
    voters = {base58(wanted[1]) for wanted in filters if isinstance(wanted, tuple) and _names_voter(*wanted)}
    found: dict[str, ProgramAccount] = {}
    for outlook in view.cluster.outlooks(view.moment.epoch):
        if voters <= {outlook.tenant.vote_account}:
            found |= stake_accounts(view.cluster, outlook)
    return found


def _names_voter(offset: int, expected: bytes) -> bool:
    return offset == VOTER_OFFSET and len(expected) == KEY_BYTES


def _narrowed(
    held: dict[str, ProgramAccount], options: dict[str, Any], encoding: str
) -> list[replies.JsonObject]:
    filters, part = _filters(options), data_slice(options)
    return [
        {"account": shown(Account(one.owner, one.lamports, one.raw), encoding, part), "pubkey": address}
        for address, one in held.items()
        if all(_fits(one.raw, wanted) for wanted in filters)
    ]


def _filters(options: dict[str, Any]) -> list[Filter]:
    """Each a size, or what stands at an offset."""
    sent = options.get("filters") or []
    if not isinstance(sent, list):
        raise params.invalid("filters must be an array")
    if len(sent) > _MOST_FILTERS:
        raise params.invalid(f"Too many filters provided; max {_MOST_FILTERS}")
    return [_filter(one) for one in sent]


def _filter(sent: Any) -> Filter:
    match sent:
        case {"dataSize": int(size)}:
            return size
        case {"memcmp": {"offset": int(offset), "bytes": str(text), **rest}}:
            raw = _compared(text, rest.get("encoding", "base58"))
            if raw is not None and len(raw) <= _MOST_COMPARED:
                return offset, raw
    raise params.invalid(
        f"a filter is dataSize, or memcmp with offset and at most {_MOST_COMPARED} bytes in base58 or base64"
    )


def _compared(text: str, encoding: object) -> bytes | None:
    if encoding == "base64":
        try:
            return base64.b64decode(text, validate=True)
        except ValueError:
            return None
    return base58_decoded(text) if encoding == "base58" and len(text) <= _LONGEST_TEXT else None


def _fits(raw: bytes, wanted: Filter) -> bool:
    if isinstance(wanted, int):
        return len(raw) == wanted
    offset, expected = wanted
    return raw[offset : offset + len(expected)] == expected
