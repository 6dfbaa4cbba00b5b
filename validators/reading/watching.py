"""Which validators alerts are about, and who wanted that."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from validators.models import Validator, WatchedValidator
from validators.models.watching import watched_accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A vote account, and whether anybody ever saw it; of one that only the setting WATCHED_VALIDATORS names
    there is nothing more to tell."""

    vote_account: str
    seen: bool
    origin: Literal["row", "settings"]
    note: str | None = None
    added_by: str | None = None
    added_at: datetime | None = None


def watched() -> list[Watched]:
    """By vote account."""
    rows = {row.vote_account: row for row in WatchedValidator.objects.all()}
    accounts = watched_accounts()
    seen = Validator.objects.keys_of(accounts)
    return [
        told(rows[account], seen=account in seen)
        if account in rows
        else Watched(vote_account=account, seen=account in seen, origin="settings")
        for account in accounts
    ]


def told(row: WatchedValidator, *, seen: bool) -> Watched:
    return Watched(
        vote_account=row.vote_account,
        seen=seen,
        origin="row",
        note=row.note or None,
        added_by=row.added_by,
        added_at=row.added_at,
    )
