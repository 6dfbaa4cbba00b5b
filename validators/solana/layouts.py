"""Accounts' bytes and what they say, little-endian; whatever is not as laid out is refused. Pure.

Sources: the crates vote-interface, clock, epoch-rewards, feature-gate-interface and stake-interface of
anza-xyz/solana-sdk; SIMD-0185 for vote state v4.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final

from validators.solana.arithmetic import ALL_BPS, LARGEST, MOST_TUPLES, CreditTuple
from validators.solana.byte_reader import Reader
from validators.solana.pubkey import base58_of

VOTE_BYTES: Final = 3_762
# v1_14_11 has no latency beside its 31 votes.
VOTE_BYTES_WITHOUT_LATENCY: Final = 3_731
FEATURE_BYTES: Final = 9
CLOCK_BYTES: Final = 40
EPOCH_REWARDS_BYTES: Final = 81
MOST_EPOCHS_OF_STAKE: Final = 512
# The protocol's tower.
MOST_VOTES: Final = 31
# Those of the running epoch, of two to come and at most two before; far more would fit into the bytes.
MOST_VOTERS: Final = 32
_BLS_BYTES: Final = 48
# Identity, withdrawer, the collectors of inflation rewards and of block revenue, and their commissions.
_NEWEST: Final = struct.Struct("<32s32s32s32sHH")
# Pending rewards, and whether there is a BLS key.
_PENDING: Final = struct.Struct("<QB")
_COUNT: Final = struct.Struct("<Q")
# Epoch, credits by its end, and by its beginning.
_CREDITS: Final = struct.Struct("<QQQ")
# 32 x (key, epoch, epoch), an index and a flag.
_PRIOR_VOTERS_BYTES: Final = 32 * 48 + 9
_VOTE_ENTRY: Final = 12
_LANDED_VOTE_ENTRY: Final = 13
_VOTER_ENTRY: Final = 40
_STAKE_ENTRY: Final = 32


class StateVersion(StrEnum):
    """The layout of a vote account."""

    V1_14_11 = "v1_14_11"
    V3 = "v3"
    V4 = "v4"


_V4_TAG: Final = (3).to_bytes(4, "little")
# 0 is an account that was never set up or is older than any that votes; 4 is a draft.
_VERSIONS: Final = {1: StateVersion.V1_14_11, 2: StateVersion.V3, 3: StateVersion.V4}


class BlsKey(StrEnum):
    """Whether a vote account has the key that Alpenglow's votes are signed with."""

    PRESENT = "present"
    MISSING = "missing"
    # The node is too old to say, which is not the same.
    NOT_REPORTED = "not_reported"


@dataclass(frozen=True, slots=True)
class VoteState:
    """What a vote account says of itself; commissions as stored, which may pass 10,000, and lamports.

    The version is None where a node parsed the account and it could be either; a collector is None
    below v4, and where the node is too old to say.
    """

    state_version: StateVersion | None
    identity: str
    withdrawer: str
    inflation_collector: str | None
    block_collector: str | None
    commission_bps: int
    block_commission_bps: int
    pending_rewards: int
    bls: BlsKey
    # Three numbers of 64 bits for each epoch: of most accounts nobody asks for them.
    credits: bytes

    @property
    def credit_tuples(self) -> list[CreditTuple]:
        """They may count beyond 2^63: the mark of Alpenglow's migration does."""
        return list(_CREDITS.iter_unpack(self.credits))


@dataclass(frozen=True, slots=True)
class Feature:
    """Active since that slot, or (slot None) to be activated at the next boundary."""

    active: bool
    slot: int | None


@dataclass(frozen=True, slots=True)
class Clock:
    """The chain's own time; both timestamps in seconds since 1970."""

    slot: int
    epoch_start_timestamp: int
    epoch: int
    unix_timestamp: int


