"""Who runs Jito, what its blocks bring beside the rewards, and the accounts that hold it epoch by epoch.

A tip account is made with the validator's first block of an epoch and grows with each further one. Some time
into the next epoch its merkle root is uploaded, then it is claimed from; ten epochs later it is closed.
Layouts: jito-foundation/jito-programs, tip-distribution and priority-fee-distribution.
"""

import struct
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from validators.simulator import draws
from validators.simulator.admission import rent
from validators.simulator.clients import takes_tips
from validators.simulator.clock import SLOTS_PER_EPOCH, Moment
from validators.simulator.commission import ALL_BPS
from validators.simulator.field import Field
from validators.simulator.leaders import Production
from validators.simulator.program_addresses import program_address
from validators.simulator.seats import Seat
from validators.simulator.temperaments import Temperament
from validators.simulator.tenants import identity_of

TIP_PROGRAM = "4R3gSG8BpU4t19KYj8CfnbtRpnT8gtk4dvTHxVRwc2r7"
PRIORITY_PROGRAM = "Priority6weCZ5HwDn29NxLFpb7TDp2iLZ6XKc5e8d3"
EPOCHS_OPEN = 10
# The root comes a twentieth of an epoch late, and by the middle all is claimed.
_ROOT_SLOT, _CLAIMED_SLOT = SLOTS_PER_EPOCH // 20, SLOTS_PER_EPOCH // 2
_SHARES_FEES = 0.25
_TIP_COMMISSIONS_BPS = (0, 500, 500, 800, 800, 1_000, 1_000, ALL_BPS)
_BAIT_BPS, _EPOCHS_BETWEEN_GRABS = 500, 8
_FEE_COMMISSIONS_BPS = (0, 2_500, 5_000, 5_000, 9_000)
# Lamports that a block brings, from and to; of fees, the validator keeps its commission before it pays in.
_TIPS_OF_BLOCK, _FEES_OF_BLOCK = (4_000_000, 12_000_000), (1_000_000, 6_000_000)
_CLAIMS = 300


@dataclass(frozen=True, slots=True)
class _Program:
    """A program's account of a vote account and epoch, and what a block brings to it."""

    label: str
    address: str
    seed: bytes
    name: str
    space: int
    counts_transfers: bool
    of_block: tuple[int, int]


_PROGRAMS = (
    _Program(
        *("tips", TIP_PROGRAM, b"TIP_DISTRIBUTION_ACCOUNT", "TipDistributionAccount"),
        *(168, False, _TIPS_OF_BLOCK),
    ),
    _Program(
        *("fees", PRIORITY_PROGRAM, b"PF_DISTRIBUTION_ACCOUNT", "PriorityFeeDistributionAccount"),
        *(176, True, _FEES_OF_BLOCK),
    ),
)


@dataclass(frozen=True, slots=True)
class ProgramAccount:
    """An account as it lies on the chain."""

    owner: str
    lamports: int
    raw: bytes


