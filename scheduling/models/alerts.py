"""What was found wrong, from when to when, and whose turn it is to look."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from scheduling.timing.instants import show_instant


class Alert(models.Model):
    """Something wrong with one subject, by one rule: open until it has been fine for a while."""

    rule = models.CharField(max_length=50)
    subject = models.CharField(max_length=150, help_text="A schedule, a validator, the cluster.")
    message = models.TextField()
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="When it was last found to be so.")
    told_at = models.DateTimeField(help_text="When somebody was last told, if anybody is to be.")
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-opened_at", "-pk"]
        constraints: ClassVar = [
            # However many hosts look, it opens once.
            models.UniqueConstraint(
                fields=["rule", "subject"], condition=Q(closed_at=None), name="scheduling_alert_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule}: {self.subject}"


class AlertRound(models.Model):
    """When somebody last looked; the one row that a host must move on to be the one who looks."""

    looked_at = models.DateTimeField()
    quiet_until = models.DateTimeField(
        null=True, blank=True, help_text="Nothing new is told before: everything has only just come back."
    )

    def __str__(self) -> str:
        return show_instant(self.looked_at)
