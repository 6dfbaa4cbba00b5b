"""What tips and shared fees add to what staking yields, and who runs Jito at what commission now."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from validators.models import ClusterEpoch, MevEpoch, Validator, ValidatorEpoch
from validators.services import bulk
from validators.services.block_yields import block_yields
from validators.solana.economics import EPOCHS_IN_MEAN, ApyBasis, EpochReturn, added_apy, shared_return

# By validator and epoch, lamports.
Stakes = Mapping[tuple[int, int], int]


class Mev(NamedTuple):
    """Of a validator, in the order of _FIELDS; None is unknown."""

    runs_jito: bool | None = None
    commission_bps: int | None = None
    epoch: int | None = None
    mev_apy: float | None = None
    shared_apy: float | None = None
    basis: str = ""
    epochs: int | None = None
    block_apy: float | None = None


_FIELDS: Final = (
    *("runs_jito", "mev_commission_bps", "mev_epoch"),
    *("mev_apy", "shared_apy", "mev_apy_basis", "mev_apy_epochs"),
    "block_apy",
)


class _Row(NamedTuple):
    key: int
    epoch: int
    runs_jito: bool | None
    commission_bps: int | None
    tips: int | None
    tips_final: bool
    priority_commission_bps: int | None
    priority_fees: int | None
    priority_final: bool
    settled: bool


class Added(NamedTuple):
    """What tips and fees added in one epoch per staked lamport, by the stake of then or of today."""

    tips: EpochReturn
    fees: EpochReturn


def refresh_mev_yields(running: int) -> int:
    """Bring everybody to what the newest epochs say. Call inside a transaction; returns how many changed.

    An epoch counts once its accounts have told all; one without an account brought nothing, also where no
    block tells whether it would have had one. Those before the first that tells whether it runs Jito do
    not count: it may not have been there. What the stake of then tells is never mixed with an estimate by
    that of today.
    """
    since = running - EPOCHS_IN_MEAN
    stored = MevEpoch.objects.filter(epoch__gte=since).order_by("epoch")
    columns = ("validator_id", *_Row._fields[1:])
    rows: defaultdict[int, list[_Row]] = defaultdict(list)
    for row in map(_Row._make, bulk.read_rows(stored.values_list(*columns))):
        rows[row.key].append(row)
    stakes, seconds = _stakes(since, running), _seconds(since, running)
    handed_on = block_yields()
    changed = []
    known_now = Validator.objects.values_list("pk", "activated_stake", *_FIELDS)
    for key, today, *known in bulk.read_rows(known_now):
        of_it = rows.get(key, [])
        told = [row for row in of_it if row.runs_jito is not None]
        counted = [row for row in of_it if told and row.epoch >= told[0].epoch]
        realised = _added(counted, stakes, seconds)
        of_today = {(key, row.epoch): today for row in counted}
        found = _mev(told, realised, ApyBasis.REALISED)
        if not realised:
            found = _mev(told, _added(counted, of_today, seconds), ApyBasis.ESTIMATE)
        found = found._replace(block_apy=handed_on.get(key))
        if list(found) != known:
            changed.append((*found, key))
    bulk.update_rows(Validator, fields=_FIELDS, rows=changed, constants={})
    return len(changed)


def _mev(told: Sequence[_Row], added: Sequence[Added], basis: ApyBasis) -> Mev:
    """Of one validator, whose newest epoch is the last."""
    now = Mev()
    if told:
        now = Mev(bool(told[-1].runs_jito), told[-1].commission_bps, told[-1].epoch)
    if not added:
        return now
    return now._replace(
        mev_apy=added_apy([one.tips for one in added]),
        shared_apy=added_apy([one.fees for one in added]),
        basis=basis.value,
        epochs=len(added),
    )


def _added(counted: Sequence[_Row], stakes: Stakes, seconds: Mapping[int, float]) -> list[Added]:
    found = []
    for row in counted:
        stake, length = stakes.get((row.key, row.epoch)), seconds.get(row.epoch)
        if not row.settled or not stake or length is None:
            continue
        tips = _return(row.commission_bps, row.tips, stake, is_final=row.tips_final)
        # What lies there is what its commission left: of that nothing is taken for it again.
        kept_of_fees = None if row.priority_commission_bps is None else 0
        fees = _return(kept_of_fees, row.priority_fees, stake, is_final=row.priority_final)
        if tips is not None and fees is not None:
            found.append(Added(EpochReturn(tips, length), EpochReturn(fees, length)))
    return found


def _return(bps: int | None, total: int | None, stake: int, *, is_final: bool) -> float | None:
    """Nothing without an account, for the epoch is settled; unknown where one closed before it told all."""
    if bps is None:
        return 0.0
    return (
        shared_return(total=total, commission_bps=bps, stake=stake)
        if is_final and total is not None
        else None
    )


def _stakes(since: int, running: int) -> Stakes:
    rows: Any = ValidatorEpoch.objects.filter(epoch__range=(since, running - 1), activated_stake__gt=0)
    found = bulk.read_rows(rows.values_list("validator_id", "epoch", "activated_stake"))
    return {(key, epoch): stake for key, epoch, stake in found}


def _seconds(since: int, running: int) -> dict[int, float]:
    rows = ClusterEpoch.objects.filter(epoch__range=(since, running - 1))
    return {row.epoch: row.seconds for row in rows if row.seconds is not None}
