"""The shapes in which an RPC node says it: our values in, JSON-ready objects out.

Key for key what agave 4.x sends, and what `@solana/web3.js` 1.x insists on.
"""

from collections.abc import Iterable

from validators.simulator.clock import SLOTS_PER_EPOCH, Moment
from validators.simulator.cluster import ValidatorState
from validators.simulator.economy import Inflation, Supply
from validators.simulator.gossip import FEATURE_SET, NEWEST_VERSION, SHRED_VERSION, Node
from validators.simulator.names import CONFIG_PROGRAM, ConfigAccount, as_base64
from validators.simulator.production import Production

JsonObject = dict[str, object]

# A vote becomes a root after 31 more on top of it (MAX_LOCKOUT_HISTORY).
_VOTES_TO_ROOT = 31
_BPS_PER_PERCENT = 100
_RENT_EPOCH = (1 << 64) - 1
_LAMPORTS_OF_CONFIG_ACCOUNT = 5_366_200
# Of all slots, some get no block, and every block holds about so many transactions.
_BLOCKS_PER_SLOT = 0.93
_TRANSACTIONS_PER_BLOCK = 1_250

# Ports of a node, by their distance from its first one.
_PORTS = {"gossip": 1, "tvu": 2, "tpu": 3, "tpuForwards": 4, "tpuVote": 5, "serveRepair": 8}
_QUIC_OFFSET = 6
_RPC_PORT, _PUBSUB_PORT = 8_899, 8_900


def context(moment: Moment) -> JsonObject:
    return {"apiVersion": NEWEST_VERSION, "slot": moment.absolute_slot}


def epoch_info(moment: Moment) -> JsonObject:
    blocks = int(moment.absolute_slot * _BLOCKS_PER_SLOT)
    return {
        "absoluteSlot": moment.absolute_slot,
        "blockHeight": blocks,
        "epoch": moment.epoch,
        "slotIndex": moment.slot_index,
        "slotsInEpoch": SLOTS_PER_EPOCH,
        "transactionCount": blocks * _TRANSACTIONS_PER_BLOCK,
    }


def version() -> JsonObject:
    return {"feature-set": FEATURE_SET, "solana-core": NEWEST_VERSION}


def vote_account(validator: ValidatorState) -> JsonObject:
    return {
        "activatedStake": validator.activated_stake,
        "commission": -(-validator.commission_bps // _BPS_PER_PERCENT),
        "epochCredits": validator.credit_tuples,
        "epochVoteAccount": validator.activated_stake > 0,
        "inflationRewardsCommissionBps": validator.commission_bps,
        "lastVote": validator.last_vote,
        "nodePubkey": validator.identity,
        "rootSlot": max(0, validator.last_vote - _VOTES_TO_ROOT),
        "votePubkey": validator.vote_account,
    }


def block_production(
    production: dict[str, Production], *, moment: Moment, first_slot: int, last_slot: int
) -> JsonObject:
    by_identity = {
        identity: [made.leader_slots, made.blocks_produced] for identity, made in production.items()
    }
    slots = {"firstSlot": first_slot, "lastSlot": last_slot}
    return {"context": context(moment), "value": {"byIdentity": by_identity, "range": slots}}


def cluster_node(node: Node) -> JsonObject:
    """Every key of ContactInfo, null where the node does not say."""
    ports = {name: f"{node.address}:{node.first_port + offset}" for name, offset in _PORTS.items()}
    return {
        "pubkey": node.identity,
        **ports,
        "tpuQuic": f"{node.address}:{node.first_port + _PORTS['tpu'] + _QUIC_OFFSET}",
        "tpuForwardsQuic": f"{node.address}:{node.first_port + _PORTS['tpuForwards'] + _QUIC_OFFSET}",
        "rpc": f"{node.address}:{_RPC_PORT}" if node.serves_rpc else None,
        "pubsub": f"{node.address}:{_PUBSUB_PORT}" if node.serves_rpc else None,
        "version": node.version,
        "clientId": node.client,
        "featureSet": FEATURE_SET if node.version else None,
        "shredVersion": SHRED_VERSION,
    }


def inflation_rate(inflation: Inflation, epoch: int) -> JsonObject:
    return {
        "total": inflation.total,
        "validator": inflation.validator,
        "foundation": inflation.foundation,
        "epoch": float(epoch),
    }


def supply(supply: Supply, *, accounts: Iterable[str], moment: Moment) -> JsonObject:
    value = {
        "total": supply.total,
        "circulating": supply.total - supply.locked,
        "nonCirculating": supply.locked,
        "nonCirculatingAccounts": list(accounts),
    }
    return {"context": context(moment), "value": value}


def config_account(account: ConfigAccount, *, parsed: bool) -> JsonObject:
    space = len(account.raw)
    shown: object = as_base64(account.raw)
    if parsed and account.parsed is not None:
        shown = {"parsed": account.parsed, "program": "config", "space": space}
    return {
        "account": {
            "data": shown,
            "executable": False,
            "lamports": _LAMPORTS_OF_CONFIG_ACCOUNT,
            "owner": CONFIG_PROGRAM,
            "rentEpoch": _RENT_EPOCH,
            "space": space,
        },
        "pubkey": account.address,
    }
