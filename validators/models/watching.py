"""The validators that alerts are about."""

from django.conf import settings
from django.db import models

from validators.models.validators import PUBKEY_LENGTH


class WatchedValidator(models.Model):
    """A vote account that somebody watches; no fetch need have seen it yet."""

    vote_account = models.CharField(max_length=PUBKEY_LENGTH, unique=True)
    note = models.CharField(max_length=200, blank=True, help_text="Why, for people")
    added_by = models.CharField(max_length=150, editable=False)
    added_at = models.DateTimeField(editable=False)

    def __str__(self) -> str:
        return self.vote_account


def watched_accounts() -> list[str]:
    """Those of the rows and those of the settings, each once."""
    rows = WatchedValidator.objects.values_list("vote_account", flat=True)
    return sorted({*settings.WATCHED_VALIDATORS, *rows})
