"""How well risks and scores told what became of validators with stake. Pure.

The figures are those that the project is judged by from outside, and equal to them on the same predictions.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import fmean
from typing import Final, NamedTuple

from validators.scoring.backtest.drawing import POOLED_DRAWS, Interval, drawn_interval
from validators.scoring.backtest.holding import Holding, holding, kept_ahead
from validators.scoring.backtest.portfolios import Portfolio, portfolios
from validators.scoring.backtest.ranking import Pool, Sorted, by_outcome, separation, times_of
from validators.scoring.backtest.truth import SETS, Judged, Said, Truth, by_epoch

# Foretold risks are compared with what came true over so many epochs at a time, where there are so many rows.
BLOCK_EPOCHS: Final = 20
BLOCK_ROWS: Final = 5_000
EDGES: Final = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.01)


class RiskFigures(NamedTuple):
    """AUC is the mean over epochs, average precision pooled with ties as one step, Brier pooled."""

    rows: int
    bad: int
    auc: float | None
    auc_interval: Interval | None
    average_precision: float
    average_precision_interval: Interval
    brier: float
    brier_interval: Interval


class RiskBin(NamedTuple):
    """Of the risks from `low` on: how many, their mean, and the share that came true."""

    low: float
    rows: int
    foretold: float
    came_true: float


class Judgement(NamedTuple):
    """`sets` and what follows from risks is empty for a method that gives none. `warning_of_score` is the
    average precision of the score turned round, among those alive with public commission."""

    rows: int
    coverage: float
    sets: dict[str, RiskFigures]
    came_true_over_foretold: list[float]
    bins: list[RiskBin]
    warning_of_score: float | None
    warning_of_risk: float | None
    holding: Holding
    portfolios: dict[int, Portfolio]


def judgement(said: Said, truth: Truth) -> Judgement:
    """Of one method."""
    rows, missing = truth.outcomes(said)
    alive = [row for row in rows if row.alive]
    public = [row for row in alive if row.public]
    ahead = kept_ahead(rows, truth)
    tells = bool(rows) and all(row.risk is not None for row in rows)
    return Judgement(
        len(rows),
        len(rows) / max(1, len(rows) + missing),
        _sets(rows) if tells else {},
        _blocks(alive, truth.first) if tells else [],
        _bins(alive) if tells else [],
        _precision(public, lambda row: -row.score),
        _precision(public, _risk) if tells else None,
        holding(rows, truth, ahead),
        portfolios(rows, truth, ahead),
    )


def _risk(row: Judged) -> float:
    return row.risk or 0.0


def _sets(rows: Sequence[Judged]) -> dict[str, RiskFigures]:
    found = {}
    for name, belongs in SETS.items():
        groups = by_epoch([row for row in rows if belongs(row)])
        if any(row.bad for group in groups.values() for row in group):
            found[name] = _figures(list(groups.values()))
    return found


def _figures(groups: Sequence[Sequence[Judged]]) -> RiskFigures:
    ordered = [_sorted(group, _risk) for group in groups]
    aucs = [auc for one in ordered if (auc := separation(one).auc) is not None]
    pool = Pool(ordered)
    missed = [(sum((_risk(row) - row.bad) ** 2 for row in group), len(group)) for group in groups]

    def precision(chosen: Sequence[int]) -> float:
        return pool.separation(times_of(chosen, len(groups))).average_precision or 0.0

    def brier(chosen: Sequence[tuple[float, int]]) -> float:
        return sum(lost for lost, _ in chosen) / sum(count for _, count in chosen)

    every = range(len(groups))
    return RiskFigures(
        sum(len(group) for group in groups),
        sum(row.bad for group in groups for row in group),
        fmean(aucs) if aucs else None,
        drawn_interval(aucs, fmean) if aucs else None,
        precision(every),
        drawn_interval(every, precision, draws=POOLED_DRAWS),
        brier(missed),
        drawn_interval(missed, brier, draws=POOLED_DRAWS),
    )


def _sorted(rows: Sequence[Judged], danger: Callable[[Judged], float]) -> Sorted:
    return by_outcome([danger(row) for row in rows], [row.bad for row in rows])


def _precision(rows: Sequence[Judged], danger: Callable[[Judged], float]) -> float | None:
    return separation(_sorted(rows, danger)).average_precision


def _blocks(alive: Sequence[Judged], first: int) -> list[float]:
    blocks: defaultdict[int, list[Judged]] = defaultdict(list)
    for row in alive:
        blocks[(row.epoch - first) // BLOCK_EPOCHS].append(row)
    return [
        sum(row.bad for row in block) / sum(map(_risk, block))
        for _, block in sorted(blocks.items())
        if len(block) > BLOCK_ROWS
    ]


def _bins(alive: Sequence[Judged]) -> list[RiskBin]:
    found = []
    for low, high in pairwise(EDGES):
        inside = [row for row in alive if low <= _risk(row) < high]
        if inside:
            means = fmean(map(_risk, inside)), fmean(row.bad for row in inside)
            found.append(RiskBin(low, len(inside), *means))
    return found
