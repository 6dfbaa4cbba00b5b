"""What is another than at the fetch before; what an imported history says is not a fetch."""

from collections.abc import Mapping
from datetime import datetime

from validators import bulk
from validators.models import CommissionChange, IdentityChange
from validators.services.stored import StoredValidator
from validators.solana.snapshot import Snapshot


def record_commission_changes(
    snapshot: Snapshot, stored: Mapping[str, StoredValidator], *, stored_at: datetime
) -> list[int]:
    """Store every commission that changed; returns the keys of these validators."""
    changes = [
        (row.pk, row.commission_bps, state.account.commission_bps)
        for state in snapshot.accounts
        if (row := stored.get(state.account.vote_account)) is not None
        and row.seen_by_a_fetch
        and row.commission_bps != state.account.commission_bps
    ]
    bulk.insert_rows(
        CommissionChange,
        fields=("validator_id", "from_bps", "to_bps"),
        rows=changes,
        constants={"epoch": snapshot.epoch.epoch, "seen_at": stored_at},
    )
    return [change[0] for change in changes]


def record_identity_changes(
    snapshot: Snapshot, stored: Mapping[str, StoredValidator], *, stored_at: datetime
) -> None:
    """Store every vote account that another node votes for now."""
    changes = [
        (row.pk, row.identity, state.account.identity)
        for state in snapshot.accounts
        if (row := stored.get(state.account.vote_account)) is not None
        and row.seen_by_a_fetch
        and row.identity != state.account.identity
    ]
    bulk.insert_rows(
        IdentityChange,
        fields=("validator_id", "from_identity", "to_identity"),
        rows=changes,
        constants={"epoch": snapshot.epoch.epoch, "seen_at": stored_at},
    )
