"""What a fetch changes is found out before it is let in, and counts only as long as nobody else wrote."""

from datetime import UTC, datetime
from threading import Thread
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.replies import EPOCH
from validators.models import Fetch, SourceState, Validator, ValidatorEpoch
from validators.models.marks import PictureMark, Writer, mark_picture
from validators.services import fetching
from validators.services.comparison import Comparison, compare
from validators.services.present import Present, read_present
from validators.services.snapshots import record_snapshot
from validators.solana.looking import take_snapshot
from validators.solana.snapshot import Snapshot
from validators.tasks import fetch_validators

pytestmark = [pytest.mark.database]

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def look(endpoint: CannedEndpoint) -> Snapshot:
    return take_snapshot([endpoint.url], seconds=5, began_at=NOON, split_epoch=None).answer


@pytest.mark.django_db
def test_what_somebody_stored_meanwhile_is_read_again(endpoint: CannedEndpoint) -> None:
    snapshot = look(endpoint)
    record_snapshot(snapshot, stored_at=NOON)
    compared = compare(snapshot)
    Validator.objects.update(version="9.9.9")
    mark_picture(SourceState.Source.NODES)

    record_snapshot(snapshot, stored_at=NOON, compared=compared)

    rows = ValidatorEpoch.objects.filter(epoch=EPOCH).values_list("version", "fetches")
    assert set(rows) == {("9.9.9", 2)}


@pytest.mark.django_db
def test_a_fetch_that_left_no_mark_is_seen(endpoint: CannedEndpoint) -> None:
    """As a version from before the marks stores it, on another host while this one is upgraded."""
    snapshot = look(endpoint)
    record_snapshot(snapshot, stored_at=NOON)
    compared = compare(snapshot)
    record_snapshot(snapshot, stored_at=NOON)
    for writer, mark in compared.marks.items():
        PictureMark.objects.filter(writer=writer).update(mark=mark)

    record_snapshot(snapshot, stored_at=NOON, compared=compared)

    rows = ValidatorEpoch.objects.filter(epoch=EPOCH)
    assert set(rows.values_list("fetches", flat=True)) == {3}


@pytest.mark.django_db
@pytest.mark.parametrize("leaves_a_mark", [True, False])
def test_what_was_read_before_the_look_is_read_again_where_somebody_wrote_since(
    endpoint: CannedEndpoint, leaves_a_mark: bool
) -> None:
    snapshot = look(endpoint)
    record_snapshot(snapshot, stored_at=NOON)
    present = read_present()
    if leaves_a_mark:
        Validator.objects.update(version="9.9.9")
        mark_picture(SourceState.Source.NODES)
    else:
        record_snapshot(snapshot, stored_at=NOON)
        for writer, mark in present.marks.items():
            PictureMark.objects.filter(writer=writer).update(mark=mark)

    compared = compare(snapshot, present)
    record_snapshot(snapshot, stored_at=NOON, compared=compared)

    rows = ValidatorEpoch.objects.filter(epoch=EPOCH).values_list("version", "fetches")
    assert set(rows) == {("9.9.9", 2) if leaves_a_mark else ("", 3)}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("writer", "is_current"),
    [
        (Writer.SCORES, True),
        (SourceState.Source.NAMES, True),
        (SourceState.Source.VOTES, False),
        (SourceState.Source.VOTE_STATES, False),
        (Writer.IMPORTS, False),
        ("whoever comes", False),
    ],
)
def test_only_who_writes_what_is_compared_makes_it_doubtful(
    endpoint: CannedEndpoint, writer: str, is_current: bool
) -> None:
    compared = compare(look(endpoint))

    mark_picture(writer)

    assert compared.is_current is is_current


@pytest.mark.django_db(transaction=True)
def test_others_write_while_a_fetch_compares(
    endpoint: CannedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_validators()
    endpoint.current = [*replies.accounts(19, rootSlot=8), replies.account("newcomer")]
    written: list[int] = []

    def write() -> None:
        with transaction.atomic():
            written.append(Validator.objects.update(details="Somebody wrote this."))
        connection.close()

    def compared(snapshot: Snapshot, present: Present) -> Comparison:
        found = compare(snapshot, present)
        other = Thread(target=write)
        other.start()
        other.join()
        return found

    monkeypatch.setattr(fetching, "compare", compared)
    result = fetch_validators()

    assert (written, result["joined"], result["left"], result["epoch_rows_written"]) == ([20], 1, 1, 24)
    rows = ValidatorEpoch.objects.filter(epoch=EPOCH).order_by("fetches").values_list("fetches", flat=True)
    assert list(rows) == [1, 1, *[2] * 19]
    assert set(Validator.objects.filter(left_at=None).values_list("root_slot", "details")) == {
        (8, "Somebody wrote this."),
        (replies.account(1)["rootSlot"], ""),
    }


@pytest.mark.django_db
def test_a_database_that_is_away_while_it_compares_is_waited_for_when_it_stores(
    endpoint: CannedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any) -> Comparison:
        raise DatabaseError("server closed the connection")

    monkeypatch.setattr(fetching, "compare", away)

    assert fetch_validators()["joined"] == 20
    assert Fetch.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_lost_after_comparing_takes_what_was_loaded_with_it(
    endpoint: CannedEndpoint,
) -> None:
    snapshot = look(endpoint)
    with transaction.atomic():
        record_snapshot(snapshot, stored_at=NOON)
    compared = compare(snapshot)
    connection.close()

    with transaction.atomic():
        record_snapshot(snapshot, stored_at=NOON, compared=compared)

    rows = ValidatorEpoch.objects.filter(epoch=EPOCH)
    assert set(rows.values_list("fetches", flat=True)) == {2}
