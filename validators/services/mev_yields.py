"""What tips and shared fees add to what staking yields, and who runs Jito at what commission now."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from validators.models import ClusterEpoch, MevEpoch, Validator, ValidatorEpoch
from validators.services import bulk
from validators.services.block_yields import block_yields
from validators.services.digests import Reckoned
from validators.services.events import Kind, News
from validators.solana.economics import EPOCHS_IN_MEAN, ApyBasis, added_apy_of
from validators.solana.programs.jito import stakers_share

# By epoch, lamports of one validator.
Stakes = Mapping[int, int]


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
_KEY, _EPOCH, _RUNS_JITO, _BPS = range(4)


# In the order of the fields.
_Added = tuple[float | None, float | None, str, int | None]
# What tips and fees added for everybody: most looks tell of the running epoch alone, which does not count.
_of_everybody: Final = Reckoned[Mapping[int, _Added]]()


class Refreshed(NamedTuple):
    """How many validators are told otherwise now, and who changed what it keeps of tips."""

    changed: int
    news: list[News]


class Told(NamedTuple):
    """What a validator keeps of tips, and the newest epoch that tells, as they were told before."""

    commission_bps: int | None
    epoch: int | None


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
    stored = MevEpoch.objects.filter(epoch__gte=since).order_by("epoch")
    told = bulk.read_rows(stored.values_list(*_COLUMNS))
    rows: defaultdict[int, list[_Row]] = defaultdict(list)
    for row in told:
        rows[row[_KEY]].append(row)
    everybody = bulk.read_rows(Validator.objects.values_list("pk", "activated_stake", *_FIELDS))
    today = {key: stake for key, stake, *_ in everybody}
    added = _added_by_key([row for row in told if row[_EPOCH] < running], rows, today, since, running)
    handed_on = block_yields()
    changed = []
    news: list[News] = []
    for key, _, *known in everybody:
        of_it = rows.get(key, ())
        found = (*_newest(of_it), *added[key], handed_on.get(key))
        if list(found) != known:
            changed.append((*found, key))
            news += _commission_news(key, of_it, Told(*known[1:3]))
    bulk.update_rows(Validator, fields=_FIELDS, rows=changed, constants={})
    return Refreshed(len(changed), news)


def _commission_news(key: int, rows: Sequence[_Row], known: Told) -> Iterator[News]:
    """What changed since the epoch that was told of before; of whom nothing was, all is new and no change.

    An epoch without an account has no commission, and lies between two that have one without being one.
    """
    if known.epoch is None:
        return
    told = [row for row in rows if row[_RUNS_JITO] is not None]
    accounts = [(row[_EPOCH], row[_BPS]) for row in told if row[_BPS] is not None]
    if known.commission_bps is not None and (not accounts or known.epoch < accounts[0][0]):
        accounts.insert(0, (known.epoch, known.commission_bps))
    for (_, before), (epoch, after) in pairwise(accounts):
        is_new = epoch > known.epoch or (epoch == known.epoch and known.commission_bps is None)
        if is_new and after != before:
            yield News(Kind.MEV_COMMISSION, key, {"from": before, "to": after, "epoch": epoch})


def _newest(rows: Sequence[_Row]) -> tuple[bool | None, int | None, int | None]:
    """Whether it runs Jito, at what commission, in the newest epoch that tells."""
    for row in reversed(rows):
        if row[_RUNS_JITO] is not None:
            return bool(row[_RUNS_JITO]), row[_BPS], row[_EPOCH]
    return None, None, None


def _shared(rows: Sequence[_Row], seconds: Mapping[int, float]) -> list[Shared]:
    """Of the epochs that count, oldest first. Plain, for it is asked for fifty thousand rows at each look.

    Nothing without an account, for the epoch is settled; unknown where one closed before it told all.
    """
    found, is_told = [], False
    for _, epoch, runs_jito, bps, tips, tips_final, fees_bps, fees, fees_final, settled in rows:
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


def _added_by_key(
    ended: Sequence[_Row],
    rows: Mapping[int, Sequence[_Row]],
    today: Mapping[int, int],
    since: int,
    running: int,
) -> Mapping[int, _Added]:
    """Of everybody, as it was reckoned before where all that it is of is the same."""
    of_then, seconds = _stakes(since, running), _seconds(since, running)

    def reckon() -> Mapping[int, _Added]:
        stakes: defaultdict[int, dict[int, int]] = defaultdict(dict)
        for key, epoch, stake in of_then:
            stakes[key][epoch] = stake
        return {
            key: _added_to(rows.get(key, ()), stakes.get(key, {}), seconds, stake)
            for key, stake in today.items()
        }

    return _of_everybody.of(ended, of_then, seconds, today, reckon=reckon)


def _added_to(rows: Sequence[_Row], of_then: Stakes, seconds: Mapping[int, float], today: int) -> _Added:
    shared = _shared(rows, seconds)
    staked, basis = [(one, stake) for one in shared if (stake := of_then.get(one[0]))], ApyBasis.REALISED
    if not staked and today:
        staked, basis = [(one, today) for one in shared], ApyBasis.ESTIMATE
    return _added(staked, seconds, basis)


def _added(staked: Sequence[tuple[Shared, int]], seconds: Mapping[int, float], basis: ApyBasis) -> _Added:
    """Of epochs, each with the stake that earned it."""
    if not staked:
        return None, None, "", None
    lengths = [seconds[one[0]] for one, _ in staked]
    tips = added_apy_of([one[1] / stake for one, stake in staked], lengths)
    fees = added_apy_of([one[2] / stake for one, stake in staked], lengths)
    return tips, fees, basis.value, len(staked)


def _stakes(since: int, running: int) -> list[tuple[Any, ...]]:
    """Validator's key, epoch, lamports."""
    rows: Any = ValidatorEpoch.objects.filter(epoch__range=(since, running - 1), activated_stake__gt=0)
    return bulk.read_rows(rows.values_list("validator_id", "epoch", "activated_stake"))


def _seconds(since: int, running: int) -> dict[int, float]:
    rows = ClusterEpoch.objects.filter(epoch__range=(since, running - 1))
    return {row.epoch: row.seconds for row in rows if row.seconds is not None}
