"""A fetch rewrites every row of the present; on PostgreSQL the new one finds room beside the old one."""

from collections.abc import Mapping

import pytest
from django.db import connection, models
from django.utils import timezone

from tests.validators.rows import validator
from validators.models import Validator, ValidatorEpoch
from validators.services import bulk

pytestmark = [pytest.mark.django_db, pytest.mark.database]

ROWS = 300

if connection.vendor == "postgresql":  # elsewhere a row stays where it is

    def test_an_epochs_row_stays_on_its_page_when_it_is_rewritten() -> None:
        one = validator(1)
        epochs = (
            ValidatorEpoch(validator=one, epoch=epoch, fetched_at=timezone.now()) for epoch in range(ROWS)
        )
        ValidatorEpoch.objects.bulk_create(epochs)

        assert _moved_by_rewriting(ValidatorEpoch, field="fetches", times=1) == 0

    def test_a_validators_row_stays_on_its_page_when_a_fetch_rewrites_it_twice() -> None:
        for number in range(ROWS):
            validator(number)

        assert _moved_by_rewriting(Validator, field="activated_stake", times=2) == 0


def _moved_by_rewriting(model: type[models.Model], *, field: str, times: int) -> int:
    """How many rows are on another page afterwards. In one transaction, whose old rows no other can clear."""
    before = _pages(model)
    assert len(set(before.values())) > 1
    for time in range(times):
        rows = [(time + 1, key) for key in before]
        bulk.update_rows(model, fields=(field,), rows=rows, constants={})
    after = _pages(model)
    return sum(after[key] != page for key, page in before.items())


def _pages(model: type[models.Model]) -> Mapping[int, int]:
    """The page of each row, by primary key."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, ctid::text FROM {model._meta.db_table}")  # noqa: S608
        return {key: int(place.strip("(").partition(",")[0]) for key, place in cursor.fetchall()}
