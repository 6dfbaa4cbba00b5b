"""Asking methods at the end of each epoch, and comparing with the epoch after it. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean

from validators.scoring.backtest.bootstrap import mean_estimate, pooled_estimate
from validators.scoring.backtest.calibration import brier, reliability
from validators.scoring.backtest.judging import Judgement, judgement
from validators.scoring.backtest.ranking import Pool, by_outcome, lift, separation, spearman
from validators.scoring.backtest.results import (
    CURVE,
    LIFT_STEPS,
    PORTFOLIOS,
    TURNOVER,
    BacktestResult,
    EpochResult,
    Estimate,
    MethodResult,
    Prediction,
)
from validators.scoring.backtest.truth import Truth, truth
from validators.scoring.facts import Assessment, ClusterFacts, ScoringMethod
from validators.scoring.registry import ranked
from validators.scoring.timeline import Outcome, Timeline, facts_at, outcomes_after
from validators.solana.arithmetic import ALL_BPS

LOWEST_COMMISSION = "lowest-commission"
# Told of every epoch and method: the predictions, best first.
Listener = Callable[[int, str, Sequence[Prediction]], None]


@dataclass(slots=True)
class _Gathered:
    """What has been measured so far."""

    epochs: list[int] = field(default_factory=list)
    judged: int = 0
    bad: int = 0
    cluster: list[float] = field(default_factory=list)
    public: list[float] = field(default_factory=list)
    results: dict[str, list[EpochResult]] = field(default_factory=dict)
    # Method -> epoch -> vote account -> score and probability.
    said: dict[str, dict[int, dict[str, tuple[float, float | None]]]] = field(default_factory=dict)


def backtest(
    history: Timeline,
    methods: Sequence[ScoringMethod],
    *,
    epochs: Sequence[int],
    listener: Listener = lambda epoch, method, predictions: None,
) -> BacktestResult:
    """Each method's scores at the end of each of the epochs, against the epoch after it.

    An epoch that is not in the history is left out; one without a successor is scored for the
    listener, and not judged.
    """
    gathered = _Gathered(
        results={method.name: [] for method in methods}, said={method.name: {} for method in methods}
    )
    for epoch in epochs:
        if epoch in history:
            _ask(history, methods, epoch, listener, gathered)
    return _result(methods, gathered, truth(history, first=min(epochs), last=max(epochs)))


def predictions(method: ScoringMethod, cluster: ClusterFacts) -> list[Prediction]:
    """What the method says of the cluster, best first."""
    # Methods compare with the middle of the field, and without anybody there is none.
    return [_prediction(one) for one in ranked(method.assess(cluster))] if cluster.validators else []


def _prediction(one: Assessment) -> Prediction:
    danger = -one.score if one.risk is None else one.risk
    return Prediction(one.validator.vote_account, one.score, danger, one.risk, one.validator.activated_stake)


def _ask(
    history: Timeline,
    methods: Sequence[ScoringMethod],
    epoch: int,
    listener: Listener,
    gathered: _Gathered,
) -> None:
    cluster = facts_at(history, epoch)
    outcomes = outcomes_after(history, epoch) if epoch + 1 in history else None
    if outcomes is not None:
        _note_cluster(cluster, outcomes, epoch, gathered)
    for method in methods:
        said = predictions(method, cluster)
        listener(epoch, method.name, said)
        gathered.said[method.name][epoch] = {one.vote_account: (one.score, one.probability) for one in said}
        if outcomes is not None:
            gathered.results[method.name].append(_epoch_result(epoch, said, outcomes))


def _note_cluster(
    cluster: ClusterFacts, outcomes: Mapping[str, Outcome], epoch: int, gathered: _Gathered
) -> None:
    """What a delegator earned who spread over the cluster by stake, with and without private validators."""
    gathered.epochs.append(epoch)
    known = [bad for one in cluster.validators if (bad := outcomes[one.vote_account].bad) is not None]
    gathered.judged += len(known)
    gathered.bad += sum(known)
    held = [
        (one.activated_stake, outcomes[one.vote_account].earned, one.commission_bps)
        for one in cluster.validators
    ]
    gathered.cluster.append(_weighted([(stake, earned) for stake, earned, _ in held]))
    gathered.public.append(
        _weighted([(stake, earned) for stake, earned, bps in held if bps is not None and bps < ALL_BPS])
    )


def _weighted(held: Sequence[tuple[int, float]]) -> float:
    total = sum(stake for stake, _ in held)
    return sum(stake * earned for stake, earned in held) / total if total else 0.0


def _epoch_result(
    epoch: int, best_first: Sequence[Prediction], outcomes: Mapping[str, Outcome]
) -> EpochResult:
    judged = [
        (one, outcome.bad) for one in best_first if (outcome := outcomes[one.vote_account]).bad is not None
    ]
    dangers, bad = [one.danger for one, _ in judged], [bool(was_bad) for _, was_bad in judged]
    earned = [
        (one.score, performance)
        for one in best_first
        if (performance := outcomes[one.vote_account].performance) is not None
    ]
    choices = [one.vote_account for one in best_first if one.stake]
    returns = [outcomes[key].earned for key in choices]
    return EpochResult(
        epoch,
        by_outcome(dangers, bad),
        [
            (one.probability, was_bad)
            for (one, _), was_bad in zip(judged, bad, strict=True)
            if one.probability is not None
        ],
        spearman([score for score, _ in earned], [performance for _, performance in earned]),
        {size: fmean(returns[:size]) for size in CURVE if size <= len(returns)},
        frozenset(choices[:TURNOVER]),
    )


def _result(methods: Sequence[ScoringMethod], gathered: _Gathered, known: Truth) -> BacktestResult:
    reference = gathered.results.get(LOWEST_COMMISSION, [])
    return BacktestResult(
        gathered.epochs,
        gathered.judged,
        gathered.bad,
        mean_estimate(gathered.cluster),
        mean_estimate(gathered.public),
        [
            _method_result(
                method,
                gathered.results[method.name],
                gathered.cluster,
                reference,
                judgement(gathered.said[method.name], known),
            )
            for method in methods
        ],
    )


def _method_result(
    method: ScoringMethod,
    results: Sequence[EpochResult],
    cluster: Sequence[float],
    reference: Sequence[EpochResult],
    judged_from_outside: Judgement,
) -> MethodResult:
    apart = [separation(one.sorted) for one in results]
    pool = Pool([one.sorted for one in results])
    judged = [pair for one in results for pair in one.judged]
    return MethodResult(
        method.name,
        method.version,
        method.fitted_through,
        mean_estimate([one.auc for one in apart]),
        mean_estimate([one.average_precision for one in apart]),
        pooled_estimate(len(results), lambda times: pool.separation(times).auc),
        pooled_estimate(len(results), lambda times: pool.separation(times).average_precision),
        mean_estimate([brier(one.judged) for one in results]),
        brier(judged),
        reliability(judged),
        mean_estimate([one.spearman for one in results]),
        {size: mean_estimate([one.returns.get(size) for one in results]) for size in PORTFOLIOS},
        {size: _advantage(size, results, cluster) for size in PORTFOLIOS},
        {
            size: _advantage(size, results, [one.returns.get(size) for one in reference])
            for size in PORTFOLIOS
            if reference
        },
        _turnover(results),
        _mean_lift(results),
        _mean_returns(results),
        judged_from_outside,
    )


def _advantage(size: int, results: Sequence[EpochResult], others: Sequence[float | None]) -> Estimate:
    pairs = [(one.returns.get(size), other) for one, other in zip(results, others, strict=True)]
    return mean_estimate(
        [ours - other if ours is not None and other is not None else None for ours, other in pairs]
    )


def _turnover(results: Sequence[EpochResult]) -> Estimate:
    """The share of the top portfolio that was not in it one epoch before."""
    changed = [
        len(now.top - before.top) / len(now.top)
        for before, now in pairwise(results)
        if now.epoch == before.epoch + 1 and now.top
    ]
    return mean_estimate(changed)


def _mean_lift(results: Sequence[EpochResult]) -> list[float]:
    curves = [lift(one.sorted, LIFT_STEPS) for one in results if one.sorted.bad]
    return [fmean(points) for points in zip(*curves, strict=True)]


def _mean_returns(results: Sequence[EpochResult]) -> dict[int, float]:
    return {
        size: fmean(known)
        for size in CURVE
        if (known := [one.returns[size] for one in results if size in one.returns])
    }
