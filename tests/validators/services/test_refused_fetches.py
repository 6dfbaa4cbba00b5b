"""Fetching: what is refused, and that the last good picture stays when a fetch fails."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint, reply
from tests.validators.replies import EPOCH, epoch_credits
from tests.validators.services.stored import picture
from validators.exceptions import EndpointError, ImplausibleError, ValidatorsError
from validators.models import Fetch
from validators.services import snapshots
from validators.services.snapshots import record_snapshot
from validators.solana.looking import take_snapshot
from validators.tasks import fetch_validators

pytestmark = [pytest.mark.django_db, pytest.mark.database]

Damage = Callable[[CannedEndpoint], None]


def _shrunk(endpoint: CannedEndpoint) -> None:
    endpoint.current = endpoint.current[:9]


def _other_cluster(endpoint: CannedEndpoint) -> None:
    endpoint.current = [replies.account(f"elsewhere {number}") for number in range(20)]


def _behind(endpoint: CannedEndpoint) -> None:
    endpoint.epoch_infos = [replies.epoch_info(EPOCH - 1)]
    endpoint.current = replies.accounts(20, epochCredits=epoch_credits(1, last=EPOCH - 1))


def _spoilt(endpoint: CannedEndpoint) -> None:
    endpoint.current = [*replies.accounts(18), *replies.accounts(2, activatedStake=-1)]


def _unreachable(endpoint: CannedEndpoint) -> None:
    endpoint.faults = [reply("", 500)]


@pytest.mark.parametrize(
    ("damage", "error", "complaint"),
    [
        (_shrunk, ImplausibleError, "shrank by more than half, from 20 validators to 9"),
        (
            _other_cluster,
            ImplausibleError,
            "looks like another cluster; point DATABASE_URL at another database",
        ),
        (_behind, ImplausibleError, f"is in epoch {EPOCH - 1}, and epoch {EPOCH} is stored already"),
        (_spoilt, EndpointError, "20 records are invalid"),
        (_unreachable, EndpointError, "HTTP 500"),
    ],
)
def test_a_fetch_that_fails_leaves_the_last_good_picture(
    endpoint: CannedEndpoint, damage: Damage, error: type[ValidatorsError], complaint: str
) -> None:
    fetch_validators()
    before = picture()
    damage(endpoint)

    with pytest.raises(error, match=complaint):
        fetch_validators()

    assert (picture(), Fetch.objects.count()) == (before, 1)


def test_half_of_the_cluster_may_leave_while_nobody_looks(endpoint: CannedEndpoint) -> None:
    fetch_validators()
    endpoint.epoch_infos = [replies.epoch_info(EPOCH + 30)]
    endpoint.current = replies.accounts(10, epochCredits=epoch_credits(1, 2, last=EPOCH + 30))

    assert fetch_validators()["left"] == 10


def test_a_fault_in_the_middle_of_storing_stores_nothing(
    endpoint: CannedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_validators()
    before = picture()
    endpoint.current = replies.accounts(25)

    def fail(*args: Any, **kwargs: Any) -> int:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(snapshots, "record_epochs", fail)
    with pytest.raises(DatabaseError):
        fetch_validators()

    assert (picture(), Fetch.objects.count()) == (before, 1)


def test_a_download_that_began_before_the_stored_one_is_left_out(endpoint: CannedEndpoint) -> None:
    early = datetime(2026, 11, 20, 12, tzinfo=UTC)
    older = take_snapshot([endpoint.url], seconds=5, began_at=early, split_epoch=None).answer
    endpoint.current = replies.accounts(20, activatedStake=7)
    newer = take_snapshot(
        [endpoint.url], seconds=5, began_at=early + timedelta(seconds=1), split_epoch=None
    ).answer
    record_snapshot(newer, stored_at=early + timedelta(seconds=2))
    before = picture()

    result = record_snapshot(older, stored_at=early + timedelta(seconds=3))

    assert (result.fetch_id, picture(), Fetch.objects.count()) == (None, before, 1)


def test_a_clock_that_was_ahead_does_not_hold_up_the_others(endpoint: CannedEndpoint) -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    ahead = take_snapshot(
        [endpoint.url], seconds=5, began_at=now + timedelta(hours=1), split_epoch=None
    ).answer
    record_snapshot(ahead, stored_at=now + timedelta(hours=1))
    right = take_snapshot([endpoint.url], seconds=5, began_at=now, split_epoch=None).answer

    assert record_snapshot(right, stored_at=now + timedelta(seconds=1)).fetch_id is not None
