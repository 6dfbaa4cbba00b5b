"""Adding to, and taking from, the validators that alerts are about."""

from datetime import datetime

from django.conf import settings

from scheduling.exceptions import RefusedError, UnknownNameError
from validators.models import Validator, WatchedValidator
from validators.solana.pubkey import is_pubkey

LONGEST_SHOWN = 60


def require_account(vote_account: str) -> None:
    """Raises RefusedError for what is no key, and for a node's; of another one the first fetch may tell."""
    if not is_pubkey(vote_account):
        raise RefusedError(f"{vote_account[:LONGEST_SHOWN]!r} is no vote account: 32 bytes in base58.")
    if Validator.objects.of_account(vote_account) is not None:
        return
    if owned := Validator.objects.accounts_of(vote_account):
        raise RefusedError(f"{vote_account} is no vote account. It is the identity of {', '.join(owned)}.")


def watch(vote_account: str, *, by: str, note: str, now: datetime) -> WatchedValidator:
    """Have alerts tell of it; for one that is watched already, only the note is another."""
    require_account(vote_account)
    row, _ = WatchedValidator.objects.update_or_create(
        vote_account=vote_account,
        defaults={"note": note},
        create_defaults={"note": note, "added_by": by, "added_at": now},
    )
    return row


def unwatch(vote_account: str) -> None:
    """Raises UnknownNameError for one that is not watched, RefusedError for one that the settings name."""
    deleted, _ = WatchedValidator.objects.filter(vote_account=vote_account).delete()
    if vote_account in settings.WATCHED_VALIDATORS:
        raise RefusedError(f"{vote_account} is watched by the setting WATCHED_VALIDATORS; take it out there.")
    if not deleted:
        raise UnknownNameError(f"Nobody watches {vote_account[:LONGEST_SHOWN]!r}.")
