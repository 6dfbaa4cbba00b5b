"""A trust-v2 score in words, from the components stored with it. Pure.

Made when it is shown: a run stores thousands and shows few.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from validators.scoring.facts import Part
from validators.scoring.trust_v2.tables import INPUTS, Tables, shipped_tables

# Below this a shortfall is nothing that a person would call one.
UNNOTICED: Final = 0.0005


def explained(components: Mapping[str, Any]) -> list[Part]:
    """The parts of a score; their points add up to it, to the rounding of each."""
    tables = shipped_tables()
    return [
        _reliability(components, tables),
        *_inputs(components, tables),
        *_delinquent_now(components, tables),
        _return(components, tables),
        _terms(tables),
        *(_charge(name, points, numbers, tables) for name, points, numbers in components["charges"]),
        *_not_kept(components),
    ]


def _reliability(components: Mapping[str, Any], tables: Tables) -> Part:
    full = tables.reliability_points.highest
    known, bad = components["known_of_window"], components["bad_of_window"]
    history = f"missed {bad} of the last {known} epochs known" if known else "has no known epoch"
    low, high = components["risk_low"] * 100, components["risk_high"] * 100
    risk = f"risk of a bad next epoch {components['risk'] * 100:.2g} %"
    said = f"{history}; {risk}, between {low:.2g} and {high:.2g} %"
    return Part("reliability", components["risk"], None, full, full, said, best=full)


def _inputs(components: Mapping[str, Any], tables: Tables) -> list[Part]:
    rows = zip(
        INPUTS, tables.curves, components["values"], components["typical"], components["points"], strict=True
    )
    return [
        Part(name, value, typical, round(curve.highest - curve.lowest, 4), points, describe(name, value))
        for name, curve, value, typical, points in rows
    ]


def _delinquent_now(components: Mapping[str, Any], tables: Tables) -> list[Part]:
    points = components["delinquent_now_points"]
    said = f"is delinquent now, so its risk counts as at least {tables.delinquent_now_risk * 100:.0f} %"
    return [Part("delinquent_now", 1.0, 0.0, tables.delinquent_now_risk, points, said)] if points else []


def _return(components: Mapping[str, Any], tables: Tables) -> Part:
    expected, bps = components["expected_return"], components["commission_bps"]
    if expected is None:
        said = "the expected return is unknown, because the commission is"
    else:
        said = f"at {bps / 100:g} % commission pays {expected * 100:.2f} % of a perfect validator's reward"
    full = tables.return_points.highest
    return Part("return", expected, 1.0, full, components["return_points"], said, best=full)


def _terms(tables: Tables) -> Part:
    full = tables.terms_points["all"]
    said = "full points for its terms, before what is held against them"
    return Part("terms", None, None, full, full, said, best=full)


def _charge(name: str, points: float, numbers: Sequence[int], tables: Tables) -> Part:
    return Part(name, 1.0, 0.0, tables.terms_points[name], points, _CHARGES[name](*numbers))


def _not_kept(components: Mapping[str, Any]) -> list[Part]:
    points = components["not_kept_points"]
    said = "leaves so little of the reward to a delegator that the rest counts for less"
    return [Part("not_kept", components["expected_return"], 1.0, 100.0, points, said)] if points else []


def describe(name: str, value: float | None) -> str:
    """What an input says."""
    return _UNKNOWN[name] if value is None else _INPUTS[name](value)


def _lacked(when: str) -> Callable[[float], str]:
    return lambda value: (
        f"earned what the cluster earned {when}"
        if value < UNNOTICED
        else f"earned {value * 100:.2f} % less than the cluster {when}"
    )


def _raised(before: int, after: int, epoch: int) -> str:
    return f"raised its commission from {before / 100:g} % to {after / 100:g} % in epoch {epoch}"


_INPUTS: Final[Mapping[str, Callable[[float], str]]] = {
    "last_shortfall": _lacked("in the last epoch"),
    "previous_shortfall": _lacked("in the epoch before"),
    "earlier_shortfall": _lacked("in the epochs before those, recent ones counting more"),
    "bad_run": lambda value: f"{value:.0f} bad epochs in a row" if value else "in no run of bad epochs",
    "delinquency": lambda value: f"delinquent {value * 100:.2f} % of the time, recent epochs counting more",
    "stake": lambda value: f"{value:,.0f} SOL delegated",
    "failing_with_stake": lambda value: "fails now, with serious stake" if value else "does not fail now",
    "behind_release": lambda value: f"{value * 100:.0f} % of its lineage's stake runs a newer release",
    "skipping": lambda value: f"skips {value * 100:.2f} % of its blocks, few slots counting little",
}
_UNKNOWN: Final[Mapping[str, str]] = {
    **{name: f"its {name.replace('_', ' ')} is unknown" for name in INPUTS},
    "last_shortfall": "what it earned in the last epoch is unknown",
    "previous_shortfall": "what it earned in the epoch before is unknown",
    "behind_release": "its version is unknown",
    "skipping": "skip rates are unknown",
}
_CHARGES: Final[Mapping[str, Callable[..., str]]] = {
    "unknown_commission": lambda: "its commission is unknown",
    "private": lambda bps: f"keeps everything: {bps / 100:g} % commission",
    "high_commission": lambda bps: f"its commission of {bps / 100:g} % is above 10 %",
    "raise": _raised,
    "steep_raise": _raised,
    "superminority": lambda: "belongs to the superminority: more stake here weakens the network",
}
