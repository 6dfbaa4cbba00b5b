"""A trust-v2 score in words, from the components stored with it. Pure.

Made when it is shown: a run stores thousands and shows few.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from validators.figures import bps_percent, decimal, percent
from validators.scoring.facts import Part
from validators.scoring.trust_v2.inputs import RUN_CAP, UNSEEN_DELINQUENCY, UNSEEN_SHORTFALL
from validators.scoring.trust_v2.tables import INPUTS, Tables, shipped_tables
from validators.scoring.trust_v2.terms import RAISE_WINDOW_EPOCHS
from validators.scoring.wording import COULD_NOT_VOTE, lacked, mixed, risk_percent, share_percent, sol, voted


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
    history = f"{bad} of the last {known} epochs known were bad" if known else "it has no known epoch"
    if known == 1:
        history = f"its one epoch known was {'bad' if bad else 'not bad'}"
    risk, low, high = (risk_percent(components[name]) for name in ("risk", "risk_low", "risk_high"))
    between = f" (between {low} and {high}, by what is unknown of it)" if low != high else ""
    taken = f"what its risk of a bad next epoch of {risk}{between} takes"
    said = f"full points for reliability, before {taken}; {history}"
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
    if components.get("could_not_vote"):
        said = f"that it was delinquent when this score was made counts for nothing: {COULD_NOT_VOTE}"
        return [Part("delinquent_now", None, 0.0, tables.delinquent_now_risk, 0.0, said)]
    least = risk_percent(tables.delinquent_now_risk)
    said = f"was delinquent when this score was made, so its risk counts as at least {least}"
    return [Part("delinquent_now", 1.0, 0.0, tables.delinquent_now_risk, points, said)] if points else []


def _return(components: Mapping[str, Any], tables: Tables) -> Part:
    expected, bps = components["expected_return"], components["commission_bps"]
    if expected is None:
        said = "the expected return is unknown, because the commission is"
    else:
        mean = "the cluster's mean reward before commission"
        said = f"at {bps_percent(bps)} commission pays {percent(expected)} of {mean}"
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


def _raised(before: int, after: int, epoch: int) -> str:
    return f"raised its commission, the last time {_from_to(before, after, epoch)}"


def _raised_steeply(before: int, after: int, epoch: int) -> str:
    """Of several raises the last one need not be the steep one."""
    last = _from_to(before, after, epoch)
    return f"raised its commission steeply within {RAISE_WINDOW_EPOCHS} epochs; its last raise was {last}"


def _from_to(before: int, after: int, epoch: int) -> str:
    return f"from {bps_percent(before)} to {bps_percent(after)} in epoch {epoch}"


def _bad_run(value: float) -> str:
    """Unknown epochs lie between them, or after the last, and neither end nor lengthen it."""
    if not value:
        return "in no run of bad epochs"
    return f"bad epochs in a row, of those known: {decimal(value, 0)}{' or more' if value >= RUN_CAP else ''}"


_INPUTS: Final[Mapping[str, Callable[[float], str]]] = {
    "last_shortfall": lambda value: voted(value, "in the last epoch that counts"),
    "previous_shortfall": lambda value: voted(value, "in the epoch before the last that counts"),
    "earlier_shortfall": lambda value: (
        f"{lacked(value, UNSEEN_SHORTFALL, 'before those')}: {mixed(UNSEEN_SHORTFALL)}"
    ),
    "bad_run": _bad_run,
    "delinquency": lambda value: (
        f"counts as delinquent in {percent(value)} of the looks: {mixed(UNSEEN_DELINQUENCY)}"
    ),
    "stake": lambda value: f"{sol(value)} delegated",
    "failing_with_stake": lambda value: (
        "failed in the last epoch that counts, with serious stake"
        if value
        else "is not known to have failed with serious stake in the last epoch that counts"
    ),
    "behind_release": lambda value: f"{share_percent(value)} of its lineage's stake runs a newer release",
    "skipping": lambda value: (
        f"its skip rate counts as {percent(value)}: recent epochs weigh more, and slots as usual for the "
        "cluster are mixed in"
    ),
}
_UNKNOWN: Final[Mapping[str, str]] = {
    **{name: f"its {name.replace('_', ' ')} is unknown" for name in INPUTS},
    "last_shortfall": "how it voted in the last epoch that counts is unknown",
    "previous_shortfall": "how it voted in the epoch before the last that counts is unknown",
    "behind_release": "how its release compares is not known to us",
    "skipping": "skip rates are unknown",
}
_CHARGES: Final[Mapping[str, Callable[..., str]]] = {
    "unknown_commission": lambda: "its commission is unknown",
    "private": lambda bps: f"keeps everything: {bps_percent(bps)} commission",
    "high_commission": lambda bps: f"its commission of {bps_percent(bps)} is above 10 %",
    "raise": _raised,
    "steep_raise": _raised_steeply,
    "superminority": lambda: "belongs to the superminority: more stake here weakens the network",
}
