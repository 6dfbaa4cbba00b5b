"""What changed, told one after the other: each event once, in the order in which the changes were stored."""

from typing import Final

from django.db import models

from validators.models.validators import Validator

# There is one row.
THE_TALLY: Final = 1


class ValidatorEvent(models.Model):
    """One thing that changed about one validator, written in the transaction that stored the change."""

    class Kind(models.TextChoices):
        """What happened; kinds may be added, and are never renamed."""

        JOINED = "joined", "joined the cluster"
        LEFT = "left", "left the cluster"
        # One look saw it; who goes back to what was confirmed never left it, so that is confirmed at once.
        COMMISSION = "commission", "commission changed"
        COMMISSION_CONFIRMED = "commission_confirmed", "commission confirmed by a second look"
        # Of tips, from one of its accounts to a later one, which the chain keeps: one look is enough.
        MEV_COMMISSION = "mev_commission", "MEV commission changed"
        DELINQUENCY_BEGAN = "delinquency_began", "delinquency began"
        DELINQUENCY_ENDED = "delinquency_ended", "delinquency ended"
        IDENTITY = "identity", "identity changed"
        ADMISSION_LOST = "admission_lost", "admission lost"
        ADMISSION_REGAINED = "admission_regained", "admission regained"
        VERSION = "version", "version changed"
        SUPERMINORITY_ENTERED = "superminority_entered", "entered the superminority"
        SUPERMINORITY_LEFT = "superminority_left", "left the superminority"
        # Of the headline method, by many places.
        RANK = "rank", "rank moved"
        BAD_EPOCH = "bad_epoch", "bad epoch"
        # By one set of rules.
        VERDICT = "verdict", "verdict changed"

    # Grows in the order of commits, without gaps; it is the cursor that readers go on from.
    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(help_text="When the change was seen")
    epoch = models.BigIntegerField(help_text="Running when the change was seen")
    kind = models.CharField(max_length=24, choices=Kind.choices)
    # The index below serves the look-up by validator.
    validator = models.ForeignKey(Validator, on_delete=models.CASCADE, related_name="events", db_index=False)
    facts = models.JSONField(default=dict, help_text="See validators.services.events")

    class Meta:
        indexes = [
            # One validator's events, in both directions.
            models.Index(fields=["validator", "number"], name="validator_event_history"),
            # Those of rare kinds, in both directions.
            models.Index(fields=["kind", "number"], name="validator_event_by_kind"),
            # Where a time lies among the numbers, and what is too old.
            models.Index(fields=["at", "number"], name="validator_event_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.kind} of validator {self.validator_id}"


class EventTally(models.Model):
    """How far events are counted, and how far they were deleted by age; one row.

    Whoever writes events holds this row until its transaction ends, so that nobody ever sees a number
    before all smaller ones.
    """

    newest = models.BigIntegerField(default=0, help_text="Number of the newest event")
    forgotten = models.BigIntegerField(default=0, help_text="Up to this number none is kept")
    forgotten_at = models.DateTimeField(null=True, blank=True, help_text="When that one was seen")

    def __str__(self) -> str:
        return f"Events {self.forgotten + 1} to {self.newest}"

    @staticmethod
    def now() -> "EventTally":
        """As it stands; before the first event nothing is counted."""
        return EventTally.objects.filter(pk=THE_TALLY).first() or EventTally()


class ToldRanks(models.Model):
    """From which ranks the next moves are reckoned: as first seen by a method, or as last told; one row."""

    method = models.CharField(max_length=50)
    version = models.CharField(max_length=20)
    ranks = models.JSONField(default=dict, help_text="By the validator's key, which JSON makes text")

    class Meta:
        verbose_name_plural = "told ranks"

    def __str__(self) -> str:
        return f"Ranks by {self.method} {self.version}"
