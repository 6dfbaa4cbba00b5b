"""Accounts as the chain stores them, packed from the documented offsets, and as a node sends them."""

import base64
import hashlib
import struct
from collections.abc import Sequence
from typing import Any

from tests.validators import replies
from validators.solana.features import FEATURE_PROGRAM, SYSVAR_PROGRAM
from validators.solana.vote_states import VOTE_PROGRAM

Credits = Sequence[Sequence[int]]

VOTE_BYTES = 3_762
PRIOR_VOTERS = bytes(32 * 48 + 8) + b"\1"
CREDITS: Credits = ((988, 200, 100), (989, 300, 200), (990, 350, 300))
SLOT = replies.EPOCH * replies.SLOTS + 1_000
RENT = replies.RENT


def raw_key(name: object) -> bytes:
    """The 32 bytes of `replies.key` of that name."""
    return hashlib.sha256(str(name).encode()).digest()


def tower(*, latency: bool, votes: int = 31, root: int | None = 77, voters: int = 1) -> bytes:
    """Votes, root and authorized voters."""
    one = struct.pack("<BQI", 1, 5, 31) if latency else struct.pack("<QI", 5, 31)
    rooted = b"\0" if root is None else struct.pack("<BQ", 1, root)
    named = b"".join(struct.pack("<Q32s", epoch, raw_key("voter")) for epoch in range(voters))
    return struct.pack("<Q", votes) + one * votes + rooted + struct.pack("<Q", voters) + named


def tail(credits: Credits) -> bytes:
    """Epoch credits and the last timestamp."""
    return struct.pack("<Q", len(credits)) + b"".join(struct.pack("<3Q", *one) for one in credits) + bytes(16)


def vote_v4(
    name: object = 1,
    *,
    bps: int = 500,
    block_bps: int = 10_000,
    pending: int = 0,
    bls: bytes | None = b"\7" * 48,
    credits: Credits = CREDITS,
    **of_tower: Any,
) -> bytes:
    keys = [raw_key(f"{role} {name}") for role in ("node", "withdrawer", "inflation", "block")]
    head = struct.pack("<I32s32s32s32sHHQ", 3, *keys, bps, block_bps, pending)
    key = b"\0" if bls is None else b"\1" + bls
    return (head + key + tower(latency=True, **of_tower) + tail(credits)).ljust(VOTE_BYTES, b"\0")


def vote_v3(name: object = 1, *, percent: int = 5, credits: Credits = CREDITS, **of_tower: Any) -> bytes:
    return _older(2, name, percent, tower(latency=True, **of_tower), credits).ljust(VOTE_BYTES, b"\0")


def vote_v1_14_11(
    name: object = 1, *, percent: int = 5, credits: Credits = CREDITS, **of_tower: Any
) -> bytes:
    return _older(1, name, percent, tower(latency=False, **of_tower), credits).ljust(VOTE_BYTES - 31, b"\0")


def _older(version: int, name: object, percent: int, middle: bytes, credits: Credits) -> bytes:
    head = struct.pack("<I32s32sB", version, raw_key(f"node {name}"), raw_key(f"withdrawer {name}"), percent)
    return head + middle + PRIOR_VOTERS + tail(credits)


def feature(slot: int | None) -> bytes:
    """Active since that slot, or pending."""
    return bytes(9) if slot is None else struct.pack("<BQ", 1, slot)


def clock(
    slot: int = SLOT, start: int = 1_795_000_000, epoch: int = replies.EPOCH, now: int = 1_795_000_200
) -> bytes:
    return struct.pack("<QqQQq", slot, start, epoch, epoch + 1, now)


def epoch_rewards(
    points: int = 2**100, rewards: int = 150_000, distributed: int = 140_000, *, active: int = 0
) -> bytes:
    points_bytes = points.to_bytes(16, "little")
    return struct.pack("<QQ32s16sQQB", 9, 4, raw_key("block"), points_bytes, rewards, distributed, active)


def stake_history(entries: Sequence[Sequence[int]], *, padded: bool = True) -> bytes:
    packed = struct.pack("<Q", len(entries)) + b"".join(struct.pack("<4Q", *entry) for entry in entries)
    return packed.ljust(8 + 512 * 32, b"\0") if padded else packed


def sent(data: bytes, owner: str = VOTE_PROGRAM, lamports: int = 2_000_000_000) -> dict[str, Any]:
    """As a node sends an account in base64."""
    return {
        "lamports": lamports,
        "owner": owner,
        "data": [base64.b64encode(data).decode(), "base64"],
        "executable": False,
        "rentEpoch": 2**64 - 1,
        "space": len(data),
    }


def cut(account: Any, options: dict[str, Any]) -> Any:
    """Of an account no more than the dataSlice that is asked for; what is no base64 is sent as it is."""
    part = options.get("dataSlice")
    if account is None or part is None:
        return account
    try:
        data = base64.b64decode(account["data"][0], validate=True)
    except ValueError:
        return account
    data = data[part["offset"] : part["offset"] + part["length"]]
    return account | {"data": [base64.b64encode(data).decode(), "base64"]}


def parsed_info(name: object = 1, *, credits: Credits = CREDITS, **changes: Any) -> dict[str, Any]:
    """`data.parsed.info` of a node of 4.x; a change to `...` leaves the field out."""
    info = {
        "nodePubkey": replies.key(f"node {name}"),
        "authorizedWithdrawer": replies.key(f"withdrawer {name}"),
        "commission": 5,
        "votes": [{"latency": 1, "slot": 5, "confirmationCount": 31}],
        "rootSlot": 77,
        "authorizedVoters": [{"epoch": 1, "authorizedVoter": replies.key("voter")}],
        "priorVoters": [],
        "epochCredits": [
            {"epoch": epoch, "credits": str(now), "previousCredits": str(before)}
            for epoch, now, before in credits
        ],
        "lastTimestamp": {"slot": 0, "timestamp": 0},
        "inflationRewardsCommissionBps": 550,
        "inflationRewardsCollector": replies.key(f"inflation {name}"),
        "blockRevenueCollector": replies.key(f"block {name}"),
        "blockRevenueCommissionBps": 10_000,
        "pendingDelegatorRewards": "12",
        "blsPubkeyCompressed": "6Q4cRD6c2BiFheEQ8xfnNqiLYYA9WE16hN9tC8brzauNCYy3eV97uAbFd1TmkWzoAA",
    }
    return {field: value for field, value in (info | changes).items() if value is not ...}


def sent_parsed(info: dict[str, Any], lamports: int = 2_000_000_000) -> dict[str, Any]:
    """As a node sends a vote account in jsonParsed."""
    data = {"program": "vote", "parsed": {"type": "vote", "info": info}, "space": VOTE_BYTES}
    return sent(b"", lamports=lamports) | {"data": data}


def sent_feature(slot: int | None) -> dict[str, Any]:
    return sent(feature(slot), FEATURE_PROGRAM, 960_480)


def sent_sysvar(data: bytes) -> dict[str, Any]:
    return sent(data, SYSVAR_PROGRAM, 1_000_000)
