"""What is seen from one fetch to the next: delinquency, identities, commissions, and how often we looked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.replies import EPOCH
from validators.models import DelinquencyIncident, IdentityChange, Validator, ValidatorEpoch
from validators.tasks import fetch_validators

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def looks(endpoint: CannedEndpoint, *pictures: dict[str, Any]) -> None:
    """One fetch a minute from noon on, each of one of these pictures of the endpoint."""
    with time_machine.travel(NOON, tick=False) as clock:
        for picture in pictures:
            for name, value in picture.items():
                setattr(endpoint, name, value)
            fetch_validators()
            clock.shift(MINUTE)


FIRST, *OTHERS = replies.accounts(25)
VOTING = {"current": [FIRST, *OTHERS], "delinquent": []}
DELINQUENT = {"current": OTHERS, "delinquent": [FIRST]}
REJECTED = {"current": [FIRST | {"activatedStake": -1}, *OTHERS], "delinquent": []}
GONE = {"current": OTHERS, "delinquent": []}


def incidents() -> list[tuple[int, int | None, int]]:
    """Minutes from noon to start and end, and the fetches that saw it."""
    rows = DelinquencyIncident.objects.filter(validator__vote_account=FIRST["votePubkey"]).order_by("pk")
    return [
        (
            (row.started_at - NOON) // MINUTE,
            None if row.ended_at is None else (row.ended_at - NOON) // MINUTE,
            row.fetches,
        )
        for row in rows
    ]


@pytest.mark.parametrize(
    ("pictures", "seen"),
    [
        ([VOTING, VOTING], []),
        ([DELINQUENT], [(0, None, 1)]),
        ([VOTING, DELINQUENT, DELINQUENT, DELINQUENT], [(1, None, 3)]),
        ([VOTING, DELINQUENT, DELINQUENT, VOTING, VOTING], [(1, 3, 2)]),
        ([DELINQUENT, VOTING, DELINQUENT, VOTING], [(0, 1, 1), (2, 3, 1)]),
        ([DELINQUENT, REJECTED, DELINQUENT, VOTING], [(0, 3, 2)]),
        ([DELINQUENT, GONE, GONE], [(0, 1, 1)]),
        ([DELINQUENT, GONE, DELINQUENT], [(0, 1, 1), (2, None, 1)]),
    ],
)
def test_an_incident_lasts_from_the_first_fetch_that_sees_it_to_the_first_that_does_not(
    endpoint: CannedEndpoint, pictures: list[dict[str, Any]], seen: list[tuple[int, int | None, int]]
) -> None:
    looks(endpoint, *pictures)

    assert incidents() == seen
    assert not DelinquencyIncident.objects.exclude(start_epoch=EPOCH).exists()


def test_the_share_of_delinquent_fetches_is_counted_by_epoch_and_the_last_one_is_kept(
    endpoint: CannedEndpoint,
) -> None:
    looks(endpoint, VOTING, DELINQUENT, DELINQUENT, VOTING, REJECTED)
    tomorrow = {"epoch_infos": [replies.epoch_info(EPOCH + 1, 10)]}
    looks(endpoint, DELINQUENT | tomorrow)

    rows = ValidatorEpoch.objects.filter(validator__vote_account=FIRST["votePubkey"], epoch__gte=EPOCH)
    numbers = rows.order_by("epoch").values_list(
        "epoch", "fetches", "delinquent_fetches", "delinquent_at_end"
    )
    assert list(numbers) == [(EPOCH, 4, 2, False), (EPOCH + 1, 1, 1, True)]


def charging(bps: int) -> dict[str, Any]:
    return {"current": [FIRST | {"inflationRewardsCommissionBps": bps}, *OTHERS], "delinquent": []}


def test_a_commission_through_an_epoch_is_kept_with_its_extremes_and_its_source(
    endpoint: CannedEndpoint,
) -> None:
    twice = [charging(bps) for bps in (500, 10_000, 200, 300) for _ in range(2)]
    looks(endpoint, *twice, charging(0))

    row = ValidatorEpoch.objects.get(validator__vote_account=FIRST["votePubkey"], epoch=EPOCH)
    # The last is as one look saw it; an extreme is what a second one confirmed.
    assert (row.commission_first_bps, row.commission_last_bps) == (500, 0)
    assert (row.commission_min_bps, row.commission_max_bps) == (200, 10_000)
    assert row.commission_source == "vote_account"


@pytest.mark.parametrize(
    ("commissions", "flags"),
    [
        ([500, 500], []),
        ([500, 799], []),
        ([500, 800], ["three points or more upward within one epoch"]),
        ([900, 1_100], ["crossed 10 % upward"]),
        ([10_000], ["above 50 %"]),
        ([1_100, 900], []),
        ([500, 600, 500], ["up and back within one epoch"]),
    ],
)
def test_what_is_striking_about_a_commission_is_flagged(
    endpoint: CannedEndpoint, commissions: list[int], flags: list[str]
) -> None:
    looks(endpoint, *(charging(bps) for bps in commissions for _ in range(2)))

    row = Validator.objects.get(vote_account=FIRST["votePubkey"])
    assert row.commission_flags == flags
    looks(endpoint, VOTING)
    row.refresh_from_db()
    assert set(flags) <= set(row.commission_flags)


def test_a_new_identity_is_a_change_that_is_kept(endpoint: CannedEndpoint) -> None:
    moved = {"current": [FIRST | {"nodePubkey": replies.key("elsewhere")}, *OTHERS]}
    looks(endpoint, VOTING, moved, moved)

    change = IdentityChange.objects.get()
    assert (change.from_identity, change.to_identity) == (FIRST["nodePubkey"], replies.key("elsewhere"))
    assert (change.validator.vote_account, change.epoch) == (FIRST["votePubkey"], EPOCH)
    assert change.seen_at == NOON + MINUTE
    row = ValidatorEpoch.objects.get(validator=change.validator, epoch=EPOCH)
    assert row.identity == replies.key("elsewhere")
