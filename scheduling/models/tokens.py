"""Tokens that let programs act on schedules, each for what its scopes name."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

from django.db import models

# Tells people, and scanners of leaked secrets, what they have found.
PREFIX: Final = "staking_"
# Of randomness: nobody tries them all, so one quick hash keeps a token as safe as a slow one would.
TOKEN_BYTES: Final = 32
# Of a token, shown so that people tell theirs apart.
SHOWN_LENGTH: Final = len(PREFIX) + 4


class Scope(StrEnum):
    """What a token may do; the field `may_…` of the same name says whether it may."""

    TRIGGER = "trigger"
    PAUSE = "pause"
    RESUME = "resume"


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
    created_at = models.DateTimeField(editable=False)
    created_by = models.CharField(max_length=150, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name = "API token"

    def __str__(self) -> str:
        return self.name

    def may(self, scope: Scope) -> bool:
        return bool(getattr(self, f"may_{scope}"))


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made, and the only time that its text is known."""

    row: ApiToken
    text: str


def issue_token(token: ApiToken, *, by: str, now: datetime) -> NewToken:
    """Give an unsaved token, with its name and scopes, its text, and store it."""
    text = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    token.digest, token.begins_with = _digest(text), text[:SHOWN_LENGTH]
    token.created_at, token.created_by = now, by
    token.save(force_insert=True)
    return NewToken(token, text)


def revoke_tokens(tokens: "models.QuerySet[ApiToken]", *, now: datetime) -> int:
    """From now on these open nothing; returns how many still did."""
    return tokens.filter(revoked_at=None).update(revoked_at=now)


def token_of(text: str) -> ApiToken | None:
    """The token with this text, None when there is none or it was revoked."""
    return ApiToken.objects.filter(digest=_digest(text), revoked_at=None).first()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
