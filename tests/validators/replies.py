"""What an endpoint may say, made to order: small results of the methods that are asked."""

import hashlib
from collections.abc import Callable
from functools import cache
from typing import Any

from validators.solana.arithmetic import SPLIT_MARK
from validators.solana.pubkey import encode

EPOCH = 990
SLOTS = 432_000
HALF_WAY = EPOCH * SLOTS + SLOTS // 2
SOL = 1_000_000_000
# Credits of a validator without a miss.
FULL_EPOCH = SLOTS * 16
# Of a vote account.
RENT = 27_074_400
SENTINEL = list(SPLIT_MARK)


def key(name: object) -> str:
    """A vote account or identity of that name; the same name gives the same key."""
    return _key(str(name))


@cache
def _key(name: str) -> str:
    return encode(hashlib.sha256(name.encode()).digest())


def epoch_credits(*earned: int, last: int = EPOCH, before: int = 1_000_000_000) -> list[list[int]]:
    """Tuples of consecutive epochs, the last of them `last`, that earned these credits."""
    tuples = []
    for epoch, credits in enumerate(earned, start=last - len(earned) + 1):
        tuples.append([epoch, before + credits, before])
        before += credits
    return tuples


def account(name: object = 1, **changes: Any) -> dict[str, Any]:
    """One item of getVoteAccounts: a steady validator with five epochs, half of the last one passed."""
    return {
        "votePubkey": key(f"vote {name}"),
        "nodePubkey": key(f"node {name}"),
        "activatedStake": 1_000 * SOL,
        "commission": 5,
        "inflationRewardsCommissionBps": 500,
        "epochVoteAccount": True,
        "epochCredits": epoch_credits(*[FULL_EPOCH - 10_000] * 4, FULL_EPOCH // 2),
        "lastVote": HALF_WAY,
        "rootSlot": HALF_WAY - 31,
    } | changes


def accounts(count: int, **changes: Any) -> list[dict[str, Any]]:
    return [account(number, **changes) for number in range(count)]


def epoch_info(epoch: int = EPOCH, slot_index: int = SLOTS // 2, slots: int = SLOTS) -> dict[str, Any]:
    return {
        "absoluteSlot": epoch * slots + slot_index,
        "blockHeight": None,
        "epoch": epoch,
        "slotIndex": slot_index,
        "slotsInEpoch": slots,
        "transactionCount": None,
    }


def block_production(
    identities: list[str], counts: tuple[int, int] = (100, 97), epoch: int = EPOCH
) -> dict[str, Any]:
    return production_until(epoch * SLOTS + SLOTS // 2, identities, counts)


def production_until(slot: int, identities: list[str], counts: tuple[int, int] = (100, 97)) -> dict[str, Any]:
    """Of the epoch of that slot, so far."""
    slots = {"firstSlot": slot // SLOTS * SLOTS, "lastSlot": slot}
    return {
        "context": {"slot": slots["lastSlot"]},
        "value": {"byIdentity": {identity: list(counts) for identity in identities}, "range": slots},
    }


def whole_production(
    identities: list[str], firstSlot: int, lastSlot: int, counts: tuple[int, int] = (200, 194)
) -> dict[str, Any]:
    """The answer to a question about these slots."""
    production = block_production(identities, counts)
    production["value"]["range"] = {"firstSlot": firstSlot, "lastSlot": lastSlot}
    return production


def leader_schedule(identities: list[str], slots: int = 200) -> dict[str, list[int]]:
    """So many slots each, by their place in the epoch."""
    return {
        identity: list(range(place * slots, (place + 1) * slots)) for place, identity in enumerate(identities)
    }


def node(identity: str, version: str | None = "4.2.1", **changes: Any) -> dict[str, Any]:
    """One item of getClusterNodes."""
    addresses = dict.fromkeys(("gossip", "tpu", "tpuQuic", "rpc", "pubsub"))
    known = {"pubkey": identity, "version": version, "clientId": "Agave", "featureSet": 1, "shredVersion": 2}
    return addresses | known | changes


def cluster_nodes(identities: list[str]) -> list[dict[str, Any]]:
    return [node(identity) for identity in identities]


def profile(identity: str, *, address: object = 0, signed: bool = True, **words: Any) -> dict[str, Any]:
    """One item of getProgramAccounts: what the identity says of itself."""
    keys = [
        {"pubkey": "Va1idator1nfo111111111111111111111111111111", "signer": False},
        {"pubkey": identity, "signer": signed},
    ]
    parsed = {"type": "validatorInfo", "info": {"configData": words, "keys": keys}}
    shown = {"parsed": parsed, "program": "config", "space": 643}
    return {"pubkey": key(f"config {address} {identity}"), "account": {"data": shown, "lamports": 1}}


def config_accounts(identities: list[str]) -> list[dict[str, Any]]:
    raw = {"pubkey": key("poem"), "account": {"data": ["AFJUd28=", "base64"]}}
    return [raw, *(profile(one, name=f"Name of {one[:5]}") for one in dict.fromkeys(identities))]


def inflation_rate(epoch: int = EPOCH, validator: float = 0.04) -> dict[str, Any]:
    return {"total": validator, "validator": validator, "foundation": 0.0, "epoch": epoch}


def supply(total: int = 620_000_000 * SOL) -> dict[str, Any]:
    value = {"total": total, "circulating": total, "nonCirculating": 0, "nonCirculatingAccounts": []}
    return {"context": {"slot": EPOCH * SLOTS}, "value": value}


# A good result for these identities, by method.
SOURCES: dict[str, Callable[[list[str]], Any]] = {
    "getBlockProduction": block_production,
    "getClusterNodes": cluster_nodes,
    "getProgramAccounts": config_accounts,
    "getInflationRate": lambda identities: inflation_rate(),
    "getSupply": lambda identities: supply(),
    "getLeaderSchedule": leader_schedule,
    # Votes are on the chain.
    "getAgGenesisCert": lambda identities: None,
    "getMinimumBalanceForRentExemption": lambda identities: RENT,
    "getGenesisHash": lambda identities: key("genesis"),
}
