"""A back-test as a JSON document and as tables in Markdown. Pure."""

from collections.abc import Mapping
from typing import Any

from scheduling.wording import counted
from validators.figures import grouped
from validators.scoring.backtest.judged_report import judged_sections, judgement_document
from validators.scoring.backtest.markdown import table
from validators.scoring.backtest.portfolio_report import portfolio_sections
from validators.scoring.backtest.results import PORTFOLIOS, BacktestResult, Bin, Estimate, MethodResult


def document(result: BacktestResult) -> dict[str, Any]:
    """Plain JSON; keys of portfolios are their sizes."""
    return {
        "epochs": list(result.epochs),
        "judged": result.judged,
        "bad": result.bad,
        "cluster_return": result.cluster_return._asdict(),
        "cluster_return_without_private": result.cluster_return_without_private._asdict(),
        "methods": {method.method: _method(method) for method in result.methods},
    }


def _method(method: MethodResult) -> dict[str, Any]:
    return {
        "version": method.version,
        "fitted_through": method.fitted_through,
        "judged": judgement_document(method.judgement),
        "auc": method.auc._asdict(),
        "average_precision": method.average_precision._asdict(),
        "pooled_auc": method.pooled_auc._asdict(),
        "pooled_average_precision": method.pooled_average_precision._asdict(),
        "brier": method.brier._asdict(),
        "pooled_brier": method.pooled_brier,
        "reliability": [one._asdict() for one in method.reliability],
        "spearman_next_credits": method.spearman._asdict(),
        "returns": _by_size(method.returns),
        "returns_over_cluster": _by_size(method.over_cluster),
        "returns_over_lowest_commission": _by_size(method.over_lowest_commission),
        "turnover_top_100": method.turnover._asdict(),
        "lift": list(method.lift),
        "return_curve": {str(size): value for size, value in method.return_curve.items()},
    }


def _by_size(estimates: Mapping[int, Estimate]) -> dict[str, Any]:
    return {str(size): estimate._asdict() for size, estimate in estimates.items()}


def tables(result: BacktestResult) -> str:
    """Markdown, for people: one line a method, then the reliability of each that gives probabilities."""
    if not result.epochs:
        return "No epoch could be judged: the epochs after those asked for are not in the history.\n"
    if not result.judged:
        return (
            f"Nobody could be judged: of no validator that was scored at the end of epochs "
            f"{result.epochs[0]} to {result.epochs[-1]} is it known what the next epoch brought.\n"
        )
    judgements = {method.method: method.judgement for method in result.methods}
    sections = [
        f"Epochs {result.epochs[0]} to {result.epochs[-1]} ({len(result.epochs)}), each judged by the next: "
        f"{counted(result.judged, 'validator')}, {grouped(result.bad)} with a bad next epoch. In brackets "
        "the 95 % interval of a bootstrap over epochs.",
        *_not_foretold(result),
        *judged_sections(judgements),
        *portfolio_sections(judgements),
        "Beside those figures, of everybody whose next epoch is known, with the interval over epochs:",
        table(_FORESIGHT, (_foresight(method) for method in result.methods)),
        table(_RETURNS, (_returns(method) for method in result.methods)),
        f"The whole cluster by stake earned {_shown(result.cluster_return, 5)}; without 100 % commission "
        f"{_shown(result.cluster_return_without_private, 5)}.",
    ]
    for method in result.methods:
        if method.reliability:
            sections += [
                f"How often the risks of {method.method} came true:",
                table(_BINS, map(_bin, method.reliability)),
            ]
    return "\n\n".join(sections) + "\n"


def _not_foretold(result: BacktestResult) -> list[str]:
    """A sentence for each method that was fitted to outcomes of the epochs that it is judged on."""
    return [
        f"**{method.method} {method.version} has learnt from mainnet's outcomes up to epoch "
        f"{method.fitted_through}: what is said here of its epochs before that one was not foretold.**"
        for method in result.methods
        if method.fitted_through is not None and method.fitted_through > result.epochs[0]
    ]


_FORESIGHT = (
    *("method", "AUC", "average precision", "pooled AUC", "pooled AP", "Brier"),
    *("Spearman with next credits", "turnover of top 100"),
)
_RETURNS = (
    "method",
    *(f"return of top {size}" for size in PORTFOLIOS),
    *(f"top {size} over lowest commission" for size in PORTFOLIOS),
)
_BINS = ("predicted", "validators", "mean predicted", "came true", "95 % interval", "holds")


def _foresight(method: MethodResult) -> list[str]:
    return [
        method.method,
        _shown(method.auc, 3),
        _shown(method.average_precision, 3),
        _shown(method.pooled_auc, 3),
        _shown(method.pooled_average_precision, 3),
        _shown(method.brier, 5),
        _shown(method.spearman, 2),
        _shown(method.turnover, 3),
    ]


def _returns(method: MethodResult) -> list[str]:
    earned = (method.returns.get(size) for size in PORTFOLIOS)
    over = (method.over_lowest_commission.get(size) for size in PORTFOLIOS)
    return [method.method, *(_shown(one, 5) for one in (*earned, *over))]


def _bin(one: Bin) -> list[str]:
    return [
        f"{one.low * 100:g}-{one.high * 100:g} %",
        str(one.validators),
        f"{one.predicted * 100:.3f} %",
        f"{one.observed * 100:.3f} %",
        f"{one.observed_low * 100:.3f}-{one.observed_high * 100:.3f} %",
        "yes" if one.holds else "no",
    ]


def _shown(estimate: Estimate | None, digits: int) -> str:
    if estimate is None or estimate.value is None:
        return "-"
    return f"{estimate.value:.{digits}f} [{estimate.low:.{digits}f}, {estimate.high:.{digits}f}]"
