"""The cluster by epoch as a fetch shows it: the running epoch, and what is final of ended ones."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Sum

from validators.models import ChainState, ClusterEpoch, Fetch, Validator, ValidatorEpoch
from validators.services import bulk
from validators.services.returns import refresh_ended
from validators.services.yields import refresh_yields
from validators.solana.arithmetic import TUPLES_SENT, CreditsUnit, unit_in
from validators.solana.means import CreditMean, credit_mean
from validators.solana.slot_times import (
    SlotTimeBasis,
    nearest_slot_ms,
)
from validators.solana.snapshot import AccountState, Snapshot
from validators.solana.standing import Standing

# Credits known of less than this share of the present stake are no measure of the cluster: a reply
# tells of long-past epochs only for the accounts that stopped voting then.
LEAST_COVERED = 0.5


def record_cluster(
    snapshot: Snapshot,
    *,
    previous: Fetch | None,
    standing: Standing,
    mean: CreditMean,
    past: Iterable[int],
    terms_changed: bool,
) -> None:
    """Store the running epoch as this snapshot shows it, and what has become final of ended ones.

    `mean` is the `running_mean`. `past` are the ended epochs of which this fetch wrote rows; call after
    these are written. `terms_changed` says whether a commission, or who is there, did.
    """
    chain = ChainState.objects.first()
    running = _record_running(snapshot, standing, mean, chain)
    ended = set(past)
    if previous is not None and previous.epoch < snapshot.epoch.epoch:
        # What its last look left is not all of it, and maybe nothing more is told.
        ended.add(previous.epoch)
        _open_ended(range(max(previous.epoch, running.epoch - TUPLES_SENT), running.epoch), snapshot)
        _record_boundaries(previous, snapshot)
    for epoch in sorted(ended):
        record_past(epoch, chain)
    if not refresh_ended(ended) and terms_changed:
        refresh_yields()


def _open_ended(epochs: Iterable[int], snapshot: Snapshot) -> None:
    """Rows of the epochs that ended since the fetch before, maybe between two looks."""
    ClusterEpoch.objects.bulk_create(
        [
            ClusterEpoch(
                epoch=epoch,
                credits_unit=unit_in(epoch, split_epoch=snapshot.split_epoch),
                credits_final=False,
            )
            for epoch in epochs
        ],
        ignore_conflicts=True,
    )


def running_mean(snapshot: Snapshot) -> CreditMean:
    """What was earned on average in the epoch that runs."""
    unit = unit_in(snapshot.epoch.epoch, split_epoch=snapshot.split_epoch)
    earners = (_earner(state, snapshot, unit) for state in snapshot.accounts)
    return credit_mean((one for one in earners if one is not None), unit=unit)


def _record_running(
    snapshot: Snapshot, standing: Standing, mean: CreditMean, chain: ChainState | None
) -> ClusterEpoch:
    at = snapshot.epoch
    row = ClusterEpoch.objects.filter(epoch=at.epoch).first() or ClusterEpoch(epoch=at.epoch)
    if row.first_fetch_at is None:
        row.first_fetch_at, row.first_slot_index = snapshot.began_at, at.slot_index
    row.last_fetch_at, row.last_slot_index = snapshot.began_at, at.slot_index
    row.slots, row.first_slot = at.slots_in_epoch, at.absolute_slot - at.slot_index
    if row.slot_ms is None:
        set_slot_time(row, chain)
    row.total_stake, row.validators, row.staked = standing.total_stake, standing.accounts, standing.staked
    row.superminority = list(standing.superminority)
    row.superminority_size = len(standing.superminority) or None
    row.stake_by_client, row.stake_by_version = dict(standing.by_client), dict(standing.by_version)
    row.credits_unit = unit_in(at.epoch, split_epoch=snapshot.split_epoch)
    row.credits_final = False
    _set_mean(row, mean)
    row.save()
    return row


def set_slot_time(row: ClusterEpoch, chain: ChainState | None) -> None:
    """As the chain's feature accounts last said; where no endpoint tells, the nearest to the pace we saw."""
    told = chain.slot_ms_in(row.epoch) if chain else None
    if told is not None:
        row.slot_ms, row.slot_ms_basis = told, SlotTimeBasis.CHAIN.value
    elif row.slot_ms is None and (measured := row.seen_slot_ms) is not None:
        row.slot_ms, row.slot_ms_basis = nearest_slot_ms(measured), SlotTimeBasis.MEASURED.value


