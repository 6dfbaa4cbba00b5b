"""Storing what the validators share in an epoch: once for each epoch."""

from typing import Any, Final

from django.utils import timezone

from scheduling.exceptions import SkipRun
from validators.exceptions import ImplausibleError
from validators.models import ClusterEpoch, Fetch
from validators.services import bulk
from validators.services.attempts import attempt, newest_fetch, skip_if_ahead
from validators.services.sources import Source, record_success
from validators.services.yields import refresh_yields
from validators.solana.arithmetic import CreditsUnit
from validators.solana.inflation import RATE_METHOD, SUPPLY_METHOD, Inflation, ask_inflation

# Of the supply, in an epoch: ten times what inflation has ever made of it.
MOST_SUPPLY_CHANGE: Final = 0.005


def fetch_inflation() -> dict[str, Any]:
    """Ask for inflation and supply and store them with the running epoch.

    Raises SkipRun when they are known of that epoch already.
    """
    newest = newest_fetch()
    running = newest.epoch
    known = ClusterEpoch.objects.filter(epoch=running, total_supply__isnull=False)
    if known.exists():
        raise SkipRun(f"the inflation of epoch {running} is known")
    before = ClusterEpoch.objects.filter(total_supply__isnull=False).order_by("-epoch").first()
    return attempt(
        Source.INFLATION,
        newest=newest,
        ask=ask_inflation,
        judge=lambda endpoint, inflation: _judge(endpoint, inflation, newest, before),
        store=lambda inflation, _: _store(inflation),
    )


def _judge(endpoint: str, inflation: Inflation, newest: Fetch, before: ClusterEpoch | None) -> None:
    """Raises an ImplausibleError for another epoch's numbers, or another cluster's."""
    # One epoch ahead is an epoch that began since the newest fetch.
    skip_if_ahead(inflation.epoch, newest)
    if not newest.epoch <= inflation.epoch <= newest.epoch + 1:
        cause = f"inflation of epoch {inflation.epoch}, and epoch {newest.epoch} runs"
        raise ImplausibleError(endpoint, RATE_METHOD, cause)
    supply = inflation.total_supply
    if supply < newest.staked_total:
        cause = f"{supply} lamports in existence, and {newest.staked_total} are staked"
        raise ImplausibleError(endpoint, SUPPLY_METHOD, cause)
    if before is None or before.total_supply is None:
        return
    epochs = max(1, inflation.epoch - before.epoch)
    if abs(supply - before.total_supply) > MOST_SUPPLY_CHANGE * epochs * before.total_supply:
        cause = f"{supply} lamports in existence, and {before.total_supply} in epoch {before.epoch}"
        raise ImplausibleError(endpoint, SUPPLY_METHOD, cause)


def _store(inflation: Inflation) -> dict[str, Any]:
    bulk.serialize_writers()
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
