"""What tips and shared fees add to what staking yields, and who runs Jito at what commission now."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from validators.models import ClusterEpoch, MevEpoch, Validator, ValidatorEpoch
from validators.services import bulk
from validators.services.block_yields import block_yields
from validators.services.events import Kind, News
from validators.solana.economics import EPOCHS_IN_MEAN, ApyBasis, added_apy_of, shared_return

# By epoch, lamports of one validator.
Stakes = Mapping[int, int]


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


# In the order of _COLUMNS. Plain, for a refresh looks at ten of everybody.
_Row = tuple[Any, ...]
_COLUMNS: Final = (
    *("validator_id", "epoch", "runs_jito", "commission_bps", "tips", "tips_final"),
    *("priority_commission_bps", "priority_fees", "priority_final", "settled"),
)
_KEY, _EPOCH, _RUNS_JITO, _BPS, _SETTLED = 0, 1, 2, 3, 9


class Refreshed(NamedTuple):
    """How many validators are told otherwise now, and who changed what it keeps of tips."""

    changed: int
    news: list[News]


class Added(NamedTuple):
    """What tips and fees added in some epochs per staked lamport, by the stake of then or of today."""

    tips: list[float]
    fees: list[float]
    seconds: list[float]


def refresh_mev_yields(running: int) -> Refreshed:
    """Bring everybody to what the newest epochs say. Call inside a transaction, and record the news.

    An epoch counts once its accounts have told all; one without an account brought nothing, also where no
    block tells whether it would have had one. Those before the first that tells whether it runs Jito do
    not count: it may not have been there. What the stake of then tells is never mixed with an estimate by
    that of today.
    """
    since = running - EPOCHS_IN_MEAN
    stored = MevEpoch.objects.filter(epoch__gte=since).order_by("epoch")
    rows: defaultdict[int, list[_Row]] = defaultdict(list)
    for row in bulk.read_rows(stored.values_list(*_COLUMNS)):
        rows[row[_KEY]].append(row)
    stakes, seconds = _stakes(since, running), _seconds(since, running)
    handed_on = block_yields()
    changed = []
    news: list[News] = []
    known_now = Validator.objects.values_list("pk", "activated_stake", *_FIELDS)
    for key, today, *known in bulk.read_rows(known_now):
        of_it = rows.get(key, [])
        told = [row for row in of_it if row[_RUNS_JITO] is not None]
        counted = [row for row in of_it if row[_SETTLED] and told and row[_EPOCH] >= told[0][_EPOCH]]
        added, basis = _added(counted, stakes.get(key, {}), seconds), ApyBasis.REALISED
        if counted and not added.tips:
            of_today = dict.fromkeys((row[_EPOCH] for row in counted), today)
            added, basis = _added(counted, of_today, seconds), ApyBasis.ESTIMATE
        found = _mev(told, added, basis, handed_on.get(key))
        if list(found) != known:
            changed.append((*found, key))
            news += _commission_news(key, told, Mev._make(known))
    bulk.update_rows(Validator, fields=_FIELDS, rows=changed, constants={})
    return Refreshed(len(changed), news)


def _commission_news(key: int, told: Sequence[_Row], known: Mev) -> Iterator[News]:
    """What changed since the epoch that was told of before; of whom nothing was, all is new and no change.

    An epoch without an account has no commission, and lies between two that have one without being one.
    """
    if known.epoch is None:
        return
    accounts = [(row[_EPOCH], row[_BPS]) for row in told if row[_BPS] is not None]
    if known.commission_bps is not None and (not accounts or known.epoch < accounts[0][0]):
        accounts.insert(0, (known.epoch, known.commission_bps))
    for (_, before), (epoch, after) in pairwise(accounts):
        is_new = epoch > known.epoch or (epoch == known.epoch and known.commission_bps is None)
        if is_new and after != before:
            yield News(Kind.MEV_COMMISSION, key, {"from": before, "to": after, "epoch": epoch})


def _mev(told: Sequence[_Row], added: Added, basis: ApyBasis, block_apy: float | None) -> Mev:
    """Of one validator, whose newest epoch is the last."""
    now = Mev(block_apy=block_apy)
    if told:
        last = told[-1]
        now = Mev(bool(last[_RUNS_JITO]), last[_BPS], last[_EPOCH], block_apy=block_apy)
    if not added.tips:
        return now
    return now._replace(
        mev_apy=added_apy_of(added.tips, added.seconds),
        shared_apy=added_apy_of(added.fees, added.seconds),
        basis=basis.value,
        epochs=len(added.tips),
    )


def _added(counted: Sequence[_Row], stakes: Stakes, seconds: Mapping[int, float]) -> Added:
    found = Added([], [], [])
    for _, epoch, _, bps, tips, tips_final, fees_bps, fees, fees_final, _ in counted:
        stake, length = stakes.get(epoch), seconds.get(epoch)
        if not stake or length is None:
            continue
        of_tips = _return(bps, tips, stake, is_final=tips_final)
        # What lies there is what its commission left: of that nothing is taken for it again.
        of_fees = _return(None if fees_bps is None else 0, fees, stake, is_final=fees_final)
        if of_tips is not None and of_fees is not None:
            found.tips.append(of_tips)
            found.fees.append(of_fees)
            found.seconds.append(length)
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


def _stakes(since: int, running: int) -> Mapping[int, Stakes]:
    """By validator's key."""
    rows: Any = ValidatorEpoch.objects.filter(epoch__range=(since, running - 1), activated_stake__gt=0)
    found = bulk.read_rows(rows.values_list("validator_id", "epoch", "activated_stake"))
    stakes: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for key, epoch, stake in found:
        stakes[key][epoch] = stake
    return stakes


def _seconds(since: int, running: int) -> dict[int, float]:
    rows = ClusterEpoch.objects.filter(epoch__range=(since, running - 1))
    return {row.epoch: row.seconds for row in rows if row.seconds is not None}