def _earner(state: AccountState, snapshot: Snapshot, unit: str) -> tuple[int, int] | None:
    """Credits of the running epoch and stake; who is not in the tuples has earned nothing yet."""
    newest = state.earned[-1] if state.earned else None
    if newest is None or newest.epoch != snapshot.epoch.epoch:
        return 0, state.account.activated_stake
    if newest.credits is None or newest.unit != unit:
        return None
    return newest.credits, state.account.activated_stake


def _set_mean(row: ClusterEpoch, mean: CreditMean) -> None:
    row.mean_credits = mean.mean
    row.credit_stake_sum = None if mean.credit_stake_sum is None else float(mean.credit_stake_sum)


def record_past(epoch: int, chain: ChainState | None) -> None:
    """From the final rows of an ended epoch; as long as they are too few, its mean is unknown.

    Where a validator's stake in the epoch is unknown the present one stands in.
    """
    rows = ValidatorEpoch.objects.filter(epoch=epoch, credits__isnull=False, credits_final=True)
    stakes = ("activated_stake", "validator__activated_stake")
    found = bulk.read_rows(rows.values_list("credits", "credits_unit", *stakes))
    units = {unit for _, unit, _, _ in found}
    unit = (CreditsUnit.LAMPORTS if CreditsUnit.LAMPORTS in units else CreditsUnit.VOTE_CREDITS).value
    present = Validator.objects.present().aggregate(stake=Sum("activated_stake"))["stake"] or 0
    if sum(now for _, its, _, now in found if its == unit) < LEAST_COVERED * present:
        ClusterEpoch.objects.filter(epoch=epoch, credits_final=False).update(
            mean_credits=None, credit_stake_sum=None
        )
        return
    row = ClusterEpoch.objects.filter(epoch=epoch).first() or ClusterEpoch(epoch=epoch)
    row.credits_unit, row.credits_final = unit, True
    if row.slot_ms is None:
        set_slot_time(row, chain)
    earners = (
        (credits, now if stake is None else stake) for credits, its, stake, now in found if its == unit
    )
    _set_mean(row, credit_mean(earners, unit=unit))
    row.save()


def _record_boundaries(previous: Fetch, snapshot: Snapshot) -> None:
    """Each boundary between two fetches lies on the line between their instants and slots."""
    slots = snapshot.epoch.absolute_slot - previous.absolute_slot
    elapsed = snapshot.began_at - previous.started_at
    if slots <= 0 or elapsed <= timedelta(0):
        return
    boundary = previous.absolute_slot - previous.slot_index
    for epoch in range(previous.epoch, snapshot.epoch.epoch):
        boundary += previous.slots_in_epoch
        if epoch == snapshot.epoch.epoch - 1:
            boundary = snapshot.epoch.absolute_slot - snapshot.epoch.slot_index
        share = (boundary - previous.absolute_slot) / slots
        if 0 <= share <= 1:
            _record_boundary(epoch, previous.started_at + elapsed * share)


def _record_boundary(epoch: int, at: datetime) -> None:
    ended = ClusterEpoch.objects.filter(epoch=epoch)
    # Of a clock that was put back meanwhile.
    ended.filter(started_at__gt=at).update(started_at=None)
    ended.update(ended_at=at)
    ClusterEpoch.objects.filter(epoch=epoch + 1).exclude(ended_at__lt=at).update(started_at=at)
