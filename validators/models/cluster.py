"""Looks at the cluster as a whole."""

from typing import Final

from django.db import models

from validators.models.validators import CREDITS_UNITS, Origin

# Slots of less than this share of an epoch say little about how long all of it takes.
LEAST_SHARE_MEASURED: Final = 0.05


class FetchQuerySet(models.QuerySet["Fetch"]):
    def newest(self) -> "Fetch | None":
        return self.order_by("-pk").first()


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
        help_text="The epoch in which votes left the chain (Alpenglow), if that was seen",
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


class ClusterEpoch(models.Model):
    """The cluster as a whole in one epoch, as its last fetch left it."""

    epoch = models.BigIntegerField(unique=True)
    slots = models.BigIntegerField(null=True, blank=True, help_text="In the whole epoch")
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
    superminority_size = models.IntegerField(
        null=True, blank=True, help_text="Nakamoto coefficient: the fewest with more than a third"
    )
    superminority = models.JSONField(default=list, blank=True, help_text="Vote accounts, largest stake first")
    stake_by_client = models.JSONField(default=dict, blank=True, help_text="Lamports")
    stake_by_version = models.JSONField(default=dict, blank=True, help_text="Lamports")
    inflation_validator = models.FloatField(null=True, blank=True, help_text="Yearly rate of the validators")
    total_supply = models.BigIntegerField(null=True, blank=True, help_text="Lamports")
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
    def seconds(self) -> float | None:
        """Its length: between its boundaries, else by the pace of the slots that were seen; None with few."""
        if self.started_at is not None and self.ended_at is not None:
            return (self.ended_at - self.started_at).total_seconds() or None
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
