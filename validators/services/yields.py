"""What staking with each validator yields in a year: by what was earned, else by what can be estimated."""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from typing import Any, Final, NamedTuple

from django.db.models import Min
from django.db.models.functions import Coalesce

from validators.models import ClusterEpoch, Fetch, Validator, ValidatorEpoch
from validators.services import bulk
from validators.services.looks import looked_at
from validators.solana.arithmetic import TUPLES_SENT, CreditsUnit
from validators.solana.economics import (
    EPOCHS_IN_MEAN,
    ApyBasis,
    EpochReturn,
    alpenglow_return,
    apy,
    apy_of,
    tower_return,
)
from validators.solana.performance import could_not_vote


class Yield(NamedTuple):
    """An APY, what it is based on, and how many epochs its mean is of."""

    apy: float | None = None
    basis: str = ""
    epochs: int | None = None


_FIELDS: Final = ("apy", "apy_basis", "apy_epochs")
NO_YIELD: Final = Yield()


def refresh_yields() -> bool:
    """Bring everybody's APY to what the ended epochs say. Call inside a transaction.

    What was realised is never mixed with an estimate. Returns whether any changed.
    """
    newest = Fetch.objects.newest()
    last = newest.epoch if newest else _last_known_epoch()
    if last is None:
        return False
    # One more, for votes count by the stake of the epoch before.
    since = last - EPOCHS_IN_MEAN - 1
    clusters = {row.epoch: row for row in ClusterEpoch.objects.filter(epoch__range=(since, last))}
    voteless = _voteless({epoch: row for epoch, row in clusters.items() if epoch < last})
    realised = _realised(clusters, running=last, voteless=voteless)
    estimated = _estimated(clusters, running=last, known=realised.keys(), voteless=voteless)
    changed = []
    for key, *stored in bulk.read_rows(Validator.objects.values_list("pk", *_FIELDS)):
        found = realised.get(key) or estimated.get(key) or NO_YIELD
        if list(found) != stored:
            changed.append((*found, key))
    bulk.update_rows(Validator, fields=_FIELDS, rows=changed, constants={})
    return bool(changed)


def _last_known_epoch() -> int | None:
    """Of a database that only history was imported into: one after it."""
    known = ClusterEpoch.objects.order_by("-epoch").values_list("epoch", flat=True).first()
    return None if known is None else known + 1


def _realised(
    clusters: Mapping[int, ClusterEpoch], *, running: int, voteless: Set[tuple[int, int]]
) -> dict[int, Yield]:
    since = running - EPOCHS_IN_MEAN
    seconds = {epoch: row.seconds for epoch, row in clusters.items() if since <= epoch < running}
    rows = ValidatorEpoch.objects.filter(
        epoch__in=list(seconds), estimated_return__isnull=False, validator__left_at=None
    ).order_by("epoch")
    returns: defaultdict[int, list[EpochReturn]] = defaultdict(list)
    for key, epoch, earned in bulk.read_rows(rows.values_list("validator_id", "epoch", "estimated_return")):
        length = seconds[epoch]
        if length is not None and (key, epoch) not in voteless:
            returns[key].append(EpochReturn(earned, length))
    return {
        key: Yield(value, ApyBasis.REALISED.value, len(epochs))
        for key, epochs in returns.items()
        if (value := apy(epochs)) is not None
    }


def _estimated(
    clusters: Mapping[int, ClusterEpoch], *, running: int, known: Set[int], voteless: Set[tuple[int, int]]
) -> dict[int, Yield]:
    """By the epochs that a node sends of every account, with the commission of today; where the stake of
    then is unknown, as before the first fetch, with that of today too.

    Of those that are not `known` better. What an epoch paid is of its own length: where slots became shorter
    since, it paid for more time than one of today would.
    """
    now = clusters.get(running)
    today = now.seconds if now else None
    if now is None or today is None:
        return {}
    epochs = [running - age for age in range(1, TUPLES_SENT + 1)]
    lamports = [e for e in epochs if e in clusters and clusters[e].credits_unit == CreditsUnit.LAMPORTS]
    rows = _that_may_tell(lamports or epochs)
    if lamports:
        voted = [row for row in rows if (row[0], row[1]) not in voteless]
        returns = _lamports_returns(voted, {epoch: clusters[epoch].seconds or today for epoch in lamports})
    else:
        returns = _tower_returns(rows, clusters, now, today)
    return {
        key: Yield(value, ApyBasis.ESTIMATE.value, len(earned))
        for key, (earned, seconds) in returns.items()
        if key not in known and (value := apy_of(earned, seconds)) is not None
    }


