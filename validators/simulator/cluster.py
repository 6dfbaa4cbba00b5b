"""The state of the simulated cluster at any moment, as a pure function of seed, size and moment.

What holds for a whole epoch is worked out once per epoch; a moment within it then costs a few
sums per validator. Caches only save time: no answer depends on what was asked before.

Alpenglow enters at one place, `ValidatorOutlook.credit_tuples`: from the migration epoch on, the
tuples are those of its passbook.
"""

from dataclasses import dataclass
from functools import lru_cache

from validators.simulator.alpenglow import Passbook
from validators.simulator.clock import SLOTS_PER_EPOCH, Moment
from validators.simulator.commission import CommissionStep, commission_at, commission_steps
from validators.simulator.stake import nominal_stakes, stake_at
from validators.simulator.tenants import (
    CREDIT_TUPLES_SHOWN,
    CreditTuple,
    Seat,
    Tenant,
    identity_of,
    seats_of,
    tenant_of,
)
from validators.simulator.work import Shift

# A voter's newest vote is for one of the last three slots.
_VOTE_DELAYS = 3


@dataclass(frozen=True, slots=True)
class ValidatorOutlook:
    """What is settled about one validator at the start of an epoch."""

    seat: Seat
    tenant: Tenant
    epoch: int
    identity: str
    activated_stake: int
    shift: Shift
    credits_before: int
    tuples_before: tuple[CreditTuple, ...]
    last_vote_before: int
    commission: tuple[CommissionStep, ...]
    # From the migration epoch on, with the lamports earned since.
    passbook: Passbook | None = None
    lamports_before: int = 0

    def credit_tuples(self, slot_index: int) -> tuple[CreditTuple, ...]:
        """At most five, oldest first; the running epoch's appears with its first credit."""
        if self.passbook is not None:
            return self.passbook.tuples(self.epoch, slot_index, lamports_before=self.lamports_before)
        earned = self.shift.credits(slot_index, distance=self.tenant.distance)
        if not earned:
            return self.tuples_before
        running = (self.epoch, self.credits_before + earned, self.credits_before)
        return (*self.tuples_before[1 - CREDIT_TUPLES_SHOWN :], running)

    def last_vote(self, slot_index: int) -> int:
        """Absolute slot of the newest vote; 0 when it never voted."""
        first_slot = self.epoch * SLOTS_PER_EPOCH
        if not self.shift.is_away(slot_index):
            return first_slot + slot_index - (slot_index + self.seat.index) % _VOTE_DELAYS
        if self.shift.away_from:
            return first_slot + self.shift.away_from - 1
        return self.last_vote_before


@dataclass(frozen=True, slots=True)
class ValidatorState:
    """One vote account at one moment. Stake in lamports, commission in basis points."""

    vote_account: str
    identity: str
    activated_stake: int
    commission_bps: int
    credit_tuples: tuple[CreditTuple, ...]
    last_vote: int


class Cluster:
    """A synthetic cluster of `count` vote accounts; the same seed is the same cluster.

    It migrates to Alpenglow in the middle of alpenglow_epoch, never by default.
    """

    def __init__(self, *, seed: int, count: int, alpenglow_epoch: int | None = None) -> None:
        self.seed = seed
        self._alpenglow_epoch = alpenglow_epoch
        # By tenant: an epoch, and the lamports earned before it.
        self._lamports: dict[str, tuple[int, int]] = {}
        self.seats = seats_of(seed, count)
        self._nominal_stakes = nominal_stakes(self.seats)
        self._tenants: dict[int, Tenant] = {}
        # The running epoch and its predecessor, which a request may still be reading.
        self._outlooks = lru_cache(maxsize=2)(self._work_out)

    def outlooks(self, epoch: int) -> tuple[ValidatorOutlook, ...]:
        """Every validator of an epoch, in the order of seats."""
        return self._outlooks(epoch)

    def validators(self, moment: Moment) -> list[ValidatorState]:
        """Every vote account at a moment, in the order of seats."""
        slot_index = moment.slot_index
        return [
            ValidatorState(
                outlook.tenant.vote_account,
                outlook.identity,
                outlook.activated_stake,
                commission_at(outlook.commission, slot_index),
                outlook.credit_tuples(slot_index),
                outlook.last_vote(slot_index),
            )
            for outlook in self.outlooks(moment.epoch)
        ]

    def _work_out(self, epoch: int) -> tuple[ValidatorOutlook, ...]:
        return tuple(
            self._outlook(seat, nominal, epoch)
            for seat, nominal in zip(self.seats, self._nominal_stakes, strict=True)
        )

    def _outlook(self, seat: Seat, nominal_stake: int, epoch: int) -> ValidatorOutlook:
        tenant = self._tenant(seat, epoch)
        passbook = None
        if self._alpenglow_epoch is not None and epoch >= self._alpenglow_epoch:
            passbook = Passbook(seat, tenant, nominal_stake, self._alpenglow_epoch)
        return ValidatorOutlook(
            seat=seat,
            tenant=tenant,
            epoch=epoch,
            identity=identity_of(seat, tenant, epoch),
            activated_stake=stake_at(nominal_stake, seat, tenant, epoch),
            shift=tenant.shift(epoch),
            credits_before=tenant.credits_before(epoch),
            tuples_before=tenant.credit_tuples_before(epoch),
            last_vote_before=tenant.last_vote_before(epoch),
            commission=commission_steps(seat, epoch),
            passbook=passbook,
            lamports_before=0 if passbook is None else self._lamports_before(passbook, epoch),
        )

    def _lamports_before(self, passbook: Passbook, epoch: int) -> int:
        since, earned = self._lamports.get(passbook.tenant.key, (passbook.split_epoch, 0))
        if since > epoch:
            since, earned = passbook.split_epoch, 0
        earned += sum(passbook.lamports(past) for past in range(since, epoch))
        self._lamports[passbook.tenant.key] = (epoch, earned)
        return earned

    def _tenant(self, seat: Seat, epoch: int) -> Tenant:
        """Kept from epoch to epoch, because its keys and roster cost the most."""
        tenant = self._tenants.get(seat.index)
        if tenant is None or not tenant.holds(epoch):
            tenant = self._tenants[seat.index] = tenant_of(seat, epoch)
        return tenant
