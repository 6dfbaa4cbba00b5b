"""The state of the simulated cluster at any moment, as a pure function of world, seed, size and moment.

What holds for a whole epoch is worked out once per epoch; a moment within it then costs a few
sums per validator. Caches only save time: no answer depends on what was asked before.

Who has weight, leads and is paid is in `field`; what becomes of it in an account, in `ledger`.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

from validators.simulator.clock import MIGRATION_SLOT, SLOTS_PER_EPOCH, Moment, first_slot_of
from validators.simulator.commission import CommissionStep, commission_at, commission_steps
from validators.simulator.field import Field
from validators.simulator.history_accounts import HistoryAccounts
from validators.simulator.ledger import (
    CREDIT_TUPLES_KEPT,
    CREDIT_TUPLES_SHOWN,
    CreditTuple,
    Ledger,
    Page,
    lamports_before,
    ledger_before,
)
from validators.simulator.seats import Seat, seats_of
from validators.simulator.stake import nominal_stakes
from validators.simulator.stake_pools import PoolAccounts
from validators.simulator.tenants import Tenant, identity_of
from validators.simulator.tips import TipAccounts
from validators.simulator.votes import is_in_set, votes_in
from validators.simulator.work import Shift
from validators.simulator.world import World

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
    # Whether it has weight in the epoch.
    is_in_set: bool
    shift: Shift
    last_vote_before: int
    commission: tuple[CommissionStep, ...]

    def last_vote(self, slot_index: int) -> int:
        """Absolute slot of the newest vote while votes are taken from it; 0 when it never voted."""
        first_slot = first_slot_of(self.epoch)
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
    is_in_set: bool
    commission_bps: int
    credit_tuples: tuple[CreditTuple, ...]
    last_vote: int


class Cluster:
    """A synthetic cluster of `count` vote accounts; the same seed in the same world is the same cluster.

    alpenglow_epoch is the world's unless given: the cluster migrates to Alpenglow in the middle of it.
    """

    def __init__(
        self, *, seed: int, count: int, alpenglow_epoch: int | None = None, world: World | None = None
    ) -> None:
        self.seed = seed
        self.world = World() if world is None else world
        if alpenglow_epoch is not None:
            self.world = replace(self.world, alpenglow_epoch=alpenglow_epoch)
        self.seats = seats_of(seed, count)
        self.field = Field(self.world, self.seats, nominal_stakes(self.seats))
        self.tips = TipAccounts(self.seats, self.field)
        self.pools = PoolAccounts(self.seats, self.field)
        self.histories = HistoryAccounts(self.world, self.seats, self.field, self.tips)
        # The running epoch and its predecessor, which a request may still be reading.
        self._outlooks = lru_cache(maxsize=2)(self._work_out)
        self._ledgers = lru_cache(maxsize=4)(self._keep_ledgers)

    def outlooks(self, epoch: int) -> tuple[ValidatorOutlook, ...]:
        """Every validator of an epoch, in the order of seats."""
        return self._outlooks(epoch)

    def validators(self, moment: Moment) -> list[ValidatorState]:
        """Every vote account at a moment, in the order of seats."""
        return [self._state(outlook, moment) for outlook in self.outlooks(moment.epoch)]

    def credit_tuples(
        self, outlook: ValidatorOutlook, moment: Moment, *, most: int = CREDIT_TUPLES_KEPT
    ) -> tuple[CreditTuple, ...]:
        """The newest tuples of an account, oldest first, the running epoch's from its first credit on."""
        ledger = self._ledgers(moment.epoch, most)[outlook.seat.index]
        votes = votes_in(self.world, outlook.seat, outlook.tenant, moment.epoch, moment.slot_index)
        lamports = self.field.paid_so_far(moment)[outlook.seat.index].lamports if outlook.is_in_set else 0
        return ledger.with_page(Page(moment.epoch, votes, lamports), most=most)

    def ledgers(self, epoch: int) -> list[Ledger]:
        """Every account's credits when an epoch began, in the order of seats."""
        return self._ledgers(epoch, CREDIT_TUPLES_SHOWN)

    def last_vote(self, outlook: ValidatorOutlook, moment: Moment) -> int:
        """Absolute slot of an account's newest vote; 0 when it never voted.

        In Alpenglow only the votes of the set come into blocks.
        """
        if outlook.is_in_set or not self.world.pays_lamports(moment):
            return outlook.last_vote(moment.slot_index)
        if moment.epoch == self.world.alpenglow_epoch:
            return outlook.last_vote(min(moment.slot_index, MIGRATION_SLOT - 1))
        return outlook.last_vote_before

    def _state(self, outlook: ValidatorOutlook, moment: Moment) -> ValidatorState:
        return ValidatorState(
            outlook.tenant.vote_account,
            outlook.identity,
            outlook.activated_stake,
            outlook.is_in_set,
            commission_at(outlook.commission, moment.slot_index),
            self.credit_tuples(outlook, moment, most=CREDIT_TUPLES_SHOWN),
            self.last_vote(outlook, moment),
        )

    def _work_out(self, epoch: int) -> tuple[ValidatorOutlook, ...]:
        return tuple(self._outlook(seat, epoch) for seat in self.seats)

    def _outlook(self, seat: Seat, epoch: int) -> ValidatorOutlook:
        tenant = self.field.tenant(seat, epoch)
        return ValidatorOutlook(
            seat=seat,
            tenant=tenant,
            epoch=epoch,
            identity=identity_of(seat, tenant, epoch),
            activated_stake=self.field.stake(seat, epoch),
            is_in_set=is_in_set(self.world, seat, tenant, epoch),
            shift=tenant.shift(epoch),
            last_vote_before=self._last_vote_before(seat, tenant, epoch),
            commission=commission_steps(seat, epoch),
        )

    def _keep_ledgers(self, epoch: int, most: int) -> list[Ledger]:
        return [
            ledger_before(self.world, self.field, outlook.seat, outlook.tenant, epoch, most=most)
            for outlook in self.outlooks(epoch)
        ]

    def _last_vote_before(self, seat: Seat, tenant: Tenant, epoch: int) -> int:
        """Absolute slot of its last vote before an epoch; 0 when it never voted."""
        split = self.world.alpenglow_epoch
        until = epoch
        if split is not None and epoch > split and not lamports_before(self.field, seat, tenant, epoch):
            # None of its votes came into a block since.
            until = split + 1
        for past in tenant.epochs_backwards(until):
            slot_index = tenant.shift(past).last_slot_worked()
            is_heard = split is None or past < split or is_in_set(self.world, seat, tenant, past)
            if past == split and not is_heard and slot_index is not None:
                slot_index, is_heard = min(slot_index, MIGRATION_SLOT - 1), True
            if slot_index is not None and is_heard:
                return past * SLOTS_PER_EPOCH + slot_index
        return 0
