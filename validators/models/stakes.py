"""The stake accounts of validators, summed by epoch."""

from django.db import models

from validators.models.validators import Validator


class StakeEpoch(models.Model):
    """The stake accounts of one validator, in lamports, by the last look in an epoch; never deleted."""

    class Source(models.TextChoices):
        """Who says so."""

        # getProgramAccounts of the stake program.
        ACCOUNTS = "accounts"

    # The unique constraint serves the look-up by validator.
    validator = models.ForeignKey(Validator, on_delete=models.CASCADE, related_name="stakes", db_index=False)
    epoch = models.BigIntegerField(help_text="Running at that look")
    accounts = models.IntegerField(help_text="Those that are active in the epoch, or come with the next one")
    active = models.BigIntegerField(help_text="Working in the epoch")
    activating = models.BigIntegerField(help_text="Coming with the next epoch")
    deactivating = models.BigIntegerField(help_text="Of the active, what leaves with the end of the epoch")
    own = models.BigIntegerField(
        null=True, help_text="Of the active, what the vote account's withdraw authority may take"
    )
    slot = models.BigIntegerField(help_text="Of that look")
    looked_at = models.DateTimeField()
    source = models.CharField(max_length=8, choices=Source.choices, db_default=Source.ACCOUNTS)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["validator", "epoch"], name="validators_stake_epoch_once"),
        ]
        indexes = [
            # Who was looked at in the running epoch.
            models.Index(fields=["epoch"], name="validators_stake_by_epoch"),
        ]

    def __str__(self) -> str:
        return f"Stake accounts of validator {self.validator_id} in epoch {self.epoch}"
