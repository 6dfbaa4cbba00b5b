"""Stake accounts, packed from the documented offsets, and as a node sends them."""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from tests.validators import raw_accounts, replies
from validators.solana.pubkey import raw_key

STAKE_PROGRAM = "Stake11111111111111111111111111111111111111"
NEVER = 2**64 - 1


def stake(
    voter: str,
    lamports: int = 1_000,
    *,
    since: int = replies.EPOCH - 9,
    until: int = NEVER,
    withdrawer: str = "wallet",
    kind: int = 2,
) -> bytes:
    data = struct.pack("<IQ", kind, 2_282_880) + raw_accounts.raw_key("staker")
    data += raw_accounts.raw_key(withdrawer) + struct.pack("<qQ", 0, 0) + bytes(32) + raw_key(voter)
    return (data + struct.pack("<QQQdQB", lamports, since, until, 0.25, 7, 0)).ljust(200, b"\0")


def item(name: object, data: bytes, *, owner: str = STAKE_PROGRAM) -> dict[str, Any]:
    return {"pubkey": replies.key(f"stake {name}"), "account": raw_accounts.sent(data, owner)}


def of_votes(accounts: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """One for each validator, which holds all that the votes tell."""
    return {
        one["votePubkey"]: [item(one["votePubkey"], stake(one["votePubkey"], one["activatedStake"]))]
        for one in accounts
    }


def answer(options: Any, items: Mapping[str, Sequence[dict[str, Any]]], *, slot: int) -> dict[str, Any]:
    """getProgramAccounts of those whom the filter names, cut as asked."""
    [voter] = [
        one["memcmp"]["bytes"] for one in options["filters"] if one.get("memcmp", {}).get("offset") == 124
    ]
    found = [one | {"account": raw_accounts.cut(one["account"], options)} for one in items.get(voter, ())]
    return {"context": {"slot": max(slot, options["minContextSlot"])}, "value": found}
