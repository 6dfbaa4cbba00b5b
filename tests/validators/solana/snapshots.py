"""Snapshots taken at noon, for their tests."""

from datetime import UTC, datetime

from validators.solana.looking import take_snapshot
from validators.solana.snapshot import Snapshot

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def snapshot(*urls: str, seconds: float = 5.0, split_epoch: int | None = None) -> Snapshot:
    return take_snapshot(urls, seconds=seconds, began_at=NOON, split_epoch=split_epoch).answer
