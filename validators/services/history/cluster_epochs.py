"""What follows from imported rows: the cluster by epoch as history tells it, commission flags, returns."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from django.db import transaction

from validators.models import ClusterEpoch, Fetch, Origin, ValidatorEpoch
from validators.services import bulk
from validators.services.flags import refresh_commission_flags
from validators.services.returns import EPOCHS_UNTIL_COMMISSION_APPLIES, refresh_returns
from validators.solana.arithmetic import CreditsUnit
from validators.solana.means import credit_mean
from validators.solana.standing import Software, Stake, standing_of

# Each validator may have years of epochs, and all of theirs are in memory at once.
VALIDATORS_AT_ONCE: Final = 200


class Member(NamedTuple):
    """What one validator's row says of its part in an epoch."""

    vote_account: str
    credits: int | None
    credits_unit: str
    stake: int | None
    version: str
    client: str


_COLUMNS: Final = (
    *("validator__vote_account", "credits", "credits_unit"),
    *("activated_stake", "version", "client"),
)
_UNKNOWN: Final[tuple[Any, ...]] = (None, [], {})


def derive_cluster_epochs(epochs: Iterable[int]) -> bool:
    """Bring the ClusterEpoch rows of these epochs to what the validators' rows say.

    An imported row is replaced; of a live one only what it does not know is filled in.
    Returns whether any changed.
    """
    changed = False
    for epoch in epochs:
        with transaction.atomic():
            bulk.serialize_writers()
            rows = ValidatorEpoch.objects.filter(epoch=epoch).values_list(*_COLUMNS)
            numbers = cluster_numbers([Member._make(row) for row in bulk.read_rows(rows)])
            changed |= _store(epoch, numbers)
    return changed


def refresh_derived(keys: Sequence[int], epochs: Iterable[int]) -> bool:
    """Bring these validators' commission flags, and returns where inflation is known, up to date.

    Returns whether any changed.
    """
    changed = False
    for start in range(0, len(keys), VALIDATORS_AT_ONCE):
        with transaction.atomic():
            bulk.serialize_writers()
            changed |= refresh_commission_flags(keys[start : start + VALIDATORS_AT_ONCE])
    with transaction.atomic():
        bulk.serialize_writers()
        newest = Fetch.objects.newest()
        # The commissions of an epoch also tell what a later one's rewards were shared by.
        told = {epoch + later for epoch in epochs for later in (0, EPOCHS_UNTIL_COMMISSION_APPLIES)}
        known = ClusterEpoch.objects.filter(epoch__in=told, total_supply__isnull=False)
        ended = known.filter(epoch__lt=newest.epoch) if newest else known
        return refresh_returns(list(ended.values_list("epoch", flat=True))) or changed


def _store(epoch: int, numbers: dict[str, Any]) -> bool:
    """Returns whether the row was not like that already."""
    stored = ClusterEpoch.objects.filter(epoch=epoch).first()
    if stored is None:
        ClusterEpoch.objects.create(
            epoch=epoch,
            credits_unit=CreditsUnit.VOTE_CREDITS.value,
            source=Origin.IMPORTED.value,
            **numbers,
        )
        return True
    if stored.source == Origin.LIVE:
        numbers = {name: value for name, value in numbers.items() if getattr(stored, name) in _UNKNOWN}
    news = {name: value for name, value in numbers.items() if getattr(stored, name) != value}
    if news:
        ClusterEpoch.objects.filter(pk=stored.pk).update(**news)
    return bool(news)


def cluster_numbers(members: Iterable[Member]) -> dict[str, Any]:
    """The fields of ClusterEpoch that follow from the rows of an epoch of vote credits.

    The mean is weighted by stake, over accounts with stake whose credits are known.
    """
    everybody = list(members)
    unit = CreditsUnit.VOTE_CREDITS.value
    mean = credit_mean(
        (
            (one.credits, one.stake)
            for one in everybody
            if one.credits is not None and one.stake and one.credits_unit == unit
        ),
        unit=unit,
    )
    knows_stake = any(one.stake is not None for one in everybody)
    standing = standing_of(
        Stake(one.vote_account, one.stake or 0, Software(one.version, one.client)) for one in everybody
    )
    return {
        "total_stake": standing.total_stake if knows_stake else None,
        "validators": standing.accounts,
        "staked": standing.staked if knows_stake else None,
        "mean_credits": mean.mean,
        "credit_stake_sum": None if mean.credit_stake_sum is None else float(mean.credit_stake_sum),
        "superminority_size": len(standing.superminority) or None,
        "superminority": list(standing.superminority),
        "stake_by_client": dict(standing.by_client),
        "stake_by_version": dict(standing.by_version),
    }
