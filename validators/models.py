"""What the chain says about validators, and what we made of it.

Stake is in lamports, commission in basis points, rates are fractions; None is unknown.
"""

from django.db import models
from django.db.models import Q

from validators.querysets import FetchQuerySet, ScoringRunQuerySet, TrustScoreQuerySet, ValidatorQuerySet
from validators.solana.arithmetic import CreditsUnit

PUBKEY_LENGTH = 44


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


class Validator(models.Model):
    """A vote account as the newest fetch that held it saw it; never deleted."""

    vote_account = models.CharField(max_length=PUBKEY_LENGTH, unique=True)
    identity = models.CharField(
        max_length=PUBKEY_LENGTH, help_text="Node key; may change, may own several vote accounts"
    )
    name = models.CharField(max_length=200, blank=True, default="")
    activated_stake = models.BigIntegerField(help_text="Lamports")
    commission_bps = models.IntegerField(null=True, blank=True)
    delinquent = models.BooleanField(help_text="Last vote 128 slots behind or more")
    epoch_vote_account = models.BooleanField(help_text="Staked for the running epoch")
    last_vote = models.BigIntegerField(help_text="Slot")
    root_slot = models.BigIntegerField(null=True, blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True, help_text="When a fetch first missed it")

    objects = ValidatorQuerySet.as_manager()

    class Meta:
        indexes = [
            # All vote accounts of one node.
            models.Index(fields=["identity"], name="validator_by_identity"),
        ]

    def __str__(self) -> str:
        return self.name or self.vote_account


class ValidatorEpoch(models.Model):
    """What one validator did in one epoch; the history that everything is computed from."""

    # The unique constraint serves the look-up by validator.
    validator = models.ForeignKey(Validator, on_delete=models.CASCADE, related_name="epochs", db_index=False)
    epoch = models.BigIntegerField()
    credits = models.BigIntegerField(
        null=True, blank=True, help_text="Earned in the epoch, in the unit beside it"
    )
    credits_unit = models.CharField(
        max_length=12,
        choices=[(CreditsUnit.VOTE_CREDITS.value, "vote credits"), (CreditsUnit.LAMPORTS.value, "lamports")],
    )
    credits_before_split = models.BigIntegerField(
        null=True, blank=True, help_text="Vote credits of the migration epoch's first part"
    )
    # Both as last seen while the epoch ran; None for an epoch that we did not see live.
    commission_bps = models.IntegerField(null=True, blank=True)
    activated_stake = models.BigIntegerField(null=True, blank=True, help_text="Lamports")
    fetched_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["validator", "epoch"], name="validator_epoch_once"),
        ]
        indexes = [
            # The cluster in one epoch: scoring.
            models.Index(fields=["epoch"], name="validator_epoch_by_epoch"),
        ]

    def __str__(self) -> str:
        return f"Validator {self.validator_id} in epoch {self.epoch}"


class CommissionChange(models.Model):
    """A commission that was another at the fetch before; it first applies two epochs later (SIMD-0249)."""

    # The index below serves the look-up by validator.
    validator = models.ForeignKey(
        Validator, on_delete=models.CASCADE, related_name="commission_changes", db_index=False
    )
    epoch = models.BigIntegerField(help_text="Running when the change was seen")
    from_bps = models.IntegerField()
    to_bps = models.IntegerField()
    seen_at = models.DateTimeField()

    class Meta:
        indexes = [
            # One validator's changes, newest first.
            models.Index(fields=["validator", "-seen_at"], name="commission_change_history"),
        ]

    def __str__(self) -> str:
        return f"Validator {self.validator_id}: {self.from_bps} to {self.to_bps} bps in epoch {self.epoch}"


class ScoringRun(models.Model):
    """One application of one scoring method to one fetch."""

    class Status(models.TextChoices):
        # Every staked validator has a score of this run.
        COMPLETED = "completed"
        # There was nothing to score; the reason says why.
        SKIPPED = "skipped"
        # It broke; the reason is the error, and no score was stored.
        FAILED = "failed"

    method = models.CharField(max_length=50)
    version = models.CharField(max_length=20)
    epoch = models.BigIntegerField(null=True, blank=True)
    fetch = models.ForeignKey(
        Fetch, on_delete=models.SET_NULL, null=True, blank=True, related_name="scoring_runs"
    )
    status = models.CharField(max_length=10, choices=Status.choices)
    reason = models.TextField(blank=True, default="")
    scored_count = models.IntegerField(default=0)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()

    objects = ScoringRunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["completed", "skipped", "failed"]), name="scoring_run_status_known"
            ),
        ]
        indexes = [
            # The newest run in a state, and the last of each epoch.
            models.Index(fields=["status", "-id"], name="scoring_run_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.version}, run {self.pk}: {self.status}"


class TrustScore(models.Model):
    """What one run said of one validator, with the parts the score was made of."""

    # Each of these is served by one of the two indexes below.
    run = models.ForeignKey(ScoringRun, on_delete=models.CASCADE, related_name="scores", db_index=False)
    validator = models.ForeignKey(Validator, on_delete=models.CASCADE, related_name="scores", db_index=False)
    score = models.FloatField(help_text="0 to 100")
    rank = models.IntegerField(help_text="1 is best")
    components = models.JSONField()

    objects = TrustScoreQuerySet.as_manager()

    class Meta:
        constraints = [
            # Also one validator's score history.
            models.UniqueConstraint(fields=["validator", "run"], name="trust_score_once"),
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=100), name="trust_score_0_to_100"),
        ]
        indexes = [
            # A run's scores, best first.
            models.Index(fields=["run", "rank"], name="trust_score_by_rank"),
        ]

    def __str__(self) -> str:
        return f"{self.score:.1f} (rank {self.rank})"
