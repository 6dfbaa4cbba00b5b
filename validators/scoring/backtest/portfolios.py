"""What equal stake on the best by a score would have kept, beside what hindsight would pick. Pure."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Final, NamedTuple

from validators.scoring.backtest.drawing import Interval, drawn_interval
from validators.scoring.backtest.holding import PERCENT, KeptAhead, best_first, mean, with_band
from validators.scoring.backtest.truth import HORIZON, Judged, Truth, by_epoch

SIZES: Final = (20, 100, 200)


class Portfolio(NamedTuple):
    """In percent of the reward of a perfect validator without commission; None is not measurable.

    `held` is kept for ten epochs without a change, `banded` rebalanced each epoch with a band of 1.5, and
    `turned` what that replaced an epoch. `oracle` is held on those that then kept most. Intervals are
    bootstraps over blocks of ten epochs.
    """

    held: float | None
    held_interval: Interval | None
    oracle: float | None
    banded: float | None
    banded_interval: Interval | None
    turned: float | None


def portfolios(rows: Sequence[Judged], truth: Truth, ahead: KeptAhead) -> dict[int, Portfolio]:
    """By size. Picked by scores alone: what came of an epoch is only ever asked about those picked before."""
    orders = {epoch: best_first(group) for epoch, group in sorted(by_epoch(rows).items())}
    return {size: _portfolio(orders, truth, ahead, size) for size in SIZES}


def _portfolio(
    orders: Mapping[int, Sequence[Judged]], truth: Truth, ahead: KeptAhead, size: int
) -> Portfolio:
    def mean_of(chosen: Callable[[int], Sequence[float]]) -> list[float]:
        return [PERCENT * fmean(chosen(epoch)) for epoch in ahead if len(orders[epoch]) >= size]

    held = mean_of(lambda epoch: [ahead[epoch][row.vote_account] for row in orders[epoch][:size]])
    best = mean_of(lambda epoch: sorted(ahead[epoch].values(), reverse=True)[:size])
    large = {epoch: order for epoch, order in orders.items() if len(order) >= size}
    banded, turned = with_band(large, truth, size=size)
    return Portfolio(*_estimated(held), fmean(best) if best else None, *_estimated(banded), mean(turned))


def _estimated(values: Sequence[float]) -> tuple[float | None, Interval | None]:
    return (fmean(values), drawn_interval(values, fmean, block=HORIZON)) if values else (None, None)
