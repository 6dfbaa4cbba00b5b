"""What tips and shared fees add to what staking yields, and who runs Jito at what commission now."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from pydantic_core import from_json

from validators.models import ClusterEpoch, MevEpoch, Validator, ValidatorEpoch
from validators.services import bulk
from validators.services.block_yields import block_yields
from validators.services.digests import Reckoned
from validators.services.events import Kind, News
from validators.solana.economics import EPOCHS_IN_MEAN, ApyBasis, added_apy_of
from validators.solana.programs.jito import stakers_share

# By epoch, lamports of one validator.
Stakes = Mapping[int, int]
# An epoch and its columns, each a JSON list.
Columns = Sequence[tuple[Any, ...]]


_FIELDS: Final = (
    *("runs_jito", "mev_commission_bps", "mev_epoch"),
    *("mev_apy", "shared_apy", "mev_apy_basis", "mev_apy_epochs"),
    "block_apy",
)


# In the order of _COLUMNS. A plain tuple, for a refresh may read ten epochs of every validator.
_Row = tuple[Any, ...]
_COLUMNS: Final = (
    *("epoch", "validator_id", "runs_jito", "commission_bps", "tips", "tips_final"),
    *("priority_commission_bps", "priority_fees", "priority_final", "settled"),
)
_EPOCH, _KEY, _RUNS_JITO, _BPS = range(4)


# In the order of the fields: whether it runs Jito, at what commission, in what epoch; and what that added.
_Newest = tuple[bool | None, int | None, int | None]
_Added = tuple[float | None, float | None, str, int | None]
_NOTHING_TOLD: Final = (None, None, None)
# By validator's key, from the ended epochs. Kept, for most looks change nothing but the running one.
_of_everybody: Final = Reckoned[Mapping[int, tuple[_Newest, _Added]]]()


class Refreshed(NamedTuple):
    """How many validators are told otherwise now, and who changed what it keeps of tips."""

    changed: int
    news: list[News]


class ToldCommission(NamedTuple):
    """What a validator keeps of tips, and the newest epoch that tells, as they were told before."""

    commission_bps: int | None
    epoch: int


class Shared(NamedTuple):
    """Lamports that tips and fees of an epoch left to the stakers."""

    epoch: int
    tips: int
    fees: int


def refresh_mev_yields(running: int) -> Refreshed:
    """Bring everybody to what the newest epochs say. Call inside a transaction, and record the news.

    An epoch counts once its accounts have told all; one without an account brought nothing, also where no
    block tells whether it would have had one. Those before the first that tells whether it runs Jito do
    not count: it may not have been there. What the stake of then tells is never mixed with an estimate by
    that of today.
    """
    since = running - EPOCHS_IN_MEAN
    everybody = bulk.read_rows(Validator.objects.values_list("pk", "activated_stake", *_FIELDS))
    ended = _told_by_ended({key: stake for key, stake, *_ in everybody}, since, running)
    newest = _newest(_rows(running))
    handed_on = block_yields()
    changed = []
    told_before: dict[int, ToldCommission] = {}
    for key, _, *known in everybody:
        until_now, added = ended[key]
        told = newest.get(key, until_now)
        found = [*told, *added, handed_on.get(key)]
        if found != known:
            changed.append((*found, key))
            # Of whom nothing was told, all is new and no change.
            if told != tuple(known[:3]) and known[2] is not None:
                told_before[key] = ToldCommission(*known[1:3])
    bulk.update_rows(Validator, fields=_FIELDS, rows=changed, constants={})
    return Refreshed(len(changed), list(_commission_news(told_before, since)))


def _rows(since: int) -> list[_Row]:
    """Oldest first."""
    return bulk.read_rows(MevEpoch.objects.filter(epoch__gte=since).order_by("epoch").values_list(*_COLUMNS))


def _commission_news(told: Mapping[int, ToldCommission], since: int) -> Iterator[News]:
    """`told` is what was told before of those of whom the newest epoch tells something else now."""
    if told:
        rows = _by_key(row for row in _rows(since) if row[_KEY] in told)
        for key, before in told.items():
            yield from _news_of(key, rows.get(key, ()), before)


def _by_key(rows: Iterable[_Row]) -> Mapping[int, Sequence[_Row]]:
    found: defaultdict[int, list[_Row]] = defaultdict(list)
    for row in rows:
        found[row[_KEY]].append(row)
    return found


def _news_of(key: int, rows: Sequence[_Row], known: ToldCommission) -> Iterator[News]:
    """What changed since the epoch that was told of before.

    An epoch without an account has no commission, and lies between two that have one without being one.
    """
    told = [row for row in rows if row[_RUNS_JITO] is not None]
    accounts = [(row[_EPOCH], row[_BPS]) for row in told if row[_BPS] is not None]
    if known.commission_bps is not None and (not accounts or known.epoch < accounts[0][0]):
        accounts.insert(0, (known.epoch, known.commission_bps))
    for (_, before), (epoch, after) in pairwise(accounts):
        is_new = epoch > known.epoch or (epoch == known.epoch and known.commission_bps is None)
        if is_new and after != before:
            yield News(Kind.MEV_COMMISSION, key, {"from": before, "to": after, "epoch": epoch})


def _newest(rows: Iterable[_Row]) -> dict[int, _Newest]:
    """By validator's key, of the last of the rows that tells of it."""
    return {
        row[_KEY]: (bool(row[_RUNS_JITO]), row[_BPS], row[_EPOCH])
        for row in rows
        if row[_RUNS_JITO] is not None
    }


