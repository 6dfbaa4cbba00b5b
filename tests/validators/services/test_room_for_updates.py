"""A fetch rewrites every row of the present; on PostgreSQL the new one finds room beside the old one."""

from collections.abc import Mapping

import pytest
from django.db import connection, models

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from validators.models import Validator, ValidatorEpoch
from validators.tasks import fetch_validators

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

if connection.vendor == "postgresql":  # elsewhere a row stays where it is

    @pytest.mark.parametrize("model", [Validator, ValidatorEpoch])
    def test_rows_stay_on_their_pages_from_fetch_to_fetch(
        endpoint: CannedEndpoint, model: type[models.Model]
    ) -> None:
        endpoint.current = [replies.account(number) for number in range(200)]
        fetch_validators()
        before = _places(model)

        fetch_validators()

        after = _places(model)
        assert len({page for page, _ in after.values()}) > 1
        moved = [key for key, (page, _) in after.items() if page != before[key][0]]
        assert (len(moved), before != after) == (0, True)


def _places(model: type[models.Model]) -> Mapping[int, tuple[int, int]]:
    """Page and place of each row, by primary key."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, ctid::text FROM {model._meta.db_table}")  # noqa: S608
        found = [(key, place.strip("()").split(",")) for key, place in cursor.fetchall()]
    return {key: (int(page), int(place)) for key, (page, place) in found}
