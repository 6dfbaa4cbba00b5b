"""Epoch credits around the migration to Alpenglow: votes before it, lamports of reward after it.

In the migration epoch an account has two tuples with a mark between them, and from then on a
tuple counts what was earned in lamports, which scales with stake.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from validators.simulator.clock import SLOTS_PER_EPOCH
from validators.simulator.stake import stake_at
from validators.simulator.tenants import CREDIT_TUPLES_SHOWN, CreditTuple, Seat, Tenant
from validators.simulator.work import MAX_CREDITS_PER_EPOCH

# Where in its epoch the cluster migrates.
MIGRATION_SLOT = SLOTS_PER_EPOCH // 2
MARK: CreditTuple = ((1 << 64) - 1,) * 3
# Of every lamport staked, what a validator without a miss earns in an epoch: some 6 % a year.
_REWARD_PARTS, _PARTS = 3, 10_000


@dataclass(frozen=True, slots=True)
class Passbook:
    """One tenant's credits in a cluster that migrates in split_epoch."""

    seat: Seat
    tenant: Tenant
    nominal_stake: int
    split_epoch: int

    def lamports(self, epoch: int) -> int:
        """Earned in a whole epoch after the migration, or in what was left of the epoch then."""
        return self._parts(epoch, SLOTS_PER_EPOCH)[1]

    def tuples(self, epoch: int, slot_index: int, *, lamports_before: int) -> tuple[CreditTuple, ...]:
        """At most five with the mark, oldest first; lamports_before is what it earned before the epoch."""
        epochs = [epoch]
        for past in self.tenant.epochs_backwards(epoch):
            if any(self._parts(past, SLOTS_PER_EPOCH)):
                epochs.insert(0, past)
            if len(epochs) > CREDIT_TUPLES_SHOWN:
                break
        earned = sum(self.lamports(past) for past in epochs[:-1])
        return tuple(self._written(epochs, slot_index, lamports_before - earned))[-CREDIT_TUPLES_SHOWN:]

    def _written(self, epochs: list[int], slot_index: int, lamports: int) -> Iterator[CreditTuple]:
        for epoch in epochs:
            votes, reward = self._parts(epoch, slot_index if epoch == epochs[-1] else SLOTS_PER_EPOCH)
            before = self._votes_before(epoch) + lamports
            if votes:
                yield epoch, before + votes, before
            # The first reward of an account that has voted before.
            if reward and not lamports and before + votes:
                yield MARK
            if reward:
                yield epoch, before + votes + reward, before + votes
            lamports += reward

    def _votes_before(self, epoch: int) -> int:
        """Vote credits before an epoch: there are none after the migration."""
        until = min(epoch, self.split_epoch)
        if until < self.tenant.born:
            return 0
        votes = self.tenant.credits_before(until)
        return votes if epoch == until else votes + self._parts(until, SLOTS_PER_EPOCH)[0]

    def _parts(self, epoch: int, slot_index: int) -> tuple[int, int]:
        """Vote credits and lamports earned in the first slots of an epoch."""
        if not self.tenant.born <= epoch:
            return 0, 0
        worked = self.tenant.credits(epoch, slot_index)
        if epoch < self.split_epoch:
            return worked, 0
        votes = (
            self.tenant.credits(epoch, min(slot_index, MIGRATION_SLOT)) if epoch == self.split_epoch else 0
        )
        stake = stake_at(self.nominal_stake, self.seat, self.tenant, epoch)
        return votes, stake * (worked - votes) * _REWARD_PARTS // (MAX_CREDITS_PER_EPOCH * _PARTS)