class TipAccounts:
    """The distribution accounts of a cluster, by address."""

    def __init__(self, seats: tuple[Seat, ...], field: Field) -> None:
        self._seats, self._field = seats, field
        self._addresses = lru_cache(maxsize=EPOCHS_OPEN + 2)(self._derive)
        self._whole = lru_cache(maxsize=EPOCHS_OPEN + 2)(self._made_until)
        self._so_far = lru_cache(maxsize=2)(self._made_until)

    def found(self, address: str, moment: Moment) -> ProgramAccount | None:
        for epoch in range(moment.epoch, max(-1, moment.epoch - EPOCHS_OPEN - 1), -1):
            if address in self._addresses(epoch):
                return self._account(*self._addresses(epoch)[address], epoch, moment)
        return None

    def tip_commission(self, seat: Seat, epoch: int) -> int | None:
        """In basis points; None for who does not run Jito."""
        identity = identity_of(seat, self._field.tenant(seat, epoch), epoch)
        return _tip_commission(seat, epoch) if takes_tips(identity) else None

    def fee_commission(self, seat: Seat, epoch: int) -> int | None:
        """In basis points; None for who keeps its priority fees to itself, or does not run Jito."""
        shares = draws.fraction(seat.key, "shares fees") < _SHARES_FEES
        if not shares or self.tip_commission(seat, epoch) is None:
            return None
        return draws.choice(_FEE_COMMISSIONS_BPS, seat.key, "fee commission")

    def tips_of(self, seat: Seat, epoch: int) -> int | None:
        """Lamports of an epoch that is over; None for who had no tip account."""
        made = self._whole(epoch).get(seat.index)
        if made is None or not made.blocks_produced or self.tip_commission(seat, epoch) is None:
            return None
        return _brought(_PROGRAMS[0], seat, epoch, made)

    def _commission(self, program: _Program, seat: Seat, epoch: int) -> int | None:
        if program.counts_transfers:
            return self.fee_commission(seat, epoch)
        return self.tip_commission(seat, epoch)

    def _derive(self, epoch: int) -> dict[str, tuple[_Program, Seat]]:
        found = {}
        for seat in self._seats:
            for program in _PROGRAMS:
                # Also where nothing will ever be: then nobody looks for it in earlier epochs.
                found[_address(program, self._vote_account(seat, epoch), epoch)] = (program, seat)
        return found

    def _vote_account(self, seat: Seat, epoch: int) -> str:
        return self._field.tenant(seat, epoch).vote_account

    def _account(self, program: _Program, seat: Seat, epoch: int, moment: Moment) -> ProgramAccount | None:
        made = self._made(epoch, moment).get(seat.index)
        commission = self._commission(program, seat, epoch)
        if made is None or not made.blocks_produced or commission is None:
            return None
        total = _brought(program, seat, epoch, made)
        if program.counts_transfers:
            total = total * (ALL_BPS - commission) // ALL_BPS
        passed = moment.absolute_slot - (epoch + 1) * SLOTS_PER_EPOCH
        has_root = passed >= _ROOT_SLOT
        claimed = total * min(passed - _ROOT_SLOT, _CLAIMED_SLOT) // _CLAIMED_SLOT if has_root else 0
        body = draws.key_bytes(self._vote_account(seat, epoch)) + sha256(b"upload authority").digest()
        body += _root(seat, epoch, total, claimed) if has_root else b"\0"
        body += struct.pack("<QHQ", epoch, commission, epoch + EPOCHS_OPEN)
        body += struct.pack("<Q", total) if program.counts_transfers else b""
        raw = sha256(f"account:{program.name}".encode()).digest()[:8] + body + b"\xff"
        held = rent(program.space) + total - claimed
        return ProgramAccount(program.address, held, raw.ljust(program.space, b"\0"))

    def _made(self, epoch: int, moment: Moment) -> dict[int, Production]:
        if epoch < moment.epoch:
            return self._whole(epoch)
        return self._so_far(epoch, moment.slot_index)

    def _made_until(self, epoch: int, last: int = SLOTS_PER_EPOCH - 1) -> dict[int, Production]:
        return self._field.schedule(epoch).production(0, last)


def _brought(program: _Program, seat: Seat, epoch: int, made: Production) -> int:
    of_block = int(draws.between(*program.of_block, seat.key, program.label, epoch))
    return made.blocks_produced * of_block


def _tip_commission(seat: Seat, epoch: int) -> int:
    if seat.temperament == Temperament.RUG_PULLER:
        # Once in a while it takes all.
        return ALL_BPS if (epoch + seat.index) % _EPOCHS_BETWEEN_GRABS == 0 else _BAIT_BPS
    return draws.choice(_TIP_COMMISSIONS_BPS, seat.key, "tip commission")


def _address(program: _Program, vote_account: str, epoch: int) -> str:
    seeds = (program.seed, draws.key_bytes(vote_account), struct.pack("<Q", epoch))
    return draws.base58(program_address(draws.key_bytes(program.address), *seeds))


def _root(seat: Seat, epoch: int, total: int, claimed: int) -> bytes:
    root = sha256(f"{seat.key}:root:{epoch}".encode()).digest()
    claims = _CLAIMS * claimed // total if total else 0
    return b"\1" + root + struct.pack("<QQQQ", total, _CLAIMS, claimed, claims)
