"""The JSON-RPC methods about accounts: raw bytes or parsed, and what they must hold."""

from dataclasses import dataclass
from typing import Any

from validators.simulator import params, replies, runtime_accounts
from validators.simulator.admission import balance, rent
from validators.simulator.cluster import ValidatorOutlook
from validators.simulator.jsonrpc import INVALID_REQUEST, RpcError
from validators.simulator.view import ClusterView, Params, options_of
from validators.simulator.vote_accounts import VOTE_PROGRAM, vote_state

# MAX_MULTIPLE_ACCOUNTS.
MOST_ACCOUNTS = 100
# MAX_BASE58_BYTES.
_LONGEST_BASE58 = 128
_TOO_LONG_FOR_BASE58 = (
    "Encoded binary (base 58) data should be less than 128 bytes, please use Base64 encoding."
)
_LARGEST_ACCOUNT_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Account:
    """An account as a node has it; `parsed` is None where the node knows no parser for it."""

    owner: str
    lamports: int
    raw: bytes
    program: str = ""
    parsed: dict[str, object] | None = None


def account_info(view: ClusterView, parameters: Params) -> object:
    if not parameters or not isinstance(parameters[0], str):
        raise params.invalid("a key is missing")
    found: Any = multiple_accounts(view, [parameters[:1], *parameters[1:]])
    return {"context": found["context"], "value": found["value"][0]}


def multiple_accounts(view: ClusterView, parameters: Params) -> object:
    keys, options = _keys_and_options(view, parameters)
    encoding = params.option_among(options, "encoding", params.ENCODINGS) or "base64"
    part = data_slice(options)
    wanted = set(keys)
    vote_accounts = {
        outlook.tenant.vote_account: outlook
        for outlook in view.cluster.outlooks(view.moment.epoch)
        if outlook.tenant.vote_account in wanted
    }
    value: list[object] = []
    for key in keys:
        if key in vote_accounts:
            account: Account | None = _vote_account(view, vote_accounts[key])
        else:
            account = _other_account(view, key)
        value.append(None if account is None else shown(account, encoding, part))
    return {"context": replies.context(view.moment), "value": value}


def minimum_balance(view: ClusterView, parameters: Params) -> object:
    if not parameters:
        raise params.invalid("the size of an account is missing")
    size = params.whole_number({"size": parameters[0]}, "size")
    options_of(view, parameters, 1)
    if size is None or size > _LARGEST_ACCOUNT_BYTES:
        raise params.invalid(f"the size must be a whole number up to {_LARGEST_ACCOUNT_BYTES}")
    return rent(size)


def _keys_and_options(view: ClusterView, parameters: Params) -> tuple[list[str], dict[str, Any]]:
    if not parameters or not isinstance(parameters[0], list):
        raise params.invalid("an array of keys is missing")
    keys = parameters[0]
    if len(keys) > MOST_ACCOUNTS:
        raise params.invalid(f"Too many inputs provided; max {MOST_ACCOUNTS}")
    return [params.key(key, "every account") for key in keys], options_of(view, parameters, 1)


def data_slice(options: dict[str, Any]) -> slice | None:
    wanted = options.get("dataSlice")
    if wanted is None:
        return None
    if not isinstance(wanted, dict):
        raise params.invalid("dataSlice must be an object with offset and length")
    offset, length = (params.whole_number(wanted, name) for name in ("offset", "length"))
    if offset is None or length is None:
        raise params.invalid("dataSlice must be an object with offset and length")
    return slice(offset, offset + length)


def _vote_account(view: ClusterView, outlook: ValidatorOutlook) -> Account:
    state = vote_state(view.cluster, outlook, view.moment)
    lamports = balance(view.cluster.world, outlook.seat, view.moment.epoch)
    parsed: dict[str, object] = {"type": "vote", "info": state.parsed()}
    return Account(VOTE_PROGRAM, lamports, state.encoded(), "vote", parsed)


def _other_account(view: ClusterView, key: str) -> Account | None:
    cluster, moment = view.cluster, view.moment
    if key == runtime_accounts.CLOCK:
        return _sysvar("clock", *runtime_accounts.clock(cluster.world, moment))
    if key == runtime_accounts.EPOCH_REWARDS:
        return _sysvar("epochRewards", *runtime_accounts.epoch_rewards(cluster, moment))
    if key == runtime_accounts.STAKE_HISTORY:
        return _sysvar("stakeHistory", *runtime_accounts.stake_history(cluster, moment))
    raw = runtime_accounts.features(cluster.world, moment).get(key)
    if raw is not None:
        return Account(runtime_accounts.FEATURE_PROGRAM, rent(len(raw)), raw)
    if runtime_accounts.is_feature(key):
        # Not switched on yet.
        return None
    places = (cluster.pools, cluster.histories, cluster.tips)
    held = next((one for place in places if (one := place.found(key, moment))), None)
    return None if held is None else Account(held.owner, held.lamports, held.raw)


def _sysvar(kind: str, raw: bytes, told: object) -> Account:
    parsed = {"type": kind, "info": told}
    return Account(runtime_accounts.SYSVAR_OWNER, rent(len(raw)), raw, "sysvar", parsed)


def shown(account: Account, encoding: str, part: slice | None) -> replies.JsonObject:
    space = len(account.raw)
    if encoding == "jsonParsed" and account.parsed is not None:
        told: object = {"program": account.program, "parsed": account.parsed, "space": space}
    else:
        raw = account.raw if part is None else account.raw[part]
        if encoding == "base58" and len(raw) > _LONGEST_BASE58:
            raise RpcError(INVALID_REQUEST, _TOO_LONG_FOR_BASE58)
        told = replies.binary(raw, "base58" if encoding == "base58" else "base64")
    return replies.account(told, owner=account.owner, lamports=account.lamports, space=space)
