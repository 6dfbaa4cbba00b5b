"""What stakers earned: once an epoch is over, and its inflation and supply are known."""

from collections.abc import Iterable, Mapping

from validators.models import ClusterEpoch, Validator, ValidatorEpoch
from validators.services import bulk
from validators.solana.arithmetic import CreditsUnit
from validators.solana.economics import EPOCHS_IN_MEDIAN, apy, epoch_return, median_apy

BPS_IN_ALL = 10_000
# A change of commission made in one epoch first applies two epochs later (SIMD-0249).
EPOCHS_UNTIL_COMMISSION_APPLIES = 2


def refresh_returns(epochs: Iterable[int]) -> bool:
    """Work out the returns of these ended epochs, and everybody's median APY. Call inside a transaction.

    Returns whether any changed.
    """
    clusters = list(ClusterEpoch.objects.filter(epoch__in=list(epochs)).order_by("epoch"))
    changed = [_refresh_epoch(cluster) for cluster in clusters]
    if clusters:
        changed.append(refresh_apy())
    return any(changed)


def refresh_apy() -> bool:
    """The median APY of each validator over the last ten ended epochs; returns whether any changed."""
    newest = ClusterEpoch.objects.order_by("-epoch").values_list("epoch", flat=True).first()
    if newest is None:
        return False
    epochs = range(newest - EPOCHS_IN_MEDIAN, newest)
    seconds = {row.epoch: row.seconds for row in ClusterEpoch.objects.filter(epoch__in=epochs)}
    rows = ValidatorEpoch.objects.filter(
        epoch__in=epochs, estimated_return__isnull=False, validator__left_at=None
    )
    returns: dict[int, dict[int, float]] = {}
    for key, epoch, earned in bulk.read_rows(rows.values_list("validator_id", "epoch", "estimated_return")):
        returns.setdefault(key, {})[epoch] = earned
    changed = []
    for key, stored in bulk.read_rows(Validator.objects.values_list("pk", "apy")):
        known = returns.get(key, {})
        value = median_apy([apy(known.get(epoch), seconds.get(epoch)) for epoch in epochs])
        if value != stored:
            changed.append((value, key))
    bulk.update_rows(Validator, fields=("apy",), rows=changed, constants={})
    return bool(changed)


def _refresh_epoch(cluster: ClusterEpoch) -> bool:
    commissions = _applied_commissions(cluster.epoch)
    rows = ValidatorEpoch.objects.filter(epoch=cluster.epoch)
    numbers = ("credits", "credits_unit", "credits_before_split", "activated_stake", "estimated_return")
    changed = []
    for pk, key, credits, unit, before_split, stake, stored in bulk.read_rows(
        rows.values_list("pk", "validator_id", *numbers)
    ):
        # The migration epoch paid in two ways, of which each number tells one part.
        whole = before_split is None and unit == cluster.credits_unit
        value = _return(cluster, credits if whole else None, stake, commissions.get(key))
        if value != stored:
            changed.append((value, pk))
    bulk.update_rows(ValidatorEpoch, fields=("estimated_return",), rows=changed, constants={})
    return bool(changed)


def _return(cluster: ClusterEpoch, credits: int | None, stake: int | None, bps: int | None) -> float | None:
    divisor = cluster.credit_stake_sum
    if cluster.credits_unit == CreditsUnit.LAMPORTS and divisor is not None:
        # Lamports scale with stake, so the credits of the formula are lamports ÷ stake.
        divisor = divisor * stake if stake else None
    return epoch_return(
        commission=None if bps is None else bps / BPS_IN_ALL,
        total_supply=cluster.total_supply,
        validator_inflation=cluster.inflation_validator,
        credits=credits,
        credit_stake_sum=None if divisor is None else int(divisor),
    )


def _applied_commissions(epoch: int) -> Mapping[int, int]:
    """The commission in basis points that the epoch's rewards were shared by, where it is known.

    That is the last one seen two epochs before. What was seen later says nothing of it, for it may
    have changed meanwhile.
    """
    then = ValidatorEpoch.objects.filter(
        epoch=epoch - EPOCHS_UNTIL_COMMISSION_APPLIES, commission_last_bps__isnull=False
    )
    return dict(bulk.read_rows(then.values_list("validator_id", "commission_last_bps")))
