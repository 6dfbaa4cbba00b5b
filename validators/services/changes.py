"""What is another than at the fetch before; what an imported history says is not a fetch."""

from datetime import datetime

from validators.models import CommissionChange, IdentityChange
from validators.services import bulk
from validators.services.events import Kind, News
from validators.services.stored import Moved
from validators.solana.snapshot import Snapshot


def record_commission_changes(
    snapshot: Snapshot, moved: Moved, *, is_first_look: bool, stored_at: datetime
) -> list[News]:
    """Store every commission that changed, as seen once, and return them as news.

    Who goes back to what was confirmed never left it: that needs no second look.
    What is first seen in the first look of an epoch may have been made in the epoch before.
    """
    moment = bulk.prepared(CommissionChange, "confirmed_at", stored_at)
    changes = [
        (
            *(row.pk, row.commission_bps, account.commission_bps),
            moment if account.commission_bps == row.commission_confirmed_bps else None,
        )
        for row, account in moved
        if row.seen_by_a_fetch and row.commission_bps != account.commission_bps
    ]
    bulk.insert_rows(
        CommissionChange,
        fields=("validator_id", "from_bps", "to_bps", "confirmed_at"),
        rows=changes,
        constants={
            "epoch": snapshot.epoch.epoch,
            "in_first_look": is_first_look,
            "seen_at": stored_at,
        },
    )
    return [
        News(Kind.COMMISSION, key, {"from": before, "to": after, "confirmed": confirmed_at is not None})
        for key, before, after, confirmed_at in changes
    ]


def record_identity_changes(snapshot: Snapshot, moved: Moved, *, stored_at: datetime) -> list[News]:
    """Store every vote account that another node votes for now, and return them as news."""
    changes = [
        (row.pk, row.identity, account.identity)
        for row, account in moved
        if row.seen_by_a_fetch and row.identity != account.identity
    ]
    bulk.insert_rows(
        IdentityChange,
        fields=("validator_id", "from_identity", "to_identity"),
        rows=changes,
        constants={"epoch": snapshot.epoch.epoch, "seen_at": stored_at},
    )
    return [News(Kind.IDENTITY, key, {"from": before, "to": after}) for key, before, after in changes]
