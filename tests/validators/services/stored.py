"""What fetches have stored, for their tests."""

from typing import Any

from tests.validators.replies import FULL_EPOCH
from validators.models import CommissionChange, Validator, ValidatorEpoch

STEADY = FULL_EPOCH - 10_000


def picture(*without: str) -> dict[str, Any]:
    """Everything stored but the fetches themselves, the moments of fetching, and these fields."""
    moments = {"last_seen_at", "fetched_at", "first_seen_at", *without}
    models = (Validator, ValidatorEpoch, CommissionChange)
    return {
        model.__name__: [
            {name: value for name, value in row.items() if name not in moments}
            for row in model._default_manager.order_by("pk").values()
        ]
        for model in models
    }


def epochs_of(vote_account: str) -> dict[int, int | None]:
    rows = ValidatorEpoch.objects.filter(validator__vote_account=vote_account).order_by("epoch")
    return dict(rows.values_list("epoch", "credits"))
