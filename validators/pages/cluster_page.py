"""How stake, versions, commissions and scores are spread over the cluster."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from validators.models import ChainState, ClusterEpoch, SourceState, StakePool, Validator
from validators.models.by_bytes import ByBytes
from validators.monitoring.delinquency import much_is_delinquent
from validators.pages.spreads import ShownSpread, shown_spreads
from validators.reading.cluster import chain_state, cluster_epochs, sources
from validators.reading.holdings import moving_said
from validators.reading.picture import Picture
from validators.reading.stake_pools import stake_pools
from validators.reading.standings import standings
from validators.reading.unheard import OF_THE_CLUSTER, silent

# The largest by stake that the page names.
LARGEST_SHOWN: Final = 10
EPOCHS_SHOWN: Final = 20
VERSIONS_SHOWN: Final = 15
# Upper bounds in basis points, each included.
COMMISSION_STEPS: Final = (
    (0, "0 %"),
    (500, "up to 5 %"),
    (700, "above 5 to 7 %"),
    (1_000, "above 7 to 10 %"),
    (2_000, "above 10 to 20 %"),
    (9_999, "above 20, under 100 %"),
    (10**9, "100 % or more"),
)
UNKNOWN: Final = "unknown"
SCORE_STEP: Final = 10
# Where the curve of the stake held by the largest is marked.
STAKE_MARKS: Final = (1, 5, 10, 20, 50, 100, 200, 500, 1_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A part of a whole: how many validators, their lamports, and the share that its bar shows."""

    label: str
    validators: int | None
    stake: int | None
    share: float
    # Of a validator's name: what is striking about it.
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPicture:
    """Everything the cluster's page tells."""

    newest: ClusterEpoch | None
    largest: Sequence[Slice]
    concentration: Sequence[Slice]
    versions: Sequence[Slice]
    commissions: Sequence[Slice]
    scores: Sequence[Slice]
    epochs: Sequence[ClusterEpoch]
    sources: Sequence[SourceState]
    chain: ChainState | None
    pools: Sequence[StakePool]
    moving: str
    warning: str
    silent: Sequence[str]
    spreads: Mapping[str, ShownSpread]


# Stake in lamports, commission in basis points, score; None is unknown.
Row = tuple[int, int | None, float | None]


def cluster_picture(picture: Picture) -> ClusterPicture:
    """Twelve queries, three of them over every present validator."""
    present: Any = standings(picture)
    rows: list[Row] = list(present.values_list("activated_stake", "commission_bps", "score"))
    epochs = cluster_epochs(running=picture.epoch, limit=EPOCHS_SHOWN)
    newest = epochs[0] if epochs else None
    states = sources()
    return ClusterPicture(
        newest=newest,
        largest=_largest(),
        concentration=_concentration(rows),
        versions=_by_name(newest.stake_by_version if newest else {}, most=VERSIONS_SHOWN),
        commissions=_commissions(rows),
        scores=_scores(rows),
        epochs=epochs,
        sources=states,
        chain=chain_state(),
        pools=stake_pools(),
        moving=moving_said(picture.epoch),
        warning=much_is_delinquent(),
        silent=silent(states, OF_THE_CLUSTER, as_of=picture.as_of),
        spreads=shown_spreads(picture.epoch),
    )


def _largest() -> list[Slice]:
    staked = Validator.objects.present().filter(activated_stake__gt=0)
    ordered = staked.order_by("-activated_stake", ByBytes("vote_account"))
    named = list(ordered.values_list("name", "vote_account", "activated_stake", "name_mark")[:LARGEST_SHOWN])
    most = named[0][2] if named else 0
    return [
        Slice(label=name or key, validators=None, stake=stake, share=_part(stake, most), mark=mark)
        for name, key, stake, mark in named
    ]


def _concentration(rows: Iterable[Row]) -> list[Slice]:
    """The share of all stake that so many of the largest hold."""
    stakes = sorted((stake for stake, _, _ in rows if stake), reverse=True)
    sums = list(accumulate(stakes))
    marks = [mark for mark in STAKE_MARKS if mark <= len(stakes)]
    return [
        Slice(
            label=f"the largest {mark}" if mark > 1 else "the largest",
            validators=mark,
            stake=sums[mark - 1],
            share=_part(sums[mark - 1], sums[-1]),
        )
        for mark in marks
    ]


def _by_name(stakes: Mapping[str, int], *, most: int) -> list[Slice]:
    """Largest first; what is beyond the most shown is one slice. None where no name is known of anybody."""
    if not stakes.keys() - {"", UNKNOWN}:
        return []
    whole = sum(stakes.values())
    ordered = sorted(stakes.items(), key=lambda one: (-one[1], one[0]))
    rest = sum(stake for _, stake in ordered[most:])
    named = [*ordered[:most], *([("others", rest)] if rest else [])]
    return [
        Slice(label=name or UNKNOWN, validators=None, stake=stake, share=_part(stake, whole))
        for name, stake in named
    ]


def _commissions(rows: Sequence[Row]) -> list[Slice]:
    buckets: dict[str, list[int]] = {label: [] for _, label in COMMISSION_STEPS}
    buckets[UNKNOWN] = []
    for stake, bps, _ in rows:
        label = UNKNOWN if bps is None else next(name for most, name in COMMISSION_STEPS if bps <= most)
        buckets[label].append(stake)
    return _histogram(buckets)


def _scores(rows: Sequence[Row]) -> list[Slice]:
    """By tens; 100 belongs to the highest. None where nobody is scored: that would be a tenfold nothing."""
    if all(score is None for _, _, score in rows):
        return []
    buckets: dict[str, list[int]] = {f"{low} to {low + SCORE_STEP}": [] for low in range(0, 100, SCORE_STEP)}
    labels = list(buckets)
    for stake, _, score in rows:
        if score is not None:
            buckets[labels[min(int(score // SCORE_STEP), len(labels) - 1)]].append(stake)
    return _histogram(dict(reversed(buckets.items())))


def _histogram(buckets: Mapping[str, Sequence[int]]) -> list[Slice]:
    most = max((len(stakes) for stakes in buckets.values()), default=0)
    return [
        Slice(label=label, validators=len(stakes), stake=sum(stakes), share=_part(len(stakes), most))
        for label, stakes in buckets.items()
    ]


def _part(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