@dataclass(frozen=True, slots=True)
class EpochRewards:
    """What the last ended epoch paid: points (credits times stake) and lamports; active while it is paid."""

    total_points: int
    total_rewards: int
    distributed: int
    active: bool


@dataclass(frozen=True, slots=True)
class StakeHistoryEntry:
    """The cluster's stake in an ended epoch, lamports."""

    epoch: int
    effective: int
    activating: int
    deactivating: int


def decoded_vote_state(data: bytes) -> VoteState:
    """A vote account of v1_14_11, v3 or v4. Raises LayoutError."""
    return _plain_newest(data) or read_vote_state(data)


def read_vote_state(data: bytes) -> VoteState:
    """The same, part by part, with a word for each that is wrong."""
    reader = Reader("vote account", data)
    discriminant = reader.unsigned(4, "version")
    version = _VERSIONS.get(discriminant)
    if version is None:
        raise reader.refusal(f"version {discriminant} is not known")
    reader.expect_length(VOTE_BYTES_WITHOUT_LATENCY if version is StateVersion.V1_14_11 else VOTE_BYTES)
    return _newest_vote_state(reader) if version is StateVersion.V4 else _older_vote_state(reader, version)


def _plain_newest(data: bytes) -> VoteState | None:
    """Of v4 as nearly all are, in a third of the time; None where it is for `read_vote_state` to say.

    With as many votes, voters and epochs as there may be, all of it ends within the bytes of an account.
    """
    if len(data) != VOTE_BYTES or data[:4] != _V4_TAG:
        return None
    at = len(_V4_TAG) + _NEWEST.size
    pending_rewards, tag = _PENDING.unpack_from(data, at)
    at += _PENDING.size + tag * _BLS_BYTES
    if tag > 1 or pending_rewards > LARGEST:
        return None
    (votes,) = _COUNT.unpack_from(data, at)
    if votes > MOST_VOTES:
        return None
    at += _COUNT.size + votes * _LANDED_VOTE_ENTRY
    if data[at] > 1:
        return None
    at += 1 + 8 * data[at]
    (voters,) = _COUNT.unpack_from(data, at)
    if voters > MOST_VOTERS:
        return None
    at += _COUNT.size + voters * _VOTER_ENTRY
    (epochs,) = _COUNT.unpack_from(data, at)
    if epochs > MOST_TUPLES:
        return None
    at += _COUNT.size
    credits = data[at : at + epochs * _CREDITS.size]
    fields = _NEWEST.unpack_from(data, len(_V4_TAG))
    return _newest_state(fields, pending_rewards, BlsKey.PRESENT if tag else BlsKey.MISSING, credits)


def _newest_vote_state(reader: Reader) -> VoteState:
    fields = reader.unpacked(_NEWEST, "keys and commissions")
    pending_rewards = reader.unsigned(8, "pending rewards")
    bls = BlsKey.PRESENT if reader.flag("BLS tag") else BlsKey.MISSING
    if bls is BlsKey.PRESENT:
        reader.take(_BLS_BYTES, "BLS key")
    _skip_tower(reader, _LANDED_VOTE_ENTRY)
    return _newest_state(fields, pending_rewards, bls, _credits(reader))


def _newest_state(fields: Sequence[Any], pending_rewards: int, bls: BlsKey, credits: bytes) -> VoteState:
    *keys, commission_bps, block_commission_bps = fields
    identity, withdrawer, inflation_collector, block_collector = map(base58_of, keys)
    return VoteState(
        state_version=StateVersion.V4,
        identity=identity,
        withdrawer=withdrawer,
        inflation_collector=inflation_collector,
        block_collector=block_collector,
        commission_bps=commission_bps,
        block_commission_bps=block_commission_bps,
        pending_rewards=pending_rewards,
        bls=bls,
        credits=credits,
    )


