"""Looks at the cluster as a whole."""

from datetime import datetime
from typing import Final

from django.db import models

from validators.models.validators import CREDITS_UNITS, PUBKEY_LENGTH, Origin
from validators.solana.economics import inflation_rewards, plausible_seconds
from validators.solana.slot_times import SlotTimeBasis, measured_slot_ms, nominal_seconds

# Slots of less than this share of an epoch say little about how long all of it takes.
LEAST_SHARE_MEASURED: Final = 0.05


class FetchQuerySet(models.QuerySet["Fetch"]):
    def newest(self) -> "Fetch | None":
        return self.order_by("-pk").first()

    def running_epoch(self) -> models.Subquery:
        """The newest one's epoch, within a question about other rows."""
        return models.Subquery(self.order_by("-pk").values("epoch")[:1])


class Fetch(models.Model):
    """One stored look at the cluster; a look that failed is a failed run, not a row here."""

    started_at = models.DateTimeField(help_text="When the download began")
    stored_at = models.DateTimeField()
    endpoint = models.CharField(max_length=500, help_text="Who answered, with keys masked")
    epoch = models.BigIntegerField()
    absolute_slot = models.BigIntegerField()
    slot_index = models.BigIntegerField(help_text="Slots of the epoch that had passed")
    slots_in_epoch = models.BigIntegerField()
    # Remembered from fetch to fetch: the mark drops out of the replies five epochs later.
    split_epoch = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="The epoch in which votes left the chain (Alpenglow), or, where that was not seen, one "
        "after it, older than all that was sent; empty where votes are on the chain",
    )
    # Remembered from fetch to fetch, as long as an endpoint does not tell it.
    genesis_hash = models.CharField(
        max_length=PUBKEY_LENGTH, blank=True, db_default="", help_text="Which cluster this is of"
    )
    validators_total = models.IntegerField()
    staked_total = models.BigIntegerField(help_text="Lamports")
    rejected_count = models.IntegerField(default=0)
    rejected = models.JSONField(
        default=list, blank=True, help_text="Vote account and reason of the first hundred"
    )

    objects = FetchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "fetches"

    def __str__(self) -> str:
        return f"Fetch {self.pk}: {self.validators_total} validators in epoch {self.epoch}"

    @property
    def first_slot(self) -> int:
        """Of its epoch."""
        return self.absolute_slot - self.slot_index

    @property
    def next_epoch_slot(self) -> int:
        """The first of the epoch after its own."""
        return self.first_slot + self.slots_in_epoch

    def epoch_of(self, slot: int) -> int:
        """The epoch that a slot near its own lies in, where all are as long as its own."""
        return self.epoch + (slot - self.first_slot) // self.slots_in_epoch

    @property
    def still_since(self) -> datetime:
        """When a fetch first saw the slot that this one saw; two queries."""
        earlier = Fetch.objects.filter(pk__lt=self.pk)
        other = earlier.exclude(absolute_slot=self.absolute_slot).order_by("-pk")
        after = other.values_list("pk", flat=True).first() or 0
        same = Fetch.objects.filter(pk__gt=after).order_by("pk").values_list("started_at", flat=True)
        return same.first() or self.started_at


class BlocksBasis(models.TextChoices):
    """Where the number of blocks in an epoch comes from."""

    # Counted in what had passed of the epoch.
    PARTIAL = "partial"
    # Counted in all of it; will not change.
    FINAL = "final"
    # Leader slots of the schedule, less the share that was skipped in the part that was counted.
    SCHEDULE = "schedule"
    # Of an identity that several accounts with stake had: whose they are cannot be told.
    SHARED = "shared"


