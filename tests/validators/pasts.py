"""A validator's past for the tests of the pages and the API."""

from datetime import timedelta

from tests.validators.rows import NOON, scoring_run
from validators.models import CommissionChange, Validator, ValidatorEpoch


def past(of: Validator, *, epochs: int) -> None:
    """Epochs from 0 on, as many commission changes, and a scoring run for each, a second apart."""
    for number in range(epochs):
        at = NOON + timedelta(seconds=number)
        ValidatorEpoch.objects.create(
            validator=of,
            epoch=number,
            credits=6_900_000 + number,
            credits_unit="vote_credits",
            vote_performance=1 - number / 1_000,
            fetched_at=at,
        )
        CommissionChange.objects.create(validator=of, epoch=number, from_bps=500, to_bps=1_000, seen_at=at)
        scoring_run([(of, 90 + number / 100)], at=at)
