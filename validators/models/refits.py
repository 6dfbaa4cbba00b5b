"""Refits of a scoring method on this installation's own history, and how they were judged."""

from typing import Self

from django.db import models
from django.db.models import Q


class RefitQuerySet(models.QuerySet["Refit"]):
    def accepted(self) -> Self:
        return self.filter(accepted=True)


class Refit(models.Model):
    """One refit: what it learnt from, how it and what it was compared with did, and what came of it."""

    method = models.CharField(max_length=50)
    # The version of the shipped method, the last epoch learnt from, and a digest of the coefficients.
    version = models.CharField(max_length=20)
    made_at = models.DateTimeField()
    fitted_to = models.BigIntegerField(help_text="The last epoch whose outcome was learnt from")
    judged_to = models.BigIntegerField(help_text="The last epoch whose outcome it was judged by")
    accepted = models.BooleanField(help_text="Whether scores are made with it from then on")
    reason = models.TextField()
    # The candidate's, the shipped coefficients', and those in use where they are others.
    figures = models.JSONField(help_text="By whose they are")
    # Of an accepted one only: whatever was scored with it can be explained and computed again.
    coefficients = models.JSONField(null=True, blank=True)

    objects = RefitQuerySet.as_manager()

    class Meta:
        constraints = [
            # The same history gives the same coefficients; and how a run's are found again.
            models.UniqueConstraint(fields=["method", "version"], name="refit_once"),
            models.CheckConstraint(
                condition=Q(accepted=False) | Q(coefficients__isnull=False), name="refit_accepted_is_kept"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.version}: {'accepted' if self.accepted else 'not accepted'}"
