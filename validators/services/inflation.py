"""Storing what the validators share in an epoch: once for each epoch."""

from typing import Any

from django.utils import timezone

from scheduling.exceptions import SkipRun
from validators.exceptions import SnapshotRefusedError
from validators.models import ClusterEpoch
from validators.services import bulk
from validators.services.attempts import attempt, newest_fetch
from validators.services.sources import Source, record_success
from validators.services.yields import refresh_yields
from validators.solana.arithmetic import CreditsUnit
from validators.solana.inflation import Inflation, ask_inflation


def fetch_inflation() -> dict[str, Any]:
    """Ask for inflation and supply and store them with the running epoch.

    Raises SkipRun when they are known of that epoch already.
    """
    running = newest_fetch().epoch
    known = ClusterEpoch.objects.filter(epoch=running, total_supply__isnull=False)
    if known.exists():
        raise SkipRun(f"the inflation of epoch {running} is known")
    return attempt(Source.INFLATION, ask=ask_inflation, store=lambda answer: _store(answer, running))


def _store(inflation: Inflation, running: int) -> dict[str, Any]:
    bulk.serialize_writers()
    # One epoch ahead is an epoch that began since the newest fetch.
    if not running <= inflation.epoch <= running + 1:
        raise SnapshotRefusedError(
            f"{inflation.endpoint}: inflation of epoch {inflation.epoch}, and epoch {running} runs"
        )
    numbers = {"inflation_validator": inflation.validator, "total_supply": inflation.total_supply}
    ClusterEpoch.objects.update_or_create(
        epoch=inflation.epoch,
        defaults=numbers,
        create_defaults={"credits_unit": CreditsUnit.VOTE_CREDITS.value, **numbers},
    )
    refresh_yields()
    record_success(Source.INFLATION, endpoint=inflation.endpoint, at=timezone.now())
    return {
        "endpoint": inflation.endpoint,
        "epoch": inflation.epoch,
        "validator_inflation": inflation.validator,
        "total_supply": inflation.total_supply,
    }
