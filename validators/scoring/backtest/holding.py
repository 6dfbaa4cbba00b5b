"""What holding the best validators by a score would have brought. Pure.

A portfolio is equal stake on the best hundred. Nothing that was unknown when it was picked is used to pick.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import fmean
from typing import Final, NamedTuple

from validators.scoring.backtest.drawing import Interval, drawn_interval
from validators.scoring.backtest.ranking import spearman
from validators.scoring.backtest.truth import HORIZON, Judged, Truth, by_epoch

SIZE: Final = 100
# With the band, what is held leaves only below this many times the size.
BAND: Final = 1.5
PERCENT: Final = 100.0


class Holding(NamedTuple):
    """`rank_correlation` is of the score with what a delegator keeps over the next ten epochs, among those
    alive with public commission. Returns are in percent of a perfect validator's reward, shares replaced in
    percent an epoch, bad epochs and raises of the portfolio in numbers an epoch. None is not measurable.
    """

    rank_correlation: float | None
    held: float | None
    held_interval: Interval | None
    regret: float | None
    bad: float | None
    raises: float | None
    banded: float | None
    turnover_banded: float | None
    turnover: float | None


# Epoch -> vote account -> what a delegator keeps of a perfect reward, on average over the next ten epochs.
KeptAhead = Mapping[int, Mapping[str, float]]


def kept_ahead(rows: Sequence[Judged], truth: Truth) -> dict[int, dict[str, float]]:
    """Of the epochs whose next ten are known."""
    return {
        epoch: _kept_ahead(group, truth)
        for epoch, group in sorted(by_epoch(rows).items())
        if epoch + HORIZON <= truth.last_known
    }


def holding(rows: Sequence[Judged], truth: Truth, ahead: KeptAhead) -> Holding:
    """Of what was said of every validator with stake at the end of each epoch."""
    held, best, correlations = [], [], []
    bad, raises, tops = [], [], []
    orders: dict[int, list[Judged]] = {}
    for epoch, group in sorted(by_epoch(rows).items()):
        order = orders[epoch] = best_first(group)
        top = order[:SIZE]
        tops.append({row.vote_account for row in top})
        bad.append(sum(row.bad for row in top))
        raises.append(sum(truth.raised(epoch + 1, row.vote_account, row.commission_bps) for row in top))
        if epoch in ahead:
            keep = ahead[epoch]
            held.append(PERCENT * fmean(keep[row.vote_account] for row in top))
            best.append(PERCENT * fmean(sorted(keep.values(), reverse=True)[:SIZE]))
            public = [row for row in group if row.public]
            scores, returns = [row.score for row in public], [keep[row.vote_account] for row in public]
            correlations.append(spearman(scores, returns) or 0.0)
    banded, turned = with_band(orders, truth, size=SIZE)
    return Holding(
        mean(correlations),
        mean(held),
        drawn_interval(held, fmean, block=HORIZON) if held else None,
        fmean(best) - fmean(held) if held else None,
        mean(bad),
        mean(raises),
        mean(banded),
        mean(turned),
        mean([PERCENT * len(now - then) / SIZE for then, now in pairwise(tops)]),
    )


def _kept_ahead(group: Sequence[Judged], truth: Truth) -> dict[str, float]:
    return {
        row.vote_account: fmean(
            truth.kept(row.epoch + ahead, row.vote_account) for ahead in range(1, HORIZON + 1)
        )
        for row in group
    }


def best_first(group: Sequence[Judged]) -> list[Judged]:
    """As the figures are defined: of equal scores the larger stake."""
    return sorted(group, key=lambda row: (-row.score, -row.stake))


def with_band(
    orders: Mapping[int, Sequence[Judged]], truth: Truth, *, size: int
) -> tuple[list[float], list[float]]:
    """Rebalanced each epoch, leaving only who falls below the band: what was kept, and what was replaced."""
    held: set[str] = set()
    returns, turned = [], []
    for epoch, order in orders.items():
        stay = held & {row.vote_account for row in order[: int(BAND * size)]}
        free = [row.vote_account for row in order if row.vote_account not in stay]
        new = stay | set(free[: max(0, size - len(stay))])
        if held:
            turned.append(PERCENT * len(new - held) / size)
        held = new
        returns.append(PERCENT * fmean(truth.kept(epoch + 1, key) for key in sorted(held)))
    return returns, turned


def mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None
