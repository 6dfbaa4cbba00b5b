"""Jito's distribution accounts, packed from the documented offsets, and as a node sends them."""

import hashlib
import struct
from collections.abc import Iterable
from typing import Any, NamedTuple

from tests.validators import raw_accounts
from validators.solana.programs.jito import PRIORITY_FEES, TIPS, Kind
from validators.solana.pubkey import raw_key

NAMES = {TIPS: "TipDistributionAccount", PRIORITY_FEES: "PriorityFeeDistributionAccount"}
# 168 bytes at 6,960 lamports a byte, with 128 of overhead.
RENT = (168 + 128) * 6_960


class Root(NamedTuple):
    most: int
    claimed: int = 0
    most_nodes: int = 12
    nodes: int = 0


def packed(
    kind: Kind,
    vote_account: str,
    epoch: int,
    *,
    bps: int = 800,
    root: Root | None = None,
    transferred: int = 0,
    expires: int | None = None,
) -> bytes:
    data = hashlib.sha256(f"account:{NAMES[kind]}".encode()).digest()[:8]
    data += raw_key(vote_account) + b"\6" * 32
    if root is None:
        data += b"\0"
    else:
        data += b"\1" + b"\5" * 32
        data += struct.pack("<4Q", root.most, root.most_nodes, root.claimed, root.nodes)
    data += struct.pack("<QHQ", epoch, bps, epoch + 10 if expires is None else expires)
    data += struct.pack("<Q", transferred) if kind is PRIORITY_FEES else b""
    return (data + b"\xff").ljust(kind.space, b"\0")


def sent(kind: Kind, vote_account: str, epoch: int, *, lamports: int = RENT, **fields: Any) -> dict[str, Any]:
    return raw_accounts.sent(packed(kind, vote_account, epoch, **fields), kind.program, lamports)


def of(vote_accounts: Iterable[str], epoch: int) -> dict[str, Any]:
    """Both accounts of each by address: of every second one with a root."""
    found = {}
    for place, one in enumerate(vote_accounts):
        root = Root(5_000 + place, claimed=place) if place % 2 else None
        for kind in (TIPS, PRIORITY_FEES):
            address = kind.address(kind.program, one, epoch)
            found[address] = sent(kind, one, epoch, lamports=RENT + place, root=root, transferred=place)
    return found