def _shared(rows: Sequence[_Row], seconds: Mapping[int, float]) -> list[Shared]:
    """Of the epochs that count, oldest first. Plain, for it may be asked for fifty thousand rows.

    Nothing without an account, for the epoch is settled; unknown where one closed before it told all.
    """
    found, is_told = [], False
    for epoch, _, runs_jito, bps, tips, tips_final, fees_bps, fees, fees_final, settled in rows:
        is_told = is_told or runs_jito is not None
        if not (is_told and settled and epoch in seconds):
            continue
        of_tips = of_fees = 0
        if bps is not None:
            if not tips_final or tips is None:
                continue
            of_tips = stakers_share(tips, bps)
        if fees_bps is not None:
            if not fees_final or fees is None:
                continue
            # What lies there is what its commission left: of that nothing is taken for it again.
            of_fees = stakers_share(fees, 0)
        found.append(Shared(epoch, of_tips, of_fees))
    return found


def _told_by_ended(
    today: Mapping[int, int], since: int, running: int
) -> Mapping[int, tuple[_Newest, _Added]]:
    """Of everybody, as it was reckoned before where all that it is of is the same; `today` are the stakes.

    Whether it is, the columns as text tell: as rows they would take twice as long to read.
    """
    ended, seconds = range(since, running), _seconds(since, running)
    tips = _columns(MevEpoch, ended, _COLUMNS[1:])
    staked = _columns(ValidatorEpoch, ended, ("validator_id", "activated_stake"))

    def reckon() -> Mapping[int, tuple[_Newest, _Added]]:
        told = list(_unpacked(tips))
        newest, rows = _newest(told), _by_key(told)
        stakes: defaultdict[int, dict[int, int]] = defaultdict(dict)
        for epoch, key, stake in _unpacked(staked):
            stakes[key][epoch] = stake
        return {
            key: (
                newest.get(key, _NOTHING_TOLD),
                _added_to(rows.get(key, ()), stakes.get(key, {}), seconds, stake),
            )
            for key, stake in today.items()
        }

    return _of_everybody.of(tips, staked, seconds, today, reckon=reckon)


def _columns(model: type[MevEpoch | ValidatorEpoch], epochs: range, names: Sequence[str]) -> Columns:
    rows = model._default_manager.filter(epoch__range=(epochs[0], epochs[-1]))
    return bulk.read_columns(rows.order_by("epoch").values_list("epoch"), names)


def _unpacked(columns: Columns) -> Iterator[_Row]:
    """Rows, each with its epoch first."""
    for epoch, *texts in columns:
        lists = [from_json(text) for text in texts]
        yield from zip([epoch] * len(lists[0]), *lists, strict=True)


def _added_to(rows: Sequence[_Row], of_then: Stakes, seconds: Mapping[int, float], today: int) -> _Added:
    """By the stake that earned it, `of_then`; where that is known of no epoch, by that of `today`."""
    shared = _shared(rows, seconds)
    staked, basis = [(one, stake) for one in shared if (stake := of_then.get(one[0]))], ApyBasis.REALISED
    if not staked and today:
        staked, basis = [(one, today) for one in shared], ApyBasis.ESTIMATE
    if not staked:
        return None, None, "", None
    lengths = [seconds[one[0]] for one, _ in staked]
    tips = added_apy_of([one[1] / stake for one, stake in staked], lengths)
    fees = added_apy_of([one[2] / stake for one, stake in staked], lengths)
    return tips, fees, basis.value, len(staked)


def _seconds(since: int, running: int) -> dict[int, float]:
    rows = ClusterEpoch.objects.filter(epoch__range=(since, running - 1))
    return {row.epoch: row.seconds for row in rows if row.seconds is not None}
