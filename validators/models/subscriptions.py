"""Who is sent what happens, how far they have got, and what became of each delivery."""

from datetime import datetime, timedelta
from typing import Final, Self

from django.db import models
from django.db.models import Q

from scheduling.models.tokens import ApiToken

LONGEST_URL: Final = 500
# Whoever is delivering counts as dead after this, which is longer than any attempt takes.
HELD_FOR: Final = timedelta(seconds=60)
LONGEST_WAIT: Final = timedelta(hours=1)
# Waits are longer by up to this share, so that what failed together is not tried together.
JITTER: Final = 0.25


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def active(self) -> Self:
        return self.filter(paused="")

    def due(self, *, now: datetime) -> Self:
        """Those that nobody delivers just now and whose next attempt may begin, the longest waiting first.

        What is further off than anything waits here was written by a clock that was ahead, and is no wait.
        """
        is_held = Q(held_until__gte=now, held_until__lte=now + HELD_FOR)
        waits = Q(due_at__gt=now, due_at__lte=now + LONGEST_WAIT * (1 + JITTER))
        return self.active().exclude(is_held).exclude(waits).order_by("due_at", "pk")


class Subscription(models.Model):
    """An address that gets events, each at least once and in order. What it wants never changes.

    Everything up to the cursor was delivered, or is not wanted.
    """

    class Pause(models.TextChoices):
        """Why nothing is delivered; empty while it is."""

        ASKED = "asked", "somebody paused it"
        FAILED = "failed", "every delivery failed for a day"
        GONE = "gone", "the receiver answered 410: it is gone for good"
        TOKEN = "token", "its token ended, or lost the scope subscribe"
        SECRET = "secret", "the SECRET_KEY is another one since, so its secret has to be renewed"

    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="+")
    url = models.CharField(max_length=LONGEST_URL)
    validators = models.JSONField(default=list, help_text="Vote accounts; all, when empty")
    kinds = models.JSONField(default=list, help_text="Kinds of events; all, when empty")
    created_at = models.DateTimeField()

    # The secret is made of this and SECRET_KEY, so that who reads the database alone can forge nothing.
    salt = models.CharField(max_length=64)
    secret_digest = models.CharField(max_length=64, help_text="Of the secret, which is itself not kept")
    # After a renewal, for as long as both secrets sign.
    former_salt = models.CharField(max_length=64, blank=True)
    former_until = models.DateTimeField(null=True)

    cursor = models.BigIntegerField(help_text="Number of the last event that was delivered or passed over")
    sending_through = models.BigIntegerField(
        null=True, help_text="Last number of the batch that is tried, which stays as it is until it is taken"
    )
    due_at = models.DateTimeField(help_text="When the next attempt may begin")
    claim = models.CharField(max_length=32, blank=True, help_text="Of whoever is delivering")
    held_until = models.DateTimeField(null=True, help_text="When whoever is delivering counts as dead")
    failures = models.IntegerField(default=0, help_text="Attempts in a row that came to nothing")
    failing_since = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True, help_text="The last time that a batch was taken")
    paused = models.CharField(max_length=8, choices=Pause.choices, blank=True)
    paused_at = models.DateTimeField(null=True)
    tested_at = models.DateTimeField(null=True)
    # The last gap: events that were deleted by age before they could be delivered.
    lost_from = models.BigIntegerField(null=True)
    lost_to = models.BigIntegerField(null=True)

    objects = SubscriptionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Subscription {self.pk}"


class SubscriptionDelivery(models.Model):
    """One attempt to deliver a batch, or a test; deleted by age as runs are."""

    # The index below serves the look-up by subscription.
    subscription = models.ForeignKey(
        Subscription, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    at = models.DateTimeField(help_text="When it ended")
    first = models.BigIntegerField(null=True, help_text="Number of the first event; null for a test")
    last = models.BigIntegerField(null=True)
    events = models.IntegerField(default=0)
    attempt = models.IntegerField(default=1)
    status = models.IntegerField(null=True, help_text="That the receiver answered; null when it did not")
    milliseconds = models.IntegerField(null=True)
    error = models.CharField(max_length=200, blank=True, help_text="In our words; empty when it was taken")

    class Meta:
        indexes = [
            # One subscription's, the newest first.
            models.Index(fields=["subscription", "-id"], name="delivery_by_subscription"),
            # What is too old.
            models.Index(fields=["at"], name="delivery_by_age"),
        ]
        verbose_name_plural = "subscription deliveries"

    def __str__(self) -> str:
        return f"Delivery {self.pk} of subscription {self.subscription_id}"