# Of an ended epoch of a present account: its key, the epoch, the credits and their unit, its stake (lamports,
# today's where that of then is unknown) and its commission of today. Plain, for there are five of everybody.
_Row = tuple[int, int, int, str, int, int | None]
# What epochs earned per staked lamport, and their lengths in seconds.
_Returns = tuple[list[float], list[float]]


def _that_may_tell(epochs: list[int]) -> Sequence[_Row]:
    """Without the epoch of the migration, which paid in two ways."""
    rows = ValidatorEpoch.objects.filter(epoch__in=epochs, credits__isnull=False, validator__left_at=None)
    migrations = rows.filter(credits_before_split__isnull=False).values_list("epoch", flat=True).distinct()
    columns: Any = ("validator_id", "epoch", "credits", "credits_unit")
    today = (Coalesce("activated_stake", "validator__activated_stake"), "validator__commission_bps")
    whole = rows.exclude(epoch__in=list(migrations)).filter(
        credits_final=True, validator__activated_stake__gt=0
    )
    found: list[Any] = bulk.read_rows(whole.values_list(*columns, *today))
    return found


def _voteless(clusters: Mapping[int, ClusterEpoch]) -> Set[tuple[int, int]]:
    """The epochs in which no vote of an account could count, by its key: a year to come has none of them."""
    units = {epoch: cluster.credits_unit for epoch, cluster in clusters.items()}
    lamports = [epoch for epoch, unit in units.items() if unit == CreditsUnit.LAMPORTS]
    nothing = ValidatorEpoch.objects.filter(epoch__in=lamports, credits=0, validator__left_at=None)
    rows = bulk.read_rows(nothing.values_list("validator_id", "epoch")) if lamports else []
    if not rows:
        return frozenset()
    first: dict[int, int] = {}
    stakes: dict[tuple[int, int], int | None] = {}
    # By their keys: of a subquery SQLite reads all rows of those epochs.
    for some in bulk.in_parts(sorted({key for key, _ in rows})):
        known = ValidatorEpoch.objects.filter(validator__in=some).order_by()
        first.update(bulk.read_rows(known.values_list("validator_id").annotate(Min("epoch"))))
        told = known.filter(epoch__range=(min(units), max(units)))
        columns = told.values_list("validator_id", "epoch", "activated_stake")
        stakes.update(((key, epoch), stake) for key, epoch, stake in bulk.read_rows(columns))
    # It matters of who is new alone; of the others the epoch before is stored.
    before = {epoch - 1 for key, epoch in rows if first[key] == epoch}
    seen = looked_at(before) if before else frozenset()
    return frozenset(
        (key, epoch)
        for key, epoch in rows
        if could_not_vote(
            unit=units[epoch],
            unit_before=units.get(epoch - 1, ""),
            stake_before=stakes.get((key, epoch - 1)),
            is_new=first[key] == epoch,
            looked_at=epoch - 1 in seen,
        )
    )


def _lamports_returns(rows: Sequence[_Row], lengths: Mapping[int, float]) -> dict[int, _Returns]:
    """`lengths` are the seconds of each epoch."""
    returns: defaultdict[int, _Returns] = defaultdict(lambda: ([], []))
    lamports = CreditsUnit.LAMPORTS.value
    for key, epoch, credits, unit, stake, bps in rows:
        if unit != lamports:
            continue
        value = alpenglow_return(commission_bps=bps, lamports=credits, stake=stake)
        if value is not None:
            earned, seconds = returns[key]
            earned.append(value)
            seconds.append(lengths[epoch])
    return returns


def _tower_returns(
    rows: Sequence[_Row], clusters: Mapping[int, ClusterEpoch], now: ClusterEpoch, today: float
) -> dict[int, _Returns]:
    """Of the newest ended epoch: as the chain recorded its payment, else as inflation would pay it today."""
    newest = max((epoch for _, epoch, *_ in rows), default=None)
    voted = [
        (key, credits, stake, bps)
        for key, epoch, credits, unit, stake, bps in rows
        if epoch == newest and unit == CreditsUnit.VOTE_CREDITS
    ]
    paid = None if newest is None else clusters.get(newest)
    rewards: float | None
    if paid is not None and (recorded := paid.recorded_rewards):
        (rewards, points), seconds = recorded, paid.seconds or today
    else:
        points = float(sum(credits * stake for _, credits, stake, _ in voted))
        rewards, seconds = now.inflation_rewards, today
    found = {
        key: tower_return(commission_bps=bps, rewards=rewards, credits=credits, points=points)
        for key, credits, _, bps in voted
    }
    return {key: ([earned], [seconds]) for key, earned in found.items() if earned is not None}
