"""A vote account as it lies on the chain: 3,762 bytes of vote state v4 or v3, and its jsonParsed.

Layouts: anza-xyz/solana-sdk vote-interface/src/state, SIMD-0185; all numbers are little-endian.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from validators.simulator.admission import VOTE_ACCOUNT_BYTES
from validators.simulator.commission import BPS_PER_PERCENT
from validators.simulator.draws import base58, key_bytes
from validators.simulator.ledger import CreditTuple

_V3, _V4 = 2, 3
# Who says nothing else keeps what its blocks bring.
ALL_BLOCK_REVENUE_BPS = 10_000
_PRIOR_VOTERS, _BYTES_OF_PRIOR_VOTER = 32, 48


@dataclass(frozen=True, slots=True)
class Lockout:
    """One vote in the tower of an account."""

    slot: int
    confirmations: int
    latency: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteState:
    """What a vote account says. Keys are base58; bls_key is 48 bytes, or None where it has none.

    is_v4 is False for an account that nobody touched since vote state v4 came: it has no
    collectors, no basis points and no BLS key of its own.
    """

    is_v4: bool
    vote_account: str
    identity: str
    withdrawer: str
    rewards_collector: str
    commission_bps: int
    bls_key: bytes | None
    votes: Sequence[Lockout]
    root_slot: int | None
    authorized_epoch: int
    credit_tuples: Sequence[CreditTuple]
    last_timestamp: tuple[int, int]

    def encoded(self) -> bytes:
        packed = self._head_of_v4() if self.is_v4 else self._head_of_v3()
        packed += self._voters() + self._credits() + struct.pack("<Qq", *self.last_timestamp)
        return packed.ljust(VOTE_ACCOUNT_BYTES, b"\0")

    def parsed(self) -> dict[str, object]:
        """The `info` of jsonParsed: an account of an older state reads as it would be converted."""
        return {
            "nodePubkey": self.identity,
            "authorizedWithdrawer": self.withdrawer,
            # Cut off, where getVoteAccounts rounds up.
            "commission": self.commission_bps // BPS_PER_PERCENT,
            "inflationRewardsCommissionBps": self.commission_bps,
            "inflationRewardsCollector": self.rewards_collector,
            "blockRevenueCollector": self.identity,
            "blockRevenueCommissionBps": ALL_BLOCK_REVENUE_BPS,
            "pendingDelegatorRewards": "0",
            "blsPubkeyCompressed": None if self.bls_key is None else base58(self.bls_key),
            "votes": [
                {"latency": vote.latency, "slot": vote.slot, "confirmationCount": vote.confirmations}
                for vote in self.votes
            ],
            "rootSlot": self.root_slot,
            "authorizedVoters": [{"epoch": self.authorized_epoch, "authorizedVoter": self.identity}],
            "priorVoters": [],
            "epochCredits": [
                {"epoch": epoch, "credits": str(credits), "previousCredits": str(before)}
                for epoch, credits, before in self.credit_tuples
            ],
            "lastTimestamp": {"slot": self.last_timestamp[0], "timestamp": self.last_timestamp[1]},
        }

    def _head_of_v4(self) -> bytes:
        keys = (self.identity, self.withdrawer, self.rewards_collector, self.identity)
        bls_key = b"\0" if self.bls_key is None else b"\1" + self.bls_key
        return (
            struct.pack("<I", _V4)
            + b"".join(map(key_bytes, keys))
            + struct.pack("<HHQ", self.commission_bps, ALL_BLOCK_REVENUE_BPS, 0)
            + bls_key
            + self._tower()
        )

    def _head_of_v3(self) -> bytes:
        percent = self.commission_bps // BPS_PER_PERCENT
        return (
            struct.pack("<I", _V3)
            + key_bytes(self.identity)
            + key_bytes(self.withdrawer)
            + bytes([percent])
            + self._tower()
        )

    def _tower(self) -> bytes:
        votes = b"".join(
            struct.pack("<BQI", vote.latency, vote.slot, vote.confirmations) for vote in self.votes
        )
        root = b"\0" if self.root_slot is None else struct.pack("<BQ", 1, self.root_slot)
        return struct.pack("<Q", len(self.votes)) + votes + root

    def _voters(self) -> bytes:
        voters = struct.pack("<QQ", 1, self.authorized_epoch) + key_bytes(self.identity)
        if self.is_v4:
            return voters
        # A ring of earlier voters, empty: it begins before its first place.
        nobody = bytes(_PRIOR_VOTERS * _BYTES_OF_PRIOR_VOTER)
        return voters + nobody + struct.pack("<QB", _PRIOR_VOTERS - 1, 1)

    def _credits(self) -> bytes:
        rows = b"".join(struct.pack("<QQQ", *row) for row in self.credit_tuples)
        return struct.pack("<Q", len(self.credit_tuples)) + rows
