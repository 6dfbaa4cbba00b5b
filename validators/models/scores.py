"""What we said of the validators, and why."""

from typing import Self

from django.db import models
from django.db.models import Q

from validators.models.cluster import Fetch
from validators.models.validators import Validator


class ScoringInputs(models.Model):
    """What the runs of one scoring were given, so that their scores can be computed again."""

    # Two scorings of one fetch are mostly given the same.
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the body")
    body = models.BinaryField(help_text="See validators.scoring.stored_inputs")

    class Meta:
        verbose_name_plural = "scoring inputs"

    def __str__(self) -> str:
        return self.digest


class ScoringRunQuerySet(models.QuerySet["ScoringRun"]):
    def told(self) -> Self:
        """Without those whose scores are still on their way."""
        return self.exclude(status=self.model.Status.STORING)

    def completed(self) -> Self:
        return self.filter(status=self.model.Status.COMPLETED)

    def storing(self) -> Self:
        """Those whose scores are still on their way, and which no clean-up takes away."""
        return self.filter(status=self.model.Status.STORING, reason="")

    def newest(self) -> "ScoringRun | None":
        return self.order_by("-pk").first()


class ScoringRun(models.Model):
    """One application of one scoring method to one fetch."""

    class Status(models.TextChoices):
        # Every staked validator has a score of this run.
        COMPLETED = "completed"
        # There was nothing to score; the reason says why.
        SKIPPED = "skipped"
        # It broke; the reason is the error, and no score was stored.
        FAILED = "failed"
        # Its scores are on their way, or their process died: nobody is told of it.
        STORING = "storing"

    method = models.CharField(max_length=50)
    version = models.CharField(max_length=20)
    epoch = models.BigIntegerField(null=True, blank=True)
    fetch = models.ForeignKey(
        Fetch, on_delete=models.SET_NULL, null=True, blank=True, related_name="scoring_runs"
    )
    # The clean-up deletes inputs that no run needs; anything else the database refuses.
    inputs = models.ForeignKey(
        ScoringInputs, on_delete=models.DO_NOTHING, null=True, blank=True, related_name="runs"
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
                condition=Q(status__in=["completed", "skipped", "failed", "storing"]),
                name="scoring_run_status_known",
            ),
        ]
        indexes = [
            # The newest run in a state, and the last of each epoch.
            models.Index(fields=["status", "-id"], name="scoring_run_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.version}, run {self.pk}: {self.status}"


class TrustScoreQuerySet(models.QuerySet["TrustScore"]):
    def told(self) -> Self:
        return self.filter(run__status=ScoringRun.Status.COMPLETED)


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
            # A run's scores, best first, and all scores, the newest run's first.
            models.Index(fields=["-run", "rank"], name="trust_score_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.score:.1f} (rank {self.rank})"