class ClusterEpoch(models.Model):
    """The cluster as a whole in one epoch, as its last fetch left it."""

    epoch = models.BigIntegerField(unique=True)
    slots = models.BigIntegerField(null=True, blank=True, help_text="In the whole epoch")
    first_slot = models.BigIntegerField(null=True, blank=True, help_text="Absolute")
    slot_ms = models.IntegerField(null=True, blank=True, help_text="Nominal milliseconds of a slot")
    slot_ms_basis = models.CharField(
        max_length=8, blank=True, db_default="", choices=[(one.value, one.value) for one in SlotTimeBasis]
    )
    # By the chain's own clock, which tells the instant of the first block.
    clock_started_at = models.DateTimeField(null=True, blank=True)
    clock_ended_at = models.DateTimeField(null=True, blank=True)
    # Both lie on the line between two fetches, one on each side of the boundary.
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # From these the pace of slots is measured where a boundary was not seen.
    first_fetch_at = models.DateTimeField(null=True, blank=True)
    first_slot_index = models.BigIntegerField(null=True, blank=True)
    last_fetch_at = models.DateTimeField(null=True, blank=True)
    last_slot_index = models.BigIntegerField(null=True, blank=True)
    total_stake = models.BigIntegerField(null=True, blank=True, help_text="Lamports")
    validators = models.IntegerField(null=True, blank=True, help_text="Vote accounts")
    staked = models.IntegerField(null=True, blank=True, help_text="Of them with stake")
    credits_unit = models.CharField(max_length=12, choices=CREDITS_UNITS)
    mean_credits = models.FloatField(
        null=True,
        blank=True,
        help_text="Stake-weighted; after the split lamports earned for each lamport of stake",
    )
    credit_stake_sum = models.FloatField(
        null=True, blank=True, help_text="Sum of credits x stake; after the split of lamports earned"
    )
    credits_final = models.BooleanField(
        db_default=True, help_text="Both are of numbers that will not change, the epoch being over"
    )
    superminority_size = models.IntegerField(
        null=True, blank=True, help_text="Nakamoto coefficient: the fewest with more than a third"
    )
    superminority = models.JSONField(default=list, blank=True, help_text="Vote accounts, largest stake first")
    stake_by_client = models.JSONField(default=dict, blank=True, help_text="Lamports")
    stake_by_version = models.JSONField(default=dict, blank=True, help_text="Lamports")
    inflation_validator = models.FloatField(null=True, blank=True, help_text="Yearly rate of the validators")
    total_supply = models.BigIntegerField(null=True, blank=True, help_text="Lamports")
    activating_stake = models.BigIntegerField(null=True, blank=True, help_text="Lamports")
    deactivating_stake = models.BigIntegerField(null=True, blank=True, help_text="Lamports")
    # As the chain recorded them after a Tower epoch; points are beyond 64 bits.
    reward_points = models.CharField(
        max_length=39, blank=True, db_default="", help_text="Sum of credits x stake, as the chain counted"
    )
    rewards_total = models.BigIntegerField(null=True, blank=True, help_text="Lamports paid to stakers")
    # Of all identities, whoever they are.
    leader_slots = models.BigIntegerField(null=True, blank=True)
    blocks_produced = models.BigIntegerField(null=True, blank=True)
    blocks_basis = models.CharField(max_length=8, blank=True, db_default="", choices=BlocksBasis.choices)
    blocks_slots = models.BigIntegerField(null=True, blank=True, help_text="Slots in which they were counted")
    source = models.CharField(max_length=8, choices=Origin.choices, default=Origin.LIVE)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ended_at=None)
                | models.Q(started_at=None)
                # A clock that went back a little is no reason to lose a fetch.
                | models.Q(ended_at__gte=models.F("started_at")),
                name="cluster_epoch_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"Epoch {self.epoch}"

    @property
    def began_at(self) -> datetime | None:
        """By the chain's own clock where that is known, else as we saw it."""
        return self.clock_started_at or self.started_at

    @property
    def closed_at(self) -> datetime | None:
        """As `began_at`."""
        return self.clock_ended_at or self.ended_at

    @property
    def nominal_seconds(self) -> float | None:
        """How long the epoch should last by its slot time."""
        if self.slots is None or self.slot_ms is None:
            return None
        return nominal_seconds(self.slots, self.slot_ms)

    @property
    def seconds(self) -> float | None:
        """Its length: by the chain's clock, else as we saw its boundaries or its pace, else as it should be.

        What cannot be, by the slot time, is not believed: a clock that jumped, a cluster played faster.
        """
        by_clock = _between(self.clock_started_at, self.clock_ended_at)
        seen = _between(self.started_at, self.ended_at) or self._seconds_by_pace()
        return plausible_seconds(seen if by_clock is None else by_clock, self.nominal_seconds)

    @property
    def inflation_rewards(self) -> float | None:
        """Lamports for all stakers, as inflation would pay them."""
        return inflation_rewards(
            total_supply=self.total_supply,
            validator_inflation=self.inflation_validator,
            slots=self.slots,
            slot_ms=self.slot_ms,
        )

    @property
    def recorded_rewards(self) -> tuple[int, float] | None:
        """Lamports for all stakers of a Tower epoch, and its points, as the chain recorded them."""
        if not self.reward_points or self.rewards_total is None:
            return None
        return self.rewards_total, float(self.reward_points)

    @property
    def seen_slot_ms(self) -> float | None:
        """The pace of slots between our first and last look at it; None of too few."""
        if self.first_fetch_at is None or self.last_fetch_at is None:
            return None
        slots = (self.last_slot_index or 0) - (self.first_slot_index or 0)
        return measured_slot_ms(
            slots=slots, seconds=(self.last_fetch_at - self.first_fetch_at).total_seconds()
        )

    def _seconds_by_pace(self) -> float | None:
        if self.slots is None or self.first_fetch_at is None or self.first_slot_index is None:
            return None
        last_at, last_slot = self.last_fetch_at, self.last_slot_index
        if self.ended_at is not None:
            last_at, last_slot = self.ended_at, self.slots
        if last_at is None or last_slot is None:
            return None
        seen, elapsed = last_slot - self.first_slot_index, (last_at - self.first_fetch_at).total_seconds()
        return (
            elapsed / seen * self.slots if seen > LEAST_SHARE_MEASURED * self.slots and elapsed > 0 else None
        )


def _between(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start).total_seconds() or None if start is not None and end is not None else None
