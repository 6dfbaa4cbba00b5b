"""Which validators alerts are about, and who wanted that."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from validators.models import WatchedValidator
from validators.models.watching import watched_accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A vote account; of one that only the setting WATCHED_VALIDATORS names there is nothing more to tell."""

    vote_account: str
    origin: Literal["row", "settings"]
    note: str | None = None
    added_by: str | None = None
    added_at: datetime | None = None


def watched() -> list[Watched]:
    """By vote account."""
    rows = {row.vote_account: row for row in WatchedValidator.objects.all()}
    return [
        told(rows[account]) if account in rows else Watched(vote_account=account, origin="settings")
        for account in watched_accounts()
    ]


def told(row: WatchedValidator) -> Watched:
    return Watched(
        vote_account=row.vote_account,
        origin="row",
        note=row.note or None,
        added_by=row.added_by,
        added_at=row.added_at,
    )
