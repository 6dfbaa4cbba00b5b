"""What Jito's ValidatorHistory accounts tell beside what is in the rows of epochs, and who was asked."""

from django.db import models

from validators.models.validators import Validator


class JitoEpoch(models.Model):
    """Where a validator stood in an epoch, as keepers wrote down on the chain; never deleted.

    None, and an empty address, are unknown.
    """

    # The unique constraint serves the look-up by validator.
    validator = models.ForeignKey(Validator, on_delete=models.CASCADE, related_name="jito", db_index=False)
    epoch = models.BigIntegerField()
    rank = models.BigIntegerField(null=True, help_text="By stake, 0 is the largest")
    superminority = models.BooleanField(null=True)
    ip_address = models.CharField(max_length=15, blank=True, db_default="", help_text="IPv4, by gossip")
    client_id = models.SmallIntegerField(null=True, help_text="In agave's registry of clients")
    bam = models.BooleanField(null=True, help_text="Whether it was connected to BAM")
    fees = models.BigIntegerField(null=True, help_text="Lamports of priority fees that it earned")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["validator", "epoch"], name="validators_jito_epoch_once"),
        ]

    def __str__(self) -> str:
        return f"Validator {self.validator_id} in epoch {self.epoch} by Jito's history"


class HistoryAccount(models.Model):
    """How far the ValidatorHistory account of a validator has been read: an import goes on from here."""

    validator = models.OneToOneField(Validator, on_delete=models.CASCADE, related_name="history_account")
    is_there = models.BooleanField()
    read_epoch = models.BigIntegerField(
        null=True, help_text="Running when it was last read; None where it must be read whole again"
    )
    newest_epoch = models.BigIntegerField(null=True, help_text="Of its entries")
    slot = models.BigIntegerField(help_text="Of that look")
    underived_from = models.BigIntegerField(
        null=True, help_text="The first epoch whose consequences are not worked out yet; None is done"
    )

    def __str__(self) -> str:
        return f"History of validator {self.validator_id} until epoch {self.newest_epoch}"
