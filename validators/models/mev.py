"""What validators got beside the rewards of an epoch, and what they kept of it."""

from django.db import models

from validators.models.validators import Validator


class MevEpoch(models.Model):
    """Tips and shared priority fees of one validator in one epoch, as Jito's accounts told; never deleted.

    The accounts are closed ten epochs later, so that this is where the past is. None is unknown, and never
    none: without an account the commission is None.
    """

    class Source(models.TextChoices):
        """Who says so."""

        # The distribution accounts of the epoch themselves.
        ACCOUNTS = "accounts"

    # The unique constraint serves the look-up by validator.
    validator = models.ForeignKey(Validator, on_delete=models.CASCADE, related_name="mev", db_index=False)
    epoch = models.BigIntegerField()
    runs_jito = models.BooleanField(
        null=True, help_text="Whether it had a tip account; without one, known once it has made a block"
    )
    commission_bps = models.IntegerField(null=True, help_text="Of tips; None without an account")
    tips = models.BigIntegerField(null=True, help_text="Lamports for stakers, validator and router together")
    tips_final = models.BooleanField(db_default=False, help_text="They will not change any more")
    priority_commission_bps = models.IntegerField(
        null=True, help_text="Kept of priority fees before they were put there; None without an account"
    )
    priority_fees = models.BigIntegerField(null=True, help_text="Lamports that it put there to be shared")
    priority_final = models.BooleanField(db_default=False, help_text="They will not change any more")
    settled = models.BooleanField(
        db_default=False, help_text="The epoch is over, and the accounts have no more to tell"
    )
    slot = models.BigIntegerField(help_text="Of the newest look at its accounts")
    looked_at = models.DateTimeField()
    source = models.CharField(max_length=8, choices=Source.choices, db_default=Source.ACCOUNTS)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["validator", "epoch"], name="validators_mev_epoch_once"),
        ]
        indexes = [
            # What is still to be asked of the last epochs, and what they brought.
            models.Index(fields=["epoch"], name="validators_mev_by_epoch"),
        ]

    def __str__(self) -> str:
        return f"MEV of validator {self.validator_id} in epoch {self.epoch}"
