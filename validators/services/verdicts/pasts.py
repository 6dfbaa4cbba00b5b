"""The pasts that rules look at: what the tables tell of each present validator, epoch by epoch."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from validators.models import (
    BlocksBasis,
    ClusterEpoch,
    Fetch,
    IdentityChange,
    MevEpoch,
    Origin,
    SettledPast,
    SourceState,
    Validator,
    ValidatorEpoch,
)
from validators.rules.inputs import ABOUT, ABSENT, Known, Past, Value, WholePast
from validators.rules.schema import RuleSet, ValueRule
from validators.services.bulk import read_rows
from validators.services.settled_past import Span, settled_above, spans_of
from validators.services.stretches import MOST_NAMED_KEYS
from validators.solana.arithmetic import ALL_BPS, LAMPORTS_PER_SOL, CreditsUnit
from validators.solana.economics import fraction
from validators.solana.versions import Client, lineage_of

# What a vote earns that lands at once, so for each block of the cluster at most (SIMD-0033).
CREDITS_OF_A_BLOCK: Final = 16
# An ended epoch's votes are judged, and its tips told, a while after it.
EPOCHS_UNTIL_TOLD: Final = 3
# Of the present validators: less of a past epoch is no picture of the cluster, so who is missing there may
# have been in it.
LEAST_HELD: Final = 0.5
# The history begins where so much of the cluster does: a few rows before it are of somebody's file.
LEAST_AT_START: Final = 0.1

_COLUMNS: Final = (
    *("validator_id", "epoch", "commission_last_bps", "commission_max_bps", "vote_performance", "credits"),
    *("credits_unit", "credits_final", "fetches", "delinquent_fetches", "skip_rate", "blocks_basis"),
    "activated_stake",
)
_PRESENT: Final = (
    *("pk", "commission_bps", "activated_stake", "delinquent", "superminority", "name", "icon_url"),
    *("version", "client"),
)
_COMES_LATER: Final = ("vote_performance", "credits_share", "mev_commission", "runs_jito", "skip_rate")
Epochs = dict[int, Known]


@dataclass(frozen=True, slots=True)
class _Cluster:
    """What the cluster did in an epoch."""

    blocks: int | None = None
    skip_rate: float | None = None
    is_counted: bool = False
    credits_unit: str = ""


def pasts_by_key(
    fetch: Fetch, sets: Sequence[RuleSet], *, keys: Sequence[int] | None = None
) -> Iterator[tuple[int, Past]]:
    """Of everybody present, or of these, as far back as the rules look. Eight queries, or seventeen."""
    rules = [rule for one in sets for rule in one.rules if isinstance(rule, ValueRule)]
    # A rule of the last judged epoch looks past those of which nobody was told yet.
    longest = max((rule.window for rule in rules if rule.window != "all"), default=1)
    first = fetch.epoch - longest - EPOCHS_UNTIL_TOLD
    clusters = _clusters(first)
    found = _epochs(fetch, clusters, first=first)
    # Before tips come, which are asked of epochs that nothing else is known of, and not of everybody at once.
    held = _held(found) | {fetch.epoch}
    _add_tips(found, first=first)
    _add_present(found, fetch.epoch)
    lamports = frozenset(epoch for epoch, one in clusters.items() if one.credits_unit == CreditsUnit.LAMPORTS)
    pending = _pending(found, fetch.epoch, lamports)
    over_all = [rule for rule in rules if rule.window == "all"]
    wholes = _wholes(found, over_all) if over_all else {}
    old = _old(over_all, before=first)
    for key in found if keys is None else [key for key in keys if key in found]:
        whole = wholes.get(key, WholePast())
        yield key, Past(fetch.epoch, found[key], held, pending, whole, old.get(key, {}), lamports)


def _present() -> "QuerySet[Validator]":
    return Validator.objects.present().order_by("pk")


def _epochs(fetch: Fetch, clusters: Mapping[int, _Cluster], *, first: int) -> dict[int, Epochs]:
    found: dict[int, Epochs] = {key: {} for (key,) in read_rows(_present().values_list("pk"))}
    rows = ValidatorEpoch.objects.filter(epoch__gte=first, epoch__lte=fetch.epoch)
    for row in read_rows(rows.values_list(*_COLUMNS)):
        epochs = found.get(row[0])
        if epochs is not None:
            epochs[row[1]] = _known(row, clusters.get(row[1], _Cluster()), is_over=row[1] < fetch.epoch)
    return found


def _known(row: tuple[Any, ...], cluster: _Cluster, *, is_over: bool) -> Known:
    _, _, last, highest, performance, earned, unit, final, looks, delinquent, skips, basis, stake = row
    if is_over and basis in (BlocksBasis.PARTIAL, BlocksBasis.SHARED) and not cluster.is_counted:
        skips = None
    share = None
    if (
        final
        and earned is not None
        and unit == CreditsUnit.VOTE_CREDITS
        and cluster.blocks
        and cluster.is_counted
    ):
        share = earned / (CREDITS_OF_A_BLOCK * cluster.blocks)
    return Known(
        commission=fraction(last),
        highest_commission=fraction(highest),
        vote_performance=performance if is_over else None,
        credits_share=share if is_over else None,
        delinquent_share=delinquent / looks if looks else None,
        skip_rate=skips,
        skip_rate_above_cluster=(
            None if skips is None or cluster.skip_rate is None else skips - cluster.skip_rate
        ),
        stake=_sol(stake),
        voted=None if earned is None else earned > 0,
    )


def _clusters(first: int) -> dict[int, _Cluster]:
    rows = ClusterEpoch.objects.filter(epoch__gte=first)
    columns = rows.values_list("epoch", "blocks_produced", "leader_slots", "blocks_basis", "credits_unit")
    return {
        epoch: _Cluster(
            blocks,
            1 - blocks / slots if blocks is not None and slots else None,
            basis == BlocksBasis.FINAL,
            unit,
        )
        for epoch, blocks, slots, basis, unit in read_rows(columns)
    }


def _add_tips(found: Mapping[int, Epochs], *, first: int) -> None:
    rows = MevEpoch.objects.filter(epoch__gte=first)
    for key, epoch, runs, bps in read_rows(
        rows.values_list("validator_id", "epoch", "runs_jito", "commission_bps")
    ):
        epochs = found.get(key)
        if epochs is not None:
            commission: Value = ABSENT if runs is not None and not runs else fraction(bps)
            runs_jito = None if runs is None else bool(runs)
            epochs[epoch] = epochs.get(epoch, Known())._replace(
                mev_commission=commission, runs_jito=runs_jito
            )


def _add_present(found: Mapping[int, Epochs], running: int) -> None:
    """What the newest looks say, in the running epoch."""
    unasked = _names_unasked()
    for key, bps, stake, delinquent, superminority, name, icon, version, client in read_rows(
        _present().values_list(*_PRESENT)
    ):
        epochs = found.get(key)
        if epochs is None:
            continue
        before = epochs.get(running, Known())
        lineage = lineage_of(Client(client)) if client in set(Client) else None
        epochs[running] = before._replace(
            commission=fraction(bps) if bps is not None else before.commission,
            stake=_sol(stake),
            delinquent=bool(delinquent),
            superminority=bool(superminority),
            has_name=None if key in unasked and not name else bool(name),
            has_icon=None if key in unasked and not icon else bool(icon),
            version=version or None,
            lineage=lineage or "",
        )


def _names_unasked() -> frozenset[int]:
    """Who came, or has another identity, since names were asked for last: whether it published one nobody
    knows."""
    names = SourceState.objects.filter(source=SourceState.Source.NAMES, last_success_at__isnull=False)
    asked_at = names.values_list("last_success_at", flat=True).first()
    came = _present()
    if asked_at is not None:
        moved = IdentityChange.objects.filter(validator=OuterRef("pk"), seen_at__gt=asked_at)
        came = came.filter(Q(first_seen_at__gt=asked_at) | Exists(moved))
    return frozenset(key for (key,) in read_rows(came.values_list("pk")))


def _held(found: Mapping[int, Epochs]) -> frozenset[int]:
    told = Counter(epoch for epochs in found.values() for epoch in epochs)
    return frozenset(epoch for epoch, number in told.items() if number >= LEAST_HELD * len(found))


def _pending(
    found: Mapping[int, Epochs], running: int, lamports: frozenset[int]
) -> frozenset[tuple[str, int]]:
    """What nobody was told of yet in the last epochs that ended, and may be told of."""
    late = [(name, running - age) for age in range(1, EPOCHS_UNTIL_TOLD + 1) for name in _COMES_LATER]
    return frozenset(
        (name, epoch)
        for name, epoch in late
        if not (ABOUT[name].of_vote_credits and epoch in lamports)
        and all(getattr(epochs[epoch], name) is None for epochs in found.values() if epoch in epochs)
    )


def _wholes(found: Mapping[int, Epochs], rules: Sequence[ValueRule]) -> dict[int, WholePast]:
    keys = [key for (key,) in read_rows(Validator.objects.values_list("pk"))]
    spans = spans_of(keys)
    firsts = sorted(one.first_epoch for one in spans.values() if one.first_epoch is not None)
    start = firsts[int(len(firsts) * LEAST_AT_START)] if firsts else 0
    voted = _voted(found, most=max((rule.in_at_least or 0 for rule in rules), default=0))
    cut_off = _cut_off(spans)
    return {
        key: WholePast(
            *spans[key],
            voted[key],
            joined_then=(spans[key].first_epoch or 0) > start and key not in cut_off,
        )
        for key in found
        if key in spans
    }


def _cut_off(spans: Mapping[int, Span]) -> frozenset[int]:
    """Whose past begins with what a reply told of epochs that we did not see: it tells the last few, whatever
    there was before. The account itself remembers more, so whose account was read is not among them."""
    unread = {key for (key,) in read_rows(_present().filter(vote_state=None).values_list("pk"))}
    if not unread:
        return frozenset()
    # One epoch, mostly, and those in which somebody joined: not all rows of ten years.
    firsts_of = {key: spans[key].first_epoch for key in unread if key in spans}
    firsts = {epoch for epoch in firsts_of.values() if epoch is not None}
    told = ValidatorEpoch.objects.filter(source=Origin.LIVE, fetches=0, epoch__in=firsts).order_by()
    found = read_rows(told.values_list("validator_id", "epoch"))
    return frozenset(key for key, epoch in found if firsts_of.get(key) == epoch)


def _voted(found: Mapping[int, Epochs], *, most: int) -> dict[int, int]:
    """In how many epochs each voted; of who did in so many of those at hand, in those."""
    voted = {key: sum(one.voted is True for one in epochs.values()) for key, epochs in found.items()}
    open_ones = [key for key, number in voted.items() if number < most]
    rows = ValidatorEpoch.objects.filter(credits__gt=0)
    if len(open_ones) <= MOST_NAMED_KEYS:
        rows = rows.filter(validator_id__in=open_ones)
    counted = dict(read_rows(rows.order_by().values_list("validator_id").annotate(Count("pk"))))
    return voted | {key: counted.get(key, 0) for key in open_ones}


def _old(rules: Sequence[ValueRule], *, before: int) -> Mapping[int, Epochs]:
    """Commissions above a bound of a rule over all epochs, before those that are read in full."""
    bounds = [rule.at_most for rule in rules if rule.at_most is not None]
    if not bounds:
        return {}
    least = round(min(bounds) * ALL_BPS)
    rows = ValidatorEpoch.objects.filter(epoch__lt=before, commission_last_bps__gt=least)
    columns = ("validator_id", "epoch", "commission_last_bps")
    # Of whom nothing is summed up, or not as far.
    unsettled = rows.filter(validator__settled_past=None)
    since = SettledPast.objects.aggregate(since=Min("before"))["since"]
    later = read_rows(rows.filter(epoch__gte=since).values_list(*columns)) if since is not None else []
    found: defaultdict[int, Epochs] = defaultdict(dict)
    for key, epoch, bps in (
        *settled_above(least, before=before),
        *read_rows(unsettled.values_list(*columns)),
        *later,
    ):
        found[key][epoch] = Known(commission=fraction(bps))
    return found


def _sol(lamports: int | None) -> float | None:
    return None if lamports is None else lamports / LAMPORTS_PER_SOL
