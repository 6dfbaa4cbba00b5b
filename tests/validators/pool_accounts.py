"""Stake pools and their lists, packed from the documented offsets, and as a node sends them."""

import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

from tests.validators import raw_accounts, replies
from validators.solana.pubkey import raw_key

SPL = "SPoo1Ku8WFXoNDMHPsrGSTSG1Y47rzgn41SLUNakuHy"
SANCTUM = "SP12tWFxD9oJsVWNavTTBZvMbA6gkAmxtVgxdqvyvhY"
SANCTUM_MULTI = "SPMBzsVUuoHA4Jm6KunbsotaahvVikZs1JyTW6iJvbn"
JITO = "Jito4APyf642JPZPx3hGc6WWJ8zPKtRbRs4P815Awbb"


class Entry(NamedTuple):
    vote_account: str
    active: int = 5_000
    transient: int = 0
    updated_epoch: int = replies.EPOCH
    status: int = 0


def list_of(address: str) -> str:
    return replies.key(f"list of {address}")


def pool(
    address: str,
    *,
    total: int = 1_200,
    supply: int = 1_000,
    updated_epoch: int = replies.EPOCH,
    kind: int = 1,
) -> bytes:
    keys = [raw_accounts.raw_key(f"{role} {address}") for role in ("manager", "staker", "deposit")]
    data = bytes([kind]) + b"".join(keys) + b"\xfe" + raw_key(list_of(address))
    data += b"".join(
        raw_accounts.raw_key(f"{role} {address}") for role in ("reserve", "mint", "fee", "token")
    )
    return (data + struct.pack("<3Q", total, supply, updated_epoch)).ljust(611, b"\7")


def validator_list(entries: Sequence[Entry], *, kind: int = 2, most: int = 50) -> bytes:
    data = struct.pack("<BII", kind, most, len(entries))
    for one in entries:
        data += struct.pack("<3Q", one.active, one.transient, one.updated_epoch)
        data += struct.pack("<QIIB", 2**64 - 1, 7, 9, one.status) + raw_key(one.vote_account)
    return data.ljust(9 + 73 * most, b"\0")


def sent(address: str, entries: Sequence[Entry], *, program: str = SPL, **fields: Any) -> dict[str, Any]:
    """A pool and its list by address."""
    return {
        address: raw_accounts.sent(pool(address, **fields), program),
        list_of(address): raw_accounts.sent(validator_list(entries), program),
    }


def answer(params: Any, accounts: dict[str, Any], *, slot: int) -> dict[str, Any]:
    """getMultipleAccounts or getAccountInfo as of that slot, or the later one that it is asked for."""
    keys, options = params
    about = {"context": {"slot": max(slot, options.get("minContextSlot", 0))}}
    if isinstance(keys, str):
        return about | {"value": raw_accounts.cut(accounts.get(keys), options)}
    return about | {"value": [raw_accounts.cut(accounts.get(key), options) for key in keys]}


def searched(address: str, total: int, *, owner: str = SPL) -> dict[str, Any]:
    """One item of getProgramAccounts: eight bytes of a pool."""
    return {"pubkey": address, "account": raw_accounts.sent(total.to_bytes(8, "little"), owner)}
