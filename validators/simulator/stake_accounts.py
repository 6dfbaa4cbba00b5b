"""The stake accounts of the cluster's validators: they hold what each has, and what comes and leaves.

Whoever has stake with a validator has a fixed part of it, and of what moves with the next epoch; so the
accounts of an epoch add up to what the votes tell. Layout: anza-xyz/solana-sdk, stake-interface/src/state.rs.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from validators.simulator import draws
from validators.simulator.admission import rent
from validators.simulator.cluster import Cluster, ValidatorOutlook
from validators.simulator.tips import ProgramAccount
from validators.simulator.vote_accounts import withdrawer

STAKE_PROGRAM = "Stake11111111111111111111111111111111111111"
VOTER_OFFSET = 124

_STAKE_BYTES = 200
_DELEGATED = 2
_NEVER = 2**64 - 1
_NO_KEY = bytes(32)
# Of what a validator has, what its own people staked.
_OWN = (0.002, 0.05)
_WALLETS = (3, 12)
# One in so many still has an account there whose stake left long ago, and which nobody emptied.
_FORGOTTEN_EACH, _EPOCHS_SINCE = 6, 4


class _Holder(NamedTuple):
    """Who may withdraw, and which part of the stake is his."""

    name: str
    key: str
    part: float


def stake_accounts(cluster: Cluster, outlook: ValidatorOutlook) -> dict[str, ProgramAccount]:
    """Of one validator in the epoch of the outlook, by address."""
    vote_account, epoch = outlook.tenant.vote_account, outlook.epoch
    now, next_one = outlook.activated_stake, _next_stake(cluster, outlook)
    began = max(0, min(epoch - 1, outlook.tenant.born))
    found = {}
    for holder, stays, moves in _shares(cluster, outlook, min(now, next_one), abs(next_one - now)):
        span = (epoch, _NEVER) if next_one > now else (began, epoch)
        for label, lamports, since in (("stays", stays, (began, _NEVER)), (f"moves {epoch}", moves, span)):
            if lamports:
                address = draws.public_key(vote_account, holder.name, label)
                found[address] = _account(vote_account, holder.key, lamports, *since)
    if found and outlook.seat.index % _FORGOTTEN_EACH == 0:
        key = draws.public_key(vote_account, "forgotten")
        found[key] = _account(vote_account, key, now // 100, began, max(began, epoch - _EPOCHS_SINCE))
    return found


def _next_stake(cluster: Cluster, outlook: ValidatorOutlook) -> int:
    """What is active in the next epoch; who closes his account takes all with him."""
    if not outlook.tenant.holds(outlook.epoch + 1):
        return 0
    return cluster.field.stake(outlook.seat, outlook.epoch + 1)


def _shares(
    cluster: Cluster, outlook: ValidatorOutlook, staying: int, moving: int
) -> Iterator[tuple[_Holder, int, int]]:
    """What each holder has of both; the last one takes what rounding left."""
    holders = list(_holders(cluster, outlook))
    left = [staying, moving]
    for holder in holders[:-1]:
        stays, moves = int(staying * holder.part), int(moving * holder.part)
        left[0] -= stays
        left[1] -= moves
        yield holder, stays, moves
    yield holders[-1], left[0], left[1]


def _holders(cluster: Cluster, outlook: ValidatorOutlook) -> Iterator[_Holder]:
    seat = outlook.seat
    own = draws.between(*_OWN, seat.key, "own stake")
    pools = cluster.pools.holders(seat)
    yield _Holder("own", withdrawer(outlook), own)
    for key, part in pools:
        yield _Holder(key, key, part)
    wallets = int(draws.between(_WALLETS[0], _WALLETS[1] + 1, seat.key, "wallets"))
    part = (1 - own - sum(part for _, part in pools)) / wallets
    for number in range(wallets):
        name = f"wallet {number}"
        yield _Holder(name, draws.public_key(outlook.tenant.vote_account, name), part)


def _account(vote_account: str, key: str, lamports: int, since: int, until: int) -> ProgramAccount:
    authority, voter = draws.key_bytes(key), draws.key_bytes(vote_account)
    reserve = rent(_STAKE_BYTES)
    raw = struct.pack("<IQ", _DELEGATED, reserve) + authority * 2 + struct.pack("<qQ", 0, 0) + _NO_KEY
    raw += voter + struct.pack("<QQQdQB", lamports, since, until, 0.25, 0, 0)
    return ProgramAccount(STAKE_PROGRAM, reserve + lamports, raw.ljust(_STAKE_BYTES, b"\0"))
