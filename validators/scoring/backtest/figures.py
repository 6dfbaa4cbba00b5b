"""The three pictures of a back-test: calibration, lift and return. Pure."""

import math
from typing import Final

from validators.scoring.backtest.results import CURVE, LIFT_STEPS, BacktestResult, MethodResult
from validators.scoring.backtest.svg import Axis, Line, chart

RISKS: Final = (0.0001, 0.001, 0.01, 0.1, 1.0)


def figures(result: BacktestResult) -> dict[str, str]:
    """File name -> SVG. Those that nothing can be drawn of are left out."""
    found = {
        "lift.svg": _lift(result),
        "returns.svg": _returns(result),
        "calibration.svg": _calibration(result),
    }
    return {name: picture for name, picture in found.items() if picture}


def _percent(value: float) -> str:
    return f"{value * 100:g} %"


def _calibration(result: BacktestResult) -> str:
    lines = [_bins(method) for method in result.methods if method.reliability]
    if not lines:
        return ""
    perfect = Line("as predicted", [(RISKS[0], RISKS[0]), (1.0, 1.0)], dashed=True)
    return chart(
        "How often a predicted risk came true",
        [*lines, perfect],
        across=Axis("predicted risk of a bad next epoch", RISKS, _percent, logarithmic=True),
        up=Axis("observed, with 95 % interval", RISKS, _percent, logarithmic=True),
    )


def _bins(method: MethodResult) -> Line:
    return Line(
        method.method,
        [(one.predicted, one.observed) for one in method.reliability],
        spans=[(one.predicted, one.observed_low, one.observed_high) for one in method.reliability],
    )


def _lift(result: BacktestResult) -> str:
    steps = [0.0, *(step / LIFT_STEPS for step in range(1, LIFT_STEPS + 1))]
    lines = [
        Line(method.method, list(zip(steps, [0.0, *method.lift], strict=True)))
        for method in result.methods
        if method.lift
    ]
    if not lines:
        return ""
    ticks = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    return chart(
        "Bad next epochs caught among those judged worst",
        [*lines, Line("chance", [(0.0, 0.0), (1.0, 1.0)], dashed=True)],
        across=Axis("share of validators, judged worst first", ticks, _percent),
        up=Axis("share of all bad next epochs", ticks, _percent),
    )


def _returns(result: BacktestResult) -> str:
    """Of the methods that come near a perfect reward: the others would flatten the picture."""
    near = [method for method in result.methods if method.return_curve]
    if not near:
        return ""
    lines = [Line(method.method, sorted(method.return_curve.items())) for method in near]
    ticks = (0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 1.0, 1.01)
    if result.cluster_return_without_private.value is not None:
        level = result.cluster_return_without_private.value
        lines.append(Line("cluster by stake*", [(CURVE[0], level), (CURVE[-1], level)], dashed=True))
    return chart(
        "What a delegator earned, equal stake on the best (lower than 94 % is drawn at 94 %)",
        lines,
        across=Axis(
            "number of validators (* without 100 % commission)", (10, 20, 50, 100, 200, 500), _number, True
        ),
        up=Axis("share of a perfect 0 % validator's reward", ticks, _percent),
    )


def _number(value: float) -> str:
    return f"{math.floor(value)}"