def _older_vote_state(reader: Reader, version: StateVersion) -> VoteState:
    identity, withdrawer = reader.key("identity"), reader.key("withdrawer")
    percent = reader.unsigned(1, "commission")
    _skip_tower(reader, _VOTE_ENTRY if version is StateVersion.V1_14_11 else _LANDED_VOTE_ENTRY)
    reader.take(_PRIOR_VOTERS_BYTES, "prior voters")
    return VoteState(
        state_version=version,
        identity=identity,
        withdrawer=withdrawer,
        inflation_collector=None,
        block_collector=None,
        commission_bps=percent * 100,
        # As one that was written before v4 reads: all of a block's revenue is the validator's.
        block_commission_bps=ALL_BPS,
        pending_rewards=0,
        bls=BlsKey.MISSING,
        credits=_credits(reader),
    )


def _skip_tower(reader: Reader, vote_width: int) -> None:
    reader.skip_list("votes", most=MOST_VOTES, width=vote_width)
    if reader.flag("root tag"):
        reader.take(8, "root")
    reader.skip_list("authorized voters", most=MOST_VOTERS, width=_VOTER_ENTRY)


def packed_credits(tuples: Iterable[CreditTuple]) -> bytes:
    """As an account has them."""
    return b"".join(_CREDITS.pack(*one) for one in tuples)


def _credits(reader: Reader) -> bytes:
    count = reader.unsigned(8, "number of epoch credits", most=MOST_TUPLES)
    credits = reader.take(_CREDITS.size * count, "epoch credits")
    reader.take(16, "last timestamp")
    return credits


def decoded_feature(data: bytes) -> Feature:
    """A feature's account; a pending one may be its tag alone. Raises LayoutError."""
    reader = Reader("feature", data)
    active = reader.flag("tag")
    reader.expect_length(*((FEATURE_BYTES,) if active else (FEATURE_BYTES, 1)))
    return Feature(active, reader.unsigned(8, "slot") if active else None)


def decoded_clock(data: bytes) -> Clock:
    """Raises LayoutError."""
    reader = Reader("clock", data)
    reader.expect_length(CLOCK_BYTES)
    slot = reader.unsigned(8, "slot")
    epoch_start_timestamp = reader.timestamp("start of the epoch")
    epoch = reader.unsigned(8, "epoch")
    reader.take(8, "epoch of the leader schedule")
    return Clock(slot, epoch_start_timestamp, epoch, reader.timestamp("time"))


def decoded_epoch_rewards(data: bytes) -> EpochRewards:
    """Raises LayoutError."""
    reader = Reader("epoch rewards", data)
    reader.expect_length(EPOCH_REWARDS_BYTES)
    reader.take(8 + 8 + 32, "start of the payment")
    points = reader.unsigned(16, "points", most=2**128 - 1)
    rewards = reader.unsigned(8, "rewards")
    distributed = reader.unsigned(8, "distributed rewards")
    return EpochRewards(points, rewards, distributed, reader.flag("active"))


def decoded_stake_history(data: bytes) -> list[StakeHistoryEntry]:
    """Newest first, each epoch once. Zeros may follow the last entry. Raises LayoutError."""
    reader = Reader("stake history", data)
    count = reader.unsigned(8, "number of epochs", most=MOST_EPOCHS_OF_STAKE)
    if len(data) > 8 + MOST_EPOCHS_OF_STAKE * _STAKE_ENTRY:
        raise reader.refusal(f"{len(data)} bytes are more than {MOST_EPOCHS_OF_STAKE} epochs")
    entries = list(struct.iter_unpack("<QQQQ", reader.take(_STAKE_ENTRY * count, "epochs")))
    largest = max(map(max, entries), default=0)
    if largest > LARGEST:
        raise reader.refusal(f"{largest} is more than {LARGEST}")
    for newer, older in pairwise(entries):
        if newer[0] <= older[0]:
            raise reader.refusal(f"epoch {older[0]} after epoch {newer[0]}, newest first")
    return [StakeHistoryEntry(*entry) for entry in entries]
