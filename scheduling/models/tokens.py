"""Tokens that let programs act on schedules, each for what its scopes name."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Final

from django.conf import settings
from django.db import models, transaction

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# Tells people, and scanners of leaked secrets, what they have found.
PREFIX: Final = "staking_"
# Of randomness: nobody tries them all, so one quick hash keeps a token as safe as a slow one would.
TOKEN_BYTES: Final = 32
# Of a token, shown so that people tell theirs apart.
SHOWN_LENGTH: Final = len(PREFIX) + 4
# How often the last use of a token is written down: each time is a write.
USE_IS_NOTED_EVERY: Final = timedelta(minutes=1)
# The one permission for everything an operator does, also where a schedule or a run is acted upon, and by a
# token of his; and the one to read what strangers may not.
OPERATE: Final = "scheduling.change_job"
READ: Final = "scheduling.view_run"
# To have this host talk to an address that somebody else names.
SUBSCRIBE: Final = "scheduling.subscribe"


class Scope(StrEnum):
    """What a token may do; the field `may_…` of the same name says whether it may."""

    TRIGGER = "trigger"
    PAUSE = "pause"
    RESUME = "resume"
    READ = "read"
    SUBSCRIBE = "subscribe"
    WATCH = "watch"

    @property
    def permission(self) -> str:
        """Without which nobody grants it, and no token of his keeps it."""
        return {Scope.READ: READ, Scope.SUBSCRIBE: SUBSCRIBE}.get(self, OPERATE)


class ApiToken(models.Model):
    """A token as we keep it: its hash. The token itself is shown once, when it is made."""

    name = models.CharField(
        max_length=100, unique=True, help_text="Who uses it; the journal of changes names it."
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    begins_with = models.CharField(max_length=20, editable=False)
    may_trigger = models.BooleanField(default=False, help_text="Run a job now.")
    may_pause = models.BooleanField(default=False, help_text="Pause a job.")
    may_resume = models.BooleanField(default=False, help_text="Resume a paused job.")
    may_read = models.BooleanField(
        default=False, help_text="Read why runs failed, notes and names of people."
    )
    may_subscribe = models.BooleanField(
        default=False, db_default=False, help_text="Have events sent to an address of its own."
    )
    may_watch = models.BooleanField(
        default=False, db_default=False, help_text="Change which validators alerts are about."
    )
    schedules = models.TextField(
        blank=True, help_text="Names of the schedules it may act on, one a line; all, when empty."
    )
    expires_at = models.DateTimeField(null=True, blank=True, help_text="It opens nothing from then on (UTC).")
    # Null for tokens older than this column.
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.CASCADE, related_name="+"
    )
    last_used_at = models.DateTimeField(null=True, editable=False, help_text="To the minute.")
    created_at = models.DateTimeField(editable=False)
    created_by = models.CharField(max_length=150, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name = "API token"
        permissions: ClassVar = [("subscribe", "Can grant tokens the scope subscribe")]

    def __str__(self) -> str:
        return self.name

    def may(self, scope: Scope) -> bool:
        """Whether it was granted that, and whoever granted it still could."""
        maker: User | None = self.maker
        return bool(getattr(self, f"may_{scope}")) and (maker is None or maker.has_perm(scope.permission))

    def opens_at(self, now: datetime) -> bool:
        """Whether it opens anything then: neither it nor its maker ended."""
        maker: User | None = self.maker
        has_ended = self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= now)
        return not has_ended and (maker is None or maker.is_active)

    def may_act_on(self, schedule: str) -> bool:
        names = self.schedules.split("\n")
        return not self.schedules.strip() or schedule in {name.strip() for name in names}


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made, and the only time that its text is known."""

    row: ApiToken
    text: str


def issue_token(token: ApiToken, *, by: str, now: datetime, maker: "User | None" = None) -> NewToken:
    """Give an unsaved token, with its name and scopes, its text, and store it."""
    token.maker = maker
    text = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    token.digest, token.begins_with = _digest(text), text[:SHOWN_LENGTH]
    token.created_at, token.created_by = now, by
    token.save(force_insert=True)
    return NewToken(token, text)


def revoke_tokens(tokens: "models.QuerySet[ApiToken]", *, now: datetime) -> int:
    """From now on these open nothing; returns how many still did."""
    return tokens.filter(revoked_at=None).update(revoked_at=now)


def token_of(text: str, *, now: datetime) -> ApiToken | None:
    """The token with this text; None when there is none, it was revoked, or it or its maker ended."""
    token = ApiToken.objects.select_related("maker").filter(digest=_digest(text)).first()
    if token is None or not token.opens_at(now):
        return None
    if token.last_used_at is None or now - token.last_used_at > USE_IS_NOTED_EVERY:
        _note_use(token, now=now)
    return token


def _note_use(token: ApiToken, *, now: datetime) -> None:
    """Who holds the token's row (PostgreSQL) keeps that from being known, and the token from nothing."""
    others = ApiToken.objects.filter(pk=token.pk).exclude(last_used_at__gt=now - USE_IS_NOTED_EVERY)
    with transaction.atomic():
        free = others.select_for_update(skip_locked=True).values_list("pk", flat=True)
        ApiToken.objects.filter(pk__in=list(free)).update(last_used_at=now)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
