"""Changes that imported rows tell of: worked out for the epochs that were written as for all."""

import random
from datetime import UTC, datetime

import pytest

from tests.validators import rows
from tests.validators.replies import EPOCH
from validators.models import CommissionChange, CommissionSource, Origin, Validator, ValidatorEpoch
from validators.services.settled_past import pasts_of
from validators.services.told_changes import refresh_told_changes

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
FIRST, LAST = EPOCH - 30, EPOCH


def told(validator: Validator, epoch: int, dice: random.Random, *, by_history: bool) -> ValidatorEpoch:
    first, last = dice.choices((500, 900), k=2)
    return ValidatorEpoch(
        validator=validator,
        epoch=epoch,
        fetched_at=NOW,
        commission_source=CommissionSource.IMPORTED if by_history else CommissionSource.VOTE_ACCOUNT,
        commission_first_bps=first,
        commission_last_bps=last,
        commission_min_bps=min(first, last),
        commission_max_bps=max(first, last),
    )


def changes() -> list[tuple[object, ...]]:
    columns = ("validator_id", "epoch", "from_bps", "to_bps", "in_first_look")
    return sorted(CommissionChange.objects.filter(source=Origin.IMPORTED).values_list(*columns))


@pytest.mark.parametrize("seed", range(8))
def test_changes_of_the_epochs_that_were_written_are_those_of_all(seed: int) -> None:
    dice = random.Random(seed)
    written = range(FIRST + dice.randrange(20), LAST - dice.randrange(5))
    quiet, lively = rows.validator(1), rows.validator(2)
    for validator in (quiet, lively):
        others = [epoch for epoch in range(FIRST, LAST) if epoch not in written and dice.random() < 0.9]
        ValidatorEpoch.objects.bulk_create(
            told(validator, epoch, dice, by_history=dice.random() < 0.5) for epoch in others
        )
    for epoch in dice.sample(range(FIRST, LAST), 6):
        first, last = dice.sample((500, 900), k=2)
        CommissionChange.objects.create(
            validator=lively, epoch=epoch, from_bps=first, to_bps=last, seen_at=NOW, source=Origin.LIVE
        )
    keys = [quiet.pk, lively.pk]
    refresh_told_changes(pasts_of(keys))
    new = [told(one, epoch, dice, by_history=True) for one in (quiet, lively) for epoch in written]
    ValidatorEpoch.objects.bulk_create(new)

    refresh_told_changes(pasts_of(keys), since=written[0] - 1, until=written[-1] + 1)

    found = changes()
    assert found
    assert not refresh_told_changes(pasts_of(keys))
    assert found == changes()
