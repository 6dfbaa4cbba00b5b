"""What became of the latest attempts on each source."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from validators.models import SourceState
from validators.models.marks import mark_picture
from validators.solana.records import Rejected
from validators.solana.snapshot import Snapshot

Source = SourceState.Source

# Nodes are replaced and plans are changed, and one question more costs nothing.
ASK_AGAIN_AFTER: Final = timedelta(hours=2)
# How many rejected records are named; all of them are counted.
MOST_REJECTED_NAMED: Final = 100
LONGEST_ERROR: Final = 2_000


def record_success(source: Source, *, endpoint: str, rejected: Sequence[Rejected] = (), at: datetime) -> None:
    """Call inside the transaction that stores the source's values."""
    _record(
        source,
        endpoint=endpoint,
        last_success_at=at,
        last_attempt_at=at,
        last_error="",
        unavailable_until=None,
        rejected_count=len(rejected),
        rejected=[one._asdict() for one in rejected[:MOST_REJECTED_NAMED]],
    )


def record_votes_success(snapshot: Snapshot, *, stored_at: datetime) -> None:
    rejected = [Rejected(one.vote_account or "", one.reason) for one in snapshot.rejected]
    record_success(Source.VOTES, endpoint=snapshot.endpoint, rejected=rejected, at=stored_at)


def record_failure(source: Source, *, error: str, at: datetime) -> None:
    """The values stay as the last success left them. It was no refusal, so it is asked again at once."""
    with transaction.atomic(savepoint=False):
        SourceState.objects.filter(source=source.value, unavailable_until__gt=at).update(unavailable_until=at)
        _record(source, last_attempt_at=at, last_error=error[:LONGEST_ERROR])


def record_unavailable(source: Source, *, endpoint: str, error: str, at: datetime) -> datetime:
    """None of these endpoints offers the method; returns when to ask again."""
    again, error = at + ASK_AGAIN_AFTER, error[:LONGEST_ERROR]
    _record(source, endpoint=endpoint, last_attempt_at=at, last_error=error, unavailable_until=again)
    return again


def ask_at_once(source: Source) -> None:
    """Whether it is offered is asked again with the next attempt."""
    SourceState.objects.filter(source=source.value).update(unavailable_until=None)


def _record(source: Source, **fields: Any) -> None:
    with transaction.atomic(savepoint=False):
        # Nearly always there is one: a statement instead of four.
        if not SourceState.objects.filter(source=source.value).update(**fields):
            SourceState.objects.update_or_create(source=source.value, defaults=fields)
        mark_picture(source)
