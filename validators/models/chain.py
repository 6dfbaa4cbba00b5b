"""What holds for the chain as a whole, whatever epoch runs."""

from typing import Final

from django.db import models

from validators.models.validators import PUBKEY_LENGTH
from validators.solana.slot_times import slot_ms_in

# There is one row.
THE_CHAIN: Final = 1


class ChainState(models.Model):
    """What the newest look at the chain's own accounts told; one row."""

    class Alpenglow(models.TextChoices):
        """Whether votes are off the chain."""

        UNKNOWN = "unknown"
        OFF = "off"
        PENDING = "pending"  # from the next boundary on
        ON = "on"

    genesis_hash = models.CharField(max_length=PUBKEY_LENGTH, blank=True, help_text="Which cluster this is")
    alpenglow = models.CharField(max_length=8, choices=Alpenglow.choices, default=Alpenglow.UNKNOWN)
    alpenglow_epoch = models.BigIntegerField(null=True, blank=True, help_text="In which it began, or will")
    # None where no endpoint says; an empty list is a chain on which nobody is refused.
    admission_from = models.JSONField(
        null=True, blank=True, help_text="A list of the first epoch whose set is chosen by the admission rule"
    )
    slot_times = models.JSONField(
        null=True, blank=True, help_text="(first epoch, milliseconds of a slot), oldest first"
    )
    measured_slot_ms = models.FloatField(null=True, blank=True, help_text="As slots passed in this epoch")
    rent = models.BigIntegerField(null=True, blank=True, help_text="Lamports that a vote account must hold")
    slot = models.BigIntegerField(null=True, blank=True, help_text="Of that look")
    looked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Chain {self.genesis_hash or 'unknown'} at slot {self.slot}"

    def slot_ms_in(self, epoch: int) -> int | None:
        """The slot time of an epoch by the feature accounts; None where no endpoint told them."""
        return slot_ms_in(self.slot_times, epoch) if self.slot_times else None


class VoteState(models.Model):
    """A vote account as it stands on the chain, and whether it will be let in."""

    class Admission(models.TextChoices):
        """Whether the account is in the set of an epoch."""

        OK = "ok"
        OUT = "out"
        UNKNOWN = "unknown"

    validator = models.OneToOneField(
        "validators.Validator", on_delete=models.CASCADE, related_name="vote_state"
    )
    state_version = models.CharField(max_length=8)
    withdrawer = models.CharField(max_length=PUBKEY_LENGTH)
    # Both empty where the account's version has none.
    inflation_collector = models.CharField(max_length=PUBKEY_LENGTH, blank=True)
    block_collector = models.CharField(max_length=PUBKEY_LENGTH, blank=True)
    block_commission_bps = models.IntegerField()
    pending_rewards = models.BigIntegerField(help_text="Lamports not yet handed on to delegators")
    bls_key = models.CharField(max_length=12)
    balance = models.BigIntegerField(help_text="Lamports")
    epoch = models.BigIntegerField(help_text="Running at that look")
    slot = models.BigIntegerField(help_text="Of that look")
    looked_at = models.DateTimeField()
    next_epoch = models.CharField(max_length=8, choices=Admission.choices, default=Admission.UNKNOWN)
    after_next = models.CharField(max_length=8, choices=Admission.choices, default=Admission.UNKNOWN)
    last_known = models.CharField(
        max_length=8,
        choices=Admission.choices,
        blank=True,
        db_default="",
        help_text="What of the set after next was known last; empty when it never was",
    )
    reason = models.CharField(max_length=60, blank=True, help_text="Why it is not in the set after next")
    epochs_paid = models.BigIntegerField(null=True, blank=True, help_text="That its balance pays for")

    class Meta:
        indexes = [
            # Everybody of one operator.
            models.Index(fields=["withdrawer"], name="vote_state_by_withdrawer"),
        ]

    def __str__(self) -> str:
        return f"Vote account {self.validator_id} at slot {self.slot}"
