"""What follows from imported rows: the cluster by epoch as history tells it, commission flags, returns."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

from django.db import transaction

from validators.models import BlocksBasis, ClusterEpoch, Fetch, Origin, ValidatorEpoch
from validators.models.marks import Writer, mark_picture
from validators.services import bulk
from validators.services.flags import refresh_commission_flags
from validators.services.returns import refresh_ended_epoch
from validators.services.settled_past import pasts_of
from validators.services.told_changes import refresh_told_changes
from validators.services.yields import refresh_yields
from validators.solana.arithmetic import CreditsUnit
from validators.solana.economics import EPOCHS_UNTIL_COMMISSION_APPLIES
from validators.solana.means import credit_mean
from validators.solana.standing import Software, Stake, standing_of

# Of one transaction, which fetches wait for, so many rows: of some validators all from the first epoch of an
# import to the last, or of some epochs those of all validators.
ROWS_AT_ONCE: Final = 20_000
MOST_VALIDATORS_AT_ONCE: Final = 200
EPOCHS_AT_ONCE: Final = 5


class Member(NamedTuple):
    """What one validator's row says of its part in an epoch."""

    vote_account: str
    credits: int | None
    credits_final: bool
    credits_unit: str
    stake: int | None
    version: str
    client: str
    identity: str
    leader_slots: int | None
    blocks_produced: int | None
    blocks_basis: str


_COLUMNS: Final = (
    *("validator__vote_account", "credits", "credits_final", "credits_unit"),
    *("activated_stake", "version", "client", "identity"),
    *("leader_slots", "blocks_produced", "blocks_basis"),
)
_UNKNOWN: Final[tuple[Any, ...]] = (None, [], {})
_OF_BLOCKS: Final = frozenset({"leader_slots", "blocks_produced", "blocks_basis"})


def derive_cluster_epochs(epochs: Iterable[int]) -> None:
    """Bring the ClusterEpoch rows of these epochs to what the validators' rows say.

    An imported row is replaced; of a live one only what it does not know is filled in, and blocks that were
    not counted in all of the epoch.
    """
    newest = Fetch.objects.newest()
    for epoch in epochs:
        with transaction.atomic():
            bulk.serialize_writers()
            rows = ValidatorEpoch.objects.filter(epoch=epoch).values_list(*_COLUMNS)
            numbers = cluster_numbers(bulk.read_records(Member, rows))
            if newest and epoch >= newest.epoch:
                # Whatever a file says, more are made: what stands there as final is counted no more.
                numbers = {name: value for name, value in numbers.items() if name not in _OF_BLOCKS}
            if _store(epoch, numbers):
                mark_picture(Writer.IMPORTS)


def refresh_derived(keys: Sequence[int], epochs: Collection[int]) -> None:
    """Bring to those epochs these validators' commission flags and changes, and known returns."""
    # A change is told by its epoch's row and the one before.
    since, until = min(epochs, default=0) - 1, max(epochs, default=0) + 1
    at_once = max(1, min(MOST_VALIDATORS_AT_ONCE, ROWS_AT_ONCE // (until - since)))
    for start in range(0, len(keys), at_once):
        with transaction.atomic():
            bulk.serialize_writers()
            some = keys[start : start + at_once]
            changes = refresh_told_changes(pasts_of(some), since=since, until=until)
            if any([refresh_commission_flags(some), changes]):
                mark_picture(Writer.IMPORTS)
    # The commissions of an epoch also tell what a later one's rewards were shared by.
    _refresh_returns(
        sorted({epoch + later for epoch in epochs for later in range(EPOCHS_UNTIL_COMMISSION_APPLIES + 1)})
    )


def _refresh_returns(epochs: Sequence[int]) -> None:
    """Of those that are over and of which the cluster is known; then the APY, once for all of them."""
    for start in range(0, len(epochs), EPOCHS_AT_ONCE):
        with transaction.atomic():
            bulk.serialize_writers()
            newest = Fetch.objects.newest()
            known = ClusterEpoch.objects.filter(epoch__in=epochs[start : start + EPOCHS_AT_ONCE])
            known = known.filter(epoch__lt=newest.epoch) if newest else known
            changed = [refresh_ended_epoch(one) for one in known.order_by("epoch")]
            if any(changed):
                mark_picture(Writer.IMPORTS)
    with transaction.atomic():
        bulk.serialize_writers()
        if refresh_yields():
            mark_picture(Writer.IMPORTS)


def _store(epoch: int, numbers: dict[str, Any]) -> bool:
    """Returns whether the row was not like that already."""
    stored = ClusterEpoch.objects.filter(epoch=epoch).first()
    if stored is None:
        ClusterEpoch.objects.create(
            epoch=epoch,
            source=Origin.IMPORTED.value,
            **numbers,
        )
        return True
    if stored.source == Origin.LIVE:
        is_final = stored.credits_final or (stored.mean_credits is None and numbers["credits_final"])
        unknown = {name for name in numbers if getattr(stored, name) in _UNKNOWN}
        if stored.blocks_basis != BlocksBasis.FINAL:
            unknown |= _OF_BLOCKS & numbers.keys()
        numbers = {name: numbers[name] for name in unknown} | {"credits_final": is_final}
    news = {name: value for name, value in numbers.items() if getattr(stored, name) != value}
    if news:
        ClusterEpoch.objects.filter(pk=stored.pk).update(**news)
    return bool(news)


def cluster_numbers(everybody: Sequence[Member]) -> dict[str, Any]:
    """The fields of ClusterEpoch that follow from the rows of an epoch.

    The mean is weighted by stake, over accounts with stake whose credits are known.
    """
    units = {one.credits_unit for one in everybody}
    unit = (CreditsUnit.LAMPORTS if CreditsUnit.LAMPORTS.value in units else CreditsUnit.VOTE_CREDITS).value
    mean = credit_mean(
        (
            (one.credits, one.stake)
            for one in everybody
            if one.credits is not None and one.credits_final and one.stake and one.credits_unit == unit
        ),
        unit=unit,
    )
    knows_stake = any(one.stake is not None for one in everybody)
    standing = standing_of(
        Stake(one.vote_account, one.stake or 0, Software(one.version, one.client)) for one in everybody
    )
    return {
        **_blocks(everybody),
        "credits_unit": unit,
        "total_stake": standing.total_stake if knows_stake else None,
        "validators": standing.accounts,
        "staked": standing.staked if knows_stake else None,
        "mean_credits": mean.mean,
        "credits_final": mean.mean is not None,
        "credit_stake_sum": None if mean.credit_stake_sum is None else float(mean.credit_stake_sum),
        "superminority_size": len(standing.superminority) or None,
        "superminority": list(standing.superminority),
        "stake_by_client": dict(standing.by_client),
        "stake_by_version": dict(standing.by_version),
    }


def _blocks(everybody: Sequence[Member]) -> dict[str, Any]:
    """All of the cluster's, where they are known of all with stake; accounts of one identity share theirs.

    Jito's history tells no identity, and of blocks only where no other account has the same.
    """
    whole = {
        one.identity or one.vote_account: (one.leader_slots, one.blocks_produced)
        for one in everybody
        if one.blocks_basis == BlocksBasis.FINAL
    }
    if not whole or any(one.stake and (one.identity or one.vote_account) not in whole for one in everybody):
        return {}
    return {
        "leader_slots": sum(slots or 0 for slots, _ in whole.values()),
        "blocks_produced": sum(blocks or 0 for _, blocks in whole.values()),
        "blocks_basis": BlocksBasis.FINAL.value,
    }
