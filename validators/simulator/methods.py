"""The JSON-RPC methods of the simulated cluster, each over one moment of it."""

from collections.abc import Callable

from validators.simulator import draws, economy, gossip, params, replies
from validators.simulator.account_methods import account_info, minimum_balance, multiple_accounts
from validators.simulator.block_methods import block_production, leader_schedule
from validators.simulator.clock import MIGRATION_SLOT, Moment
from validators.simulator.jsonrpc import METHOD_NOT_FOUND, RpcError
from validators.simulator.program_methods import program_accounts
from validators.simulator.view import ClusterView, Params, options_of

# At this distance a validator is called delinquent (DELINQUENT_VALIDATOR_SLOT_DISTANCE).
DELINQUENT_SLOTS = 128

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
    options_of(view, parameters)
    return view.moment.absolute_slot


def _epoch_info(view: ClusterView, parameters: Params) -> object:
    options_of(view, parameters)
    return replies.epoch_info(view.moment)


def _vote_accounts(view: ClusterView, parameters: Params) -> object:
    options = options_of(view, parameters)
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


def _epoch_schedule(view: ClusterView, parameters: Params) -> object:
    return replies.epoch_schedule()


def _genesis_certificate(view: ClusterView, parameters: Params) -> object:
    """Of Alpenglow: null before the migration."""
    split = view.cluster.world.alpenglow_epoch
    if split is None or not view.cluster.world.pays_lamports(view.moment):
        return None
    slot = Moment(split, MIGRATION_SLOT).absolute_slot
    return {"slot": slot, "blockId": draws.public_key(view.cluster.seed, "genesis block")}


def _cluster_nodes(view: ClusterView, parameters: Params) -> object:
    outlooks = view.cluster.outlooks(view.moment.epoch)
    restarted = gossip.restarted(view.cluster.world, outlooks, view.moment)
    nodes = gossip.nodes(view.cluster.seed, outlooks, restarted=restarted)
    return [replies.cluster_node(node) for node in nodes]


def _inflation_rate(view: ClusterView, parameters: Params) -> object:
    return replies.inflation_rate(
        economy.inflation_at(view.cluster.world, view.moment.epoch), view.moment.epoch
    )


def _supply(view: ClusterView, parameters: Params) -> object:
    options = options_of(view, parameters)
    hides_accounts = params.flag(options, "excludeNonCirculatingAccountsList")
    accounts = [] if hides_accounts else economy.locked_accounts(view.cluster.seed)
    supply = economy.supply_at(view.cluster.world, view.moment.epoch)
    return replies.supply(supply, accounts=accounts, moment=view.moment)


# Name: the most parameters it takes, and what it does.
METHODS: dict[str, tuple[int, Method]] = {
    "getHealth": (0, _health),
    "getVersion": (0, _version),
    "getGenesisHash": (0, _genesis_hash),
    "getSlot": (1, _slot),
    "getEpochInfo": (1, _epoch_info),
    "getEpochSchedule": (0, _epoch_schedule),
    "getAgGenesisCert": (0, _genesis_certificate),
    "getVoteAccounts": (1, _vote_accounts),
    "getBlockProduction": (1, block_production),
    "getLeaderSchedule": (2, leader_schedule),
    "getAccountInfo": (2, account_info),
    "getMultipleAccounts": (2, multiple_accounts),
    "getMinimumBalanceForRentExemption": (2, minimum_balance),
    "getClusterNodes": (0, _cluster_nodes),
    "getInflationRate": (0, _inflation_rate),
    "getSupply": (1, _supply),
    "getProgramAccounts": (2, program_accounts),
}
