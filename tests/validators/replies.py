"""What an endpoint may say, made to order: small results of the two methods that a fetch asks."""

import hashlib
from typing import Any

from validators.solana.arithmetic import SPLIT_MARK
from validators.solana.pubkey import encode

EPOCH = 990
SLOTS = 432_000
SOL = 1_000_000_000
# Credits of a validator without a miss.
FULL_EPOCH = SLOTS * 16
SENTINEL = list(SPLIT_MARK)


def key(name: object) -> str:
    """A vote account or identity of that name; the same name gives the same key."""
    return encode(hashlib.sha256(str(name).encode()).digest())


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
        "lastVote": EPOCH * SLOTS + SLOTS // 2,
        "rootSlot": EPOCH * SLOTS + SLOTS // 2 - 31,
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
