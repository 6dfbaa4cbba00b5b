"""The JSON-RPC methods of the simulated cluster, each over one moment of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from validators.simulator import draws, economy, gossip, names, params, replies
from validators.simulator.clock import Moment
from validators.simulator.cluster import Cluster
from validators.simulator.jsonrpc import INVALID_REQUEST, METHOD_NOT_FOUND, RpcError
from validators.simulator.production import production_by_identity

# At this distance a validator is called delinquent (DELINQUENT_VALIDATOR_SLOT_DISTANCE).
DELINQUENT_SLOTS = 128

_ENCODINGS = ("base58", "base64", "jsonParsed")


@dataclass(frozen=True, slots=True)
class ClusterView:
    """The cluster as a method sees it: at one moment."""

    cluster: Cluster
    moment: Moment


Params = list[Any]
Method = Callable[[ClusterView, Params], object]


def call(view: ClusterView, method: str, parameters: Params) -> object:
    """The JSON-ready result of a method; raises RpcError for an unknown one and for wrong params."""
    if method not in METHODS:
        raise RpcError(METHOD_NOT_FOUND, f"Method not found: {method}")
    most, function = METHODS[method]
    params.expect_at_most(parameters, most)
    return function(view, parameters)


def _health(view: ClusterView, parameters: Params) -> object:
    return "ok"


def _version(view: ClusterView, parameters: Params) -> object:
    return replies.version()


def _genesis_hash(view: ClusterView, parameters: Params) -> object:
    return draws.public_key(view.cluster.seed, "genesis")


def _slot(view: ClusterView, parameters: Params) -> object:
    _options(view, parameters)
    return view.moment.absolute_slot


def _epoch_info(view: ClusterView, parameters: Params) -> object:
    _options(view, parameters)
    return replies.epoch_info(view.moment)


def _vote_accounts(view: ClusterView, parameters: Params) -> object:
    options = _options(view, parameters)
    wanted = params.optional_key(options, "votePubkey")
    keeps_unstaked = params.flag(options, "keepUnstakedDelinquents")
    distance = params.whole_number(options, "delinquentSlotDistance")
    newest_late_vote = view.moment.absolute_slot - (DELINQUENT_SLOTS if distance is None else distance)
    current, delinquent = [], []
    for validator in view.cluster.validators(view.moment):
        if wanted not in (None, validator.vote_account):
            continue
        if validator.last_vote > newest_late_vote:
            current.append(replies.vote_account(validator))
        elif validator.activated_stake or keeps_unstaked:
            delinquent.append(replies.vote_account(validator))
    return {"current": current, "delinquent": delinquent}


def _block_production(view: ClusterView, parameters: Params) -> object:
    options = _options(view, parameters)
    wanted = params.optional_key(options, "identity")
    first_slot, last_slot = _slot_range(view.moment, options)
    epoch_start = view.moment.absolute_slot - view.moment.slot_index
    production = production_by_identity(
        view.cluster.outlooks(view.moment.epoch),
        first=first_slot - epoch_start,
        last=last_slot - epoch_start,
    )
    if wanted is not None:
        production = {wanted: production[wanted]} if wanted in production else {}
    return replies.block_production(
        production, moment=view.moment, first_slot=first_slot, last_slot=last_slot
    )


def _slot_range(moment: Moment, options: dict[str, Any]) -> tuple[int, int]:
    """First and last slot asked for, both inside the running epoch; by default all of it so far."""
    oldest = moment.absolute_slot - moment.slot_index
    wanted = options.get("range")
    if wanted is None:
        return oldest, moment.absolute_slot
    if not isinstance(wanted, dict) or params.whole_number(wanted, "firstSlot") is None:
        raise params.invalid("range must be an object with firstSlot and, if you like, lastSlot")
    first = wanted["firstSlot"]
    last = params.whole_number(wanted, "lastSlot")
    last = moment.absolute_slot if last is None else last
    if first < oldest:
        raise params.invalid(f"firstSlot, {first}, is too small; min {oldest}")
    if last > moment.absolute_slot:
        raise params.invalid(f"lastSlot, {last}, is too large; max {moment.absolute_slot}")
    if last < first:
        raise params.invalid(f"lastSlot, {last}, cannot be less than firstSlot, {first}")
    return first, last


def _cluster_nodes(view: ClusterView, parameters: Params) -> object:
    outlooks = view.cluster.outlooks(view.moment.epoch)
    return [replies.cluster_node(node) for node in gossip.nodes(view.cluster.seed, outlooks)]


def _inflation_rate(view: ClusterView, parameters: Params) -> object:
    return replies.inflation_rate(economy.inflation_at(view.moment.epoch), view.moment.epoch)


def _supply(view: ClusterView, parameters: Params) -> object:
    options = _options(view, parameters)
    hides_accounts = params.flag(options, "excludeNonCirculatingAccountsList")
    accounts = [] if hides_accounts else economy.locked_accounts(view.cluster.seed)
    return replies.supply(economy.supply_at(view.moment.epoch), accounts=accounts, moment=view.moment)


def _program_accounts(view: ClusterView, parameters: Params) -> object:
    if not parameters:
        raise params.invalid("the address of a program is missing")
    program = params.key(parameters[0], "the program")
    options = params.options_at(parameters, 1, slot=view.moment.absolute_slot)
    encoding = params.option_among(options, "encoding", _ENCODINGS) or "base58"
    if options.get("filters") or options.get("dataSlice"):
        raise params.invalid("filters and dataSlice are not simulated")
    accounts = _config_accounts(view, encoding) if program == names.CONFIG_PROGRAM else []
    if params.flag(options, "withContext"):
        return {"context": replies.context(view.moment), "value": accounts}
    return accounts


def _config_accounts(view: ClusterView, encoding: str) -> list[replies.JsonObject]:
    if encoding == "base58":
        raise RpcError(
            INVALID_REQUEST,
            "Encoded binary (base 58) data should be less than 128 bytes, please use Base64 encoding.",
        )
    accounts = names.config_accounts(view.cluster.seed, view.cluster.outlooks(view.moment.epoch))
    return [replies.config_account(account, parsed=encoding == "jsonParsed") for account in accounts]


def _options(view: ClusterView, parameters: Params) -> dict[str, Any]:
    return params.options_at(parameters, 0, slot=view.moment.absolute_slot)


# Name: the most parameters it takes, and what it does.
METHODS: dict[str, tuple[int, Method]] = {
    "getHealth": (0, _health),
    "getVersion": (0, _version),
    "getGenesisHash": (0, _genesis_hash),
    "getSlot": (1, _slot),
    "getEpochInfo": (1, _epoch_info),
    "getVoteAccounts": (1, _vote_accounts),
    "getBlockProduction": (1, _block_production),
    "getClusterNodes": (0, _cluster_nodes),
    "getInflationRate": (0, _inflation_rate),
    "getSupply": (1, _supply),
    "getProgramAccounts": (2, _program_accounts),
}
