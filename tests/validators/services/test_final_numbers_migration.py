"""What migration 0009 makes of an older database: which numbers were final, and which changes seen twice."""

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import connection

from tests.validators.rows import NOON, SOL, fetch, validator
from validators.models import ClusterEpoch, CommissionChange, Validator, ValidatorEpoch

pytestmark = [pytest.mark.django_db, pytest.mark.database]

HOUR = timedelta(hours=1)
UNIT = "vote_credits"


def row(of: Validator, epoch: int, **fields: Any) -> ValidatorEpoch:
    given = {"credits": 5, "credits_unit": UNIT, "fetched_at": NOON, "fetches": 3, "activated_stake": SOL}
    known = {"vote_performance": 0.5, "estimated_return": 0.1}
    return ValidatorEpoch.objects.create(validator=of, epoch=epoch, **(given | known | fields))


def migrated() -> None:
    """The statements on today's tables, whose new columns are as the migration adds them."""
    statements = import_module("validators.migrations.0009_final_numbers").STATEMENTS
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def judged(one: ValidatorEpoch) -> tuple[bool, float | None, float | None]:
    one.refresh_from_db()
    return one.credits_final, one.vote_performance, one.estimated_return


FINAL, UNFINISHED = (True, 0.5, 0.1), (False, None, None)


def test_an_epoch_that_a_later_look_still_was_sent_is_final_and_one_that_none_was_is_not() -> None:
    fetch(epoch=990)
    steady, returned = validator(1), validator(2)
    seen = row(steady, 985)
    row(steady, 989)
    half = row(returned, 984)
    row(returned, 989)

    migrated()

    assert (judged(seen), judged(half)) == (FINAL, UNFINISHED)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"source": "imported"}, FINAL),
        ({"source": "account", "fetches": 0}, FINAL),
        # Nobody saw it while it ran: a later look wrote it.
        ({"fetches": 0}, FINAL),
        ({}, UNFINISHED),
        # The next epoch had been looked at when it was written last.
        ({"fetched_at": NOON + 2 * HOUR}, FINAL),
    ],
)
def test_who_wrote_a_row_and_when_tells_whether_it_is_final(
    fields: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    fetch(epoch=990)
    ClusterEpoch.objects.create(epoch=981, credits_unit=UNIT, first_fetch_at=NOON + HOUR)
    one = row(validator(1), 980, **fields)

    migrated()

    assert judged(one) == expected


def test_the_running_epoch_keeps_what_it_shows_and_is_not_final() -> None:
    fetch(epoch=990)
    one = row(validator(1), 990)
    ClusterEpoch.objects.create(epoch=990, credits_unit=UNIT, mean_credits=5.0)

    migrated()

    assert judged(one) == (False, 0.5, 0.1)
    cluster = ClusterEpoch.objects.get()
    assert (cluster.mean_credits, cluster.credits_final) == (5.0, False)


def test_a_mean_of_which_most_is_half_an_epoch_is_taken_back() -> None:
    fetch(epoch=990)
    for epoch, unfinished in ((980, 3), (985, 1)):
        ClusterEpoch.objects.create(epoch=epoch, credits_unit=UNIT, mean_credits=5.0, credit_stake_sum=7.0)
        for number in range(1, 5):
            known, _ = Validator.objects.get_or_create(
                vote_account=f"vote{number}",
                defaults={
                    "identity": f"node{number}",
                    "activated_stake": SOL,
                    "delinquent": False,
                    "epoch_vote_account": True,
                    "last_vote": 1,
                    "first_seen_at": NOON,
                    "last_seen_at": NOON,
                },
            )
            row(known, epoch, fetches=3 if number <= unfinished else 0)

    migrated()

    rows = ClusterEpoch.objects.order_by("epoch")
    assert list(rows.values_list("epoch", "mean_credits", "credit_stake_sum", "credits_final")) == [
        (980, None, None, False),
        (985, 5.0, 7.0, True),
    ]


def test_a_change_that_the_very_next_fetch_did_not_show_was_seen_once() -> None:
    for hours in (0, 1, 2, 3):
        fetch(stored_at=NOON + hours * HOUR)
    odd, lasting = validator(1), validator(2)
    for of, hours, before, after in ((odd, 0, 5, 9), (odd, 1, 9, 5), (lasting, 0, 5, 9), (lasting, 2, 9, 5)):
        CommissionChange.objects.create(
            validator=of, epoch=990, from_bps=before, to_bps=after, seen_at=NOON + hours * HOUR
        )

    migrated()

    told = CommissionChange.objects.order_by("validator", "seen_at").values_list("to_bps", "confirmed_at")
    assert list(told) == [
        (9, None),
        (5, NOON + HOUR),
        (9, NOON),
        (5, NOON + 2 * HOUR),
    ]
    assert set(Validator.objects.values_list("commission_confirmed_bps", flat=True)) == {500}


def test_a_database_of_history_alone_is_all_final() -> None:
    one = row(validator(1), 990, source="imported")

    migrated()

    assert judged(one) == FINAL
