"""What happened to a validator, seen from one fetch to the next."""

from typing import Any, Self

from django.db import models
from django.db.models import F, Q, Window
from django.db.models.functions import Lag

from validators.models.validators import PUBKEY_LENGTH, Origin, Validator
from validators.solana.economics import EPOCHS_UNTIL_COMMISSION_APPLIES


class CommissionChangeQuerySet(models.QuerySet["CommissionChange"]):
    def newest_first(self) -> Self:
        """By epoch: what a history tells has no instant, and comes behind what was seen in the same one."""
        return self.order_by(*_newest_first())

    def with_followers(self) -> Self:
        """Each with `followed_in`: the epoch of the next one of its validator among those asked for.

        And whether that one was seen in the first look of its epoch.
        """
        follower, in_first_look = (
            Window(Lag(name), partition_by="validator", order_by=_newest_first())
            for name in ("epoch", "in_first_look")
        )
        return self.annotate(followed_in=follower, followed_in_first_look=in_first_look)


def _newest_first() -> list[Any]:
    return [F("epoch").desc(), F("seen_at").desc(nulls_last=True), F("pk").desc()]


class CommissionChange(models.Model):
    """A commission that was another at the fetch before; it first applies two epochs later (SIMD-0249).

    Of an imported history it is one that was another in the row before, and the instant is unknown.
    """

    # The index below serves the look-up by validator.
    validator = models.ForeignKey(
        Validator, on_delete=models.CASCADE, related_name="commission_changes", db_index=False
    )
    epoch = models.BigIntegerField(help_text="Running when the change was seen")
    from_bps = models.IntegerField()
    to_bps = models.IntegerField()
    in_first_look = models.BooleanField(
        db_default=False, help_text="Of its epoch, so that it may have been made in the epoch before"
    )
    seen_at = models.DateTimeField(null=True, blank=True, help_text="Unknown in an imported history")
    confirmed_at = models.DateTimeField(
        null=True, blank=True, help_text="When a second look saw it too; none has while this is empty"
    )
    source = models.CharField(max_length=8, choices=Origin.choices, db_default=Origin.LIVE)

    # Of `with_followers`.
    followed_in: int | None = None
    followed_in_first_look: bool | None = None

    objects = CommissionChangeQuerySet.as_manager()

    class Meta:
        indexes = [
            # One validator's changes, newest first.
            models.Index(
                fields=["validator", "-epoch", "-seen_at", "-id"], name="commission_change_by_epoch"
            ),
        ]

    def __str__(self) -> str:
        return f"Validator {self.validator_id}: {self.from_bps} to {self.to_bps} bps in epoch {self.epoch}"

    @property
    def is_confirmed(self) -> bool:
        """A history tells of what somebody recorded; of what we saw ourselves, once is not enough."""
        return self.confirmed_at is not None or self.source != Origin.LIVE

    @property
    def doubt(self) -> str:
        """What is to be said of one that is not confirmed: whether it still can be; empty of any other."""
        if self.is_confirmed:
            return ""
        return "seen once, not confirmed yet" if self.followed_in is None else "seen once, never confirmed"

    @property
    def applies_said(self) -> str:
        """From which epoch on rewards are shared so: by what stands at the end of an epoch, so that one after
        which another came in its epoch was never paid by, unless it was made in the epoch before."""
        earlier = f"{self.applies_from_at_earliest} or " if self.in_first_look else ""
        if self.followed_in == self.epoch:
            return f"{earlier}never: it changed again in epoch {self.epoch}"
        if self.followed_at_earliest == self.epoch:
            return f"{earlier}{self.applies_from}, or never: it may have changed again in epoch {self.epoch}"
        return f"{earlier}{self.applies_from}"

    @property
    def applies_from(self) -> int:
        """The first epoch whose rewards are shared so, at the latest, if any are: see `applies_said`."""
        return self.epoch + EPOCHS_UNTIL_COMMISSION_APPLIES

    @property
    def applies_from_at_earliest(self) -> int:
        """One earlier where it may have been made in the epoch before the one it was seen in."""
        return self.applies_from - self.in_first_look

    @property
    def followed_at_earliest(self) -> int | None:
        """As `followed_in`, and one earlier where that one may have been made in the epoch before its own."""
        return None if self.followed_in is None else self.followed_in - bool(self.followed_in_first_look)


class IdentityChange(models.Model):
    """A vote account whose node key was another at the fetch before."""

    # The index below serves the look-up by validator.
    validator = models.ForeignKey(
        Validator, on_delete=models.CASCADE, related_name="identity_changes", db_index=False
    )
    epoch = models.BigIntegerField(help_text="Running when the change was seen")
    from_identity = models.CharField(max_length=PUBKEY_LENGTH)
    to_identity = models.CharField(max_length=PUBKEY_LENGTH)
    seen_at = models.DateTimeField()

    class Meta:
        indexes = [
            # One validator's changes, newest first.
            models.Index(fields=["validator", "-seen_at"], name="identity_change_history"),
        ]

    def __str__(self) -> str:
        return f"Validator {self.validator_id}: {self.to_identity} in epoch {self.epoch}"


class DelinquencyIncident(models.Model):
    """A time in which every fetch saw a validator delinquent; open while the newest one does."""

    # The index below serves the look-up by validator.
    validator = models.ForeignKey(
        Validator, on_delete=models.CASCADE, related_name="incidents", db_index=False
    )
    started_at = models.DateTimeField(help_text="The first fetch that saw it")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="The first fetch that no longer did")
    start_epoch = models.BigIntegerField()
    fetches = models.IntegerField(default=1, help_text="How many saw it")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["validator"], condition=Q(ended_at=None), name="delinquency_incident_one_open"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")),
                name="delinquency_incident_ends_after_start",
            ),
        ]
        indexes = [
            # One validator's incidents, newest first.
            models.Index(fields=["validator", "-started_at"], name="delinquency_incident_history"),
        ]

    def __str__(self) -> str:
        return f"Validator {self.validator_id} delinquent from epoch {self.start_epoch}"
