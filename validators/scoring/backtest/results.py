"""What a back-test found out about each method. Pure, frozen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from validators.scoring.backtest.judging import Judgement
from validators.scoring.backtest.ranking import Sorted

# The portfolios that are reported, and those beside them that the curve of returns goes through.
PORTFOLIOS: Final = (20, 100, 200)
CURVE: Final = (10, 20, 50, 100, 150, 200, 300, 400, 500)
TURNOVER: Final = 100
LIFT_STEPS: Final = 20


class Prediction(NamedTuple):
    """What a method said of one validator at the end of an epoch.

    `danger` orders by risk: the probability where there is one, else the score turned round.
    """

    vote_account: str
    score: float
    danger: float
    probability: float | None
    stake: int


@dataclass(frozen=True, slots=True)
class EpochResult:
    """One method in one epoch; None is not measurable. `returns` by portfolio size; a portfolio larger
    than the field has no return. `judged` are (probability, came true), `top` the largest turnover
    portfolio."""

    epoch: int
    sorted: Sorted
    judged: Sequence[tuple[float, bool]]
    spearman: float | None
    returns: Mapping[int, float]
    top: frozenset[str]


class Estimate(NamedTuple):
    """A number with its 95 % bootstrap interval over epochs; None where nothing was measurable."""

    value: float | None
    low: float | None
    high: float | None


class Bin(NamedTuple):
    """Of the predictions between two probabilities, the mean one and how many came true, with the 95 %
    Wilson interval. `holds` is the acceptance rule: the mean within the interval, or within 20 %."""

    low: float
    high: float
    validators: int
    predicted: float
    observed: float
    observed_low: float
    observed_high: float
    holds: bool


@dataclass(frozen=True, slots=True)
class MethodResult:
    """Everything that is reported of one method; returns are shares of a perfect 0 % validator's reward."""

    method: str
    version: str
    fitted_through: int | None
    auc: Estimate
    average_precision: Estimate
    pooled_auc: Estimate
    pooled_average_precision: Estimate
    brier: Estimate
    pooled_brier: float | None
    reliability: Sequence[Bin]
    spearman: Estimate
    returns: Mapping[int, Estimate]
    over_cluster: Mapping[int, Estimate]
    over_lowest_commission: Mapping[int, Estimate]
    turnover: Estimate
    lift: Sequence[float]
    return_curve: Mapping[int, float]
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """The epochs that were judged, how many validators in them, and how many had a bad next epoch."""

    epochs: Sequence[int]
    judged: int
    bad: int
    cluster_return: Estimate
    cluster_return_without_private: Estimate
    methods: Sequence[MethodResult]
