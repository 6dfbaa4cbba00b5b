"""The shapes in which an RPC node says it: our values in, JSON-ready objects out.

Key for key what agave 4.x sends, and what `@solana/web3.js` 1.x insists on.
"""

import base64
from collections.abc import Iterable

from validators.simulator.clients import NEWEST_VERSION
from validators.simulator.clock import SLOTS_PER_EPOCH, Moment, block_height
from validators.simulator.cluster import ValidatorState
from validators.simulator.commission import BPS_PER_PERCENT
from validators.simulator.draws import base58
from validators.simulator.economy import Inflation, Supply
from validators.simulator.gossip import FEATURE_SET, SHRED_VERSION, Node
from validators.simulator.jsonrpc import INVALID_REQUEST, RpcError
from validators.simulator.leaders import Production
from validators.simulator.names import CONFIG_PROGRAM, ConfigAccount
from validators.simulator.vote_accounts import VOTES_TO_ROOT

JsonObject = dict[str, object]

_MOST_BASE58_BYTES = 128
_RENT_EPOCH = (1 << 64) - 1
_LAMPORTS_OF_CONFIG_ACCOUNT = 5_366_200
# Every block holds about so many.
_TRANSACTIONS_PER_BLOCK = 1_250

# Ports of a node, by their distance from its first one.
_PORTS = {"gossip": 1, "tvu": 2, "tpu": 3, "tpuForwards": 4, "tpuVote": 5, "serveRepair": 8}
_QUIC_OFFSET = 6
_RPC_PORT, _PUBSUB_PORT = 8_899, 8_900


def context(moment: Moment) -> JsonObject:
    return {"apiVersion": NEWEST_VERSION, "slot": moment.absolute_slot}


def epoch_info(moment: Moment) -> JsonObject:
    blocks = block_height(moment.absolute_slot)
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
        "commission": -(-validator.commission_bps // BPS_PER_PERCENT),
        "epochCredits": validator.credit_tuples,
        "epochVoteAccount": validator.is_in_set,
        "inflationRewardsCommissionBps": validator.commission_bps,
        "lastVote": validator.last_vote,
        "nodePubkey": validator.identity,
        "rootSlot": max(0, validator.last_vote - VOTES_TO_ROOT),
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


def binary(raw: bytes, encoding: str) -> list[str]:
    """Account data that is not parsed; raises RpcError where it is too long for base58."""
    if encoding == "base64":
        return [base64.b64encode(raw).decode(), encoding]
    if len(raw) > _MOST_BASE58_BYTES:
        raise RpcError(
            INVALID_REQUEST,
            "Encoded binary (base 58) data should be less than 128 bytes, please use Base64 encoding.",
        )
    return [base58(raw), encoding]


def account(data: object, *, owner: str, lamports: int, space: int) -> JsonObject:
    return {
        "data": data,
        "executable": False,
        "lamports": lamports,
        "owner": owner,
        "rentEpoch": _RENT_EPOCH,
        "space": space,
    }


def config_account(config: ConfigAccount, *, encoding: str) -> JsonObject:
    space = len(config.raw)
    if encoding == "jsonParsed" and config.parsed is not None:
        shown: object = {"parsed": config.parsed, "program": "config", "space": space}
    else:
        shown = binary(config.raw, "base58" if encoding == "base58" else "base64")
    made = account(shown, owner=CONFIG_PROGRAM, lamports=_LAMPORTS_OF_CONFIG_ACCOUNT, space=space)
    return {"account": made, "pubkey": config.address}


def epoch_schedule() -> JsonObject:
    return {
        "slotsPerEpoch": SLOTS_PER_EPOCH,
        "leaderScheduleSlotOffset": SLOTS_PER_EPOCH,
        "warmup": False,
        "firstNormalEpoch": 0,
        "firstNormalSlot": 0,
    }
