"""Stake pools over the cluster's validators: what each has with whom, and the accounts that tell it.

A pool reckons its stakes anew a while into each epoch; until then its accounts are as of the one before.
Layout: solana-program/stake-pool, program/src/state.rs.
"""

import struct
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from validators.simulator import draws
from validators.simulator.admission import rent
from validators.simulator.clock import SLOTS_PER_EPOCH, Moment
from validators.simulator.field import Field
from validators.simulator.seats import Seat
from validators.simulator.tips import ProgramAccount

SPL_PROGRAM = "SPoo1Ku8WFXoNDMHPsrGSTSG1Y47rzgn41SLUNakuHy"
SANCTUM_PROGRAM = "SP12tWFxD9oJsVWNavTTBZvMbA6gkAmxtVgxdqvyvhY"
SANCTUM_MULTI_PROGRAM = "SPMBzsVUuoHA4Jm6KunbsotaahvVikZs1JyTW6iJvbn"
PROGRAMS = (SPL_PROGRAM, SANCTUM_PROGRAM, SANCTUM_MULTI_PROGRAM)

_POOL_BYTES, _LIST_HEADER, _LIST_ENTRY = 611, 9, 73
# Room for so many; a real list has room for ten thousand.
_ROOM = 2_000
# What lies in a pool's reserve, of what is staked.
_RESERVE = 0.01
# Of a token: SOL when it was new, and what an epoch adds.
_FIRST_EPOCH_OF_TOKENS, _ADDED_BY_EPOCH = 800, 0.0004
_DEACTIVATING = 3


@dataclass(frozen=True, slots=True)
class _Pool:
    """A pool: with how many of the seats it stakes, and which part of theirs; `updates_at` is of an epoch."""

    address: str
    program: str
    seats: float
    part: float
    updates_at: float


_POOLS = (
    _Pool("Jito4APyf642JPZPx3hGc6WWJ8zPKtRbRs4P815Awbb", SPL_PROGRAM, 0.6, 0.09, 0.02),
    _Pool("stk9ApL5HeVAwPLr3TLhDXdZS8ptVu7zp6ov8HFDuMi", SPL_PROGRAM, 0.35, 0.06, 0.05),
    # Nobody names this one: it is found by its program alone.
    _Pool(draws.public_key("a pool without a name"), SANCTUM_MULTI_PROGRAM, 0.08, 0.04, 0.15),
)


class PoolAccounts:
    """The accounts of a cluster's pools, by address."""

    def __init__(self, seats: tuple[Seat, ...], field: Field) -> None:
        self._seats, self._field = seats, field
        self._entries = lru_cache(maxsize=2 * len(_POOLS))(self._work_out)
        self._by_address = {pool.address: pool for pool in _POOLS}
        self._by_list = {_key(pool, "list"): pool for pool in _POOLS}

    def found(self, address: str, moment: Moment) -> ProgramAccount | None:
        if address in self._by_address:
            return self._pool_account(self._by_address[address], moment)
        if address in self._by_list:
            return self._list_account(self._by_list[address], moment)
        return None

    def of_program(self, program: str, moment: Moment) -> dict[str, ProgramAccount]:
        """Pools and lists by address, as getProgramAccounts finds them."""
        known = {**self._by_address, **self._by_list}
        found = {key: self.found(key, moment) for key, pool in known.items() if pool.program == program}
        return {key: account for key, account in found.items() if account is not None}

    def holders(self, seat: Seat) -> list[tuple[str, float]]:
        """The pools that stake with a seat while it has stake: each one's authority, and its part of that."""
        return [(_key(pool, "withdraw"), _part(pool, seat)) for pool in _POOLS if _has(pool, seat)]

    def _pool_account(self, pool: _Pool, moment: Moment) -> ProgramAccount:
        epoch = _updated_epoch(pool, moment)
        staked = sum(active + transient for _, active, transient, _ in self._entries(pool, epoch))
        total = int(staked * (1 + _RESERVE))
        value = 1 + _ADDED_BY_EPOCH * max(0, epoch - _FIRST_EPOCH_OF_TOKENS)
        authorities = b"".join(_raw(pool, role) for role in ("manager", "staker", "deposit"))
        raw = b"\1" + authorities + b"\xff" + _raw(pool, "list")
        raw += b"".join(_raw(pool, role) for role in ("reserve", "mint", "fees", "token program"))
        raw += struct.pack("<QQQ", total, int(total / value), epoch)
        return ProgramAccount(pool.program, rent(_POOL_BYTES), raw.ljust(_POOL_BYTES, b"\0"))

    def _list_account(self, pool: _Pool, moment: Moment) -> ProgramAccount:
        epoch = _updated_epoch(pool, moment)
        entries = self._entries(pool, epoch)
        raw = struct.pack("<BII", 2, _ROOM, len(entries)) + b"".join(
            struct.pack("<QQQQIIB", active, transient, epoch, 0, 0, 0, status) + vote_account
            for vote_account, active, transient, status in entries
        )
        space = _LIST_HEADER + _LIST_ENTRY * _ROOM
        return ProgramAccount(pool.program, rent(space), raw.ljust(space, b"\0"))

    def _work_out(self, pool: _Pool, epoch: int) -> tuple[tuple[bytes, int, int, int], ...]:
        """Vote account, active and transient lamports and status of each on the list, in no order."""
        return tuple(
            self._entry(pool, seat, epoch)
            for seat in self._seats
            if _has(pool, seat) and self._field.stake(seat, epoch)
        )

    def _entry(self, pool: _Pool, seat: Seat, epoch: int) -> tuple[bytes, int, int, int]:
        """What comes or goes with the next epoch is on its way and counts there alone, and who dies is taken
        off the list."""
        tenant = self._field.tenant(seat, epoch)
        part = _part(pool, seat)
        # Who follows on the seat has other stakers.
        epochs = (epoch, epoch + 1) if tenant.holds(epoch + 1) else (epoch,)
        now, next_one, *_ = [*(int(self._field.stake(seat, one) * part) for one in epochs), 0]
        is_dying = tenant.dies is not None and tenant.dies[0] < epoch
        vote_account = draws.key_bytes(tenant.vote_account)
        return vote_account, min(now, next_one), abs(next_one - now), _DEACTIVATING if is_dying else 0


def _has(pool: _Pool, seat: Seat) -> bool:
    return draws.fraction(seat.key, pool.address) < pool.seats


def _part(pool: _Pool, seat: Seat) -> float:
    return pool.part * draws.between(0.3, 1.0, seat.key, pool.address, "part")


def _updated_epoch(pool: _Pool, moment: Moment) -> int:
    return moment.epoch - (moment.slot_index < pool.updates_at * SLOTS_PER_EPOCH)


def _raw(pool: _Pool, role: str) -> bytes:
    return sha256(f"{pool.address}:{role}".encode()).digest()


def _key(pool: _Pool, role: str) -> str:
    return draws.base58(_raw(pool, role))
