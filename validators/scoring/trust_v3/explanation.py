"""A trust-v3 score in words, from the components stored with it. Pure.

Made when it is shown: the inputs go from a perfect validator's to this one's, one by one, and each step's
change of the risk is that input's part. So the parts add up, whatever the trees do together.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from validators.scoring.facts import Part
from validators.scoring.trust_v3.inputs import INPUTS
from validators.scoring.trust_v3.number import FULL, Number, count_on
from validators.scoring.trust_v3.tables import Tables, shipped_tables

# The means begin with one epoch as the cluster usually is, so that a short history says little.
MIXED: Final = "recent epochs weigh more, and one as usual for the cluster is mixed in"


def explained(components: Mapping[str, Any], tables: Tables | None = None) -> list[Part]:
    """The parts of a score; their points add up to it, to the rounding of the score. By the shipped tables
    unless given."""
    tables = tables or shipped_tables()
    bps, level, *taken = components["taken"]
    number = count_on(bps, level, components["risk"], tables.loss_when_bad, tables.aversion)
    parts = [
        Part("perfect", None, None, FULL, FULL, "a perfect validator without commission pays 100", best=FULL),
        _commission(components, bps, number),
        _performance(components, level, number),
        *_risks(components, taken, number, tables),
    ]
    below = number.score - sum(part.points for part in parts)
    if below > 1e-9:
        parts.append(Part("limit", None, None, FULL, below, "no score is below 0"))
    return parts


def _commission(components: Mapping[str, Any], bps: int, number: Number) -> Part:
    known = components["commission_bps"] is not None
    said = (
        f"keeps {bps / 100:g} % commission, the highest that applies in the two epochs ahead"
        if known
        else f"its commission is unknown, and taken for {bps / 100:g} %, as in the middle of the cluster"
    )
    return Part("commission", bps / 10_000 if known else None, 0.0, FULL, 0.0 - number.commission, said)


def _performance(components: Mapping[str, Any], level: float, number: Number) -> Part:
    known, level_told = components["known_of_window"], components["vote_performance"]
    if level_told is None:
        said = (
            f"no epoch of it is judged yet, so it is taken to vote at {level * 100:.2f} %, as the middle of "
        )
        said += "the cluster"
    else:
        middle = (
            f"in the middle of its last {known} judged epochs" if known > 1 else "in its one judged epoch"
        )
        said = f"voted at {level_told * 100:.2f} % of the cluster's mean {middle}"
    return Part("vote_performance", level_told, 1.0, FULL, 0.0 - number.performance, said)


def _risks(
    components: Mapping[str, Any], taken: Sequence[float | None], number: Number, tables: Tables
) -> Iterator[Part]:
    """What nobody escapes, then each input's change of the risk."""
    at: list[float | None] = list(tables.perfect)
    before = tables.risk(tuple(at))
    yield Part(
        "least_risk", before, None, number.risk_rate, 0.0 - before * number.risk_rate,
        f"{_risk_said(components)}; even a perfect record leaves {before * 100:.2g} %",
    )  # fmt: skip
    unknown = frozenset(components["unknown"])
    for place, name in _ORDER:
        at[place] = taken[place]
        last = place == _ORDER[-1][0] and not components["left_out"]
        after = components["risk"] if last else tables.risk(tuple(at))
        told = None if place in unknown else taken[place]
        points = (before - after) * number.risk_rate
        usual = tables.usual[place].middle
        yield Part(name, told, usual, number.risk_rate, points, describe(name, told))
        before = after
    if components["left_out"]:
        points = (before - components["risk"]) * number.risk_rate
        said = "is not let into the next epoch, and earns nothing there"
        yield Part("left_out", 1.0, 0.0, number.risk_rate, points, said)


def _risk_said(components: Mapping[str, Any]) -> str:
    risk, low, high = (components[name] * 100 for name in ("risk", "risk_low", "risk_high"))
    between = f", between {low:.2g} and {high:.2g} % as what is unknown may be" if high > low else ""
    return f"its risk of a bad next epoch is {risk:.2g} %{between}"


# Who it is, then the long run, then the latest: the order in which a perfect validator's inputs give way.
_ORDER: Final = [
    (INPUTS.index(name), name)
    for name in (
        *("stake", "least_stake", "stake_kept", "behind_release", "behind_patch"),
        *("delinquency", "earlier_shortfall", "recent_shortfall"),
        *("previous_shortfall", "last_shortfall", "end_shortfall", "delinquent_now"),
    )
]


def describe(name: str, value: float | None) -> str:
    """What an input says."""
    return _UNKNOWN[name] if value is None else _INPUTS[name](value)


def _lacked(when: str) -> Callable[[float], str]:
    return lambda value: (
        f"earned what the cluster earned {when}, or more"
        if not value
        else f"earned {value * 100:.2f} % less than the cluster {when}"
    )


def _behind(of: str) -> Callable[[float], str]:
    return lambda value: (
        f"none of its lineage's stake runs a newer {of}"
        if not value
        else f"{value * 100:.2g} % of its lineage's stake runs a newer {of}"
    )


_INPUTS: Final[Mapping[str, Callable[[float], str]]] = {
    "last_shortfall": _lacked("in the last judged epoch"),
    "previous_shortfall": _lacked("in the epoch before that"),
    "recent_shortfall": lambda value: f"counts as lacking {value * 100:.2f} % before the last epoch: {MIXED}",
    "earlier_shortfall": lambda value: (
        f"counts as lacking {value * 100:.2f} % over the long run, no epoch more than 3 %: {MIXED}"
    ),
    "end_shortfall": lambda value: (
        "voted as the others at the end of the epoch"
        if not value
        else f"earned {value * 100:.2f} % less than the others at the end of the epoch"
    ),
    "delinquent_now": lambda value: "is delinquent now" if value else "is not delinquent now",
    "delinquency": lambda value: f"counts as delinquent in {value * 100:.2f} % of fetches: {MIXED}",
    "stake": lambda value: f"{value:,.0f} SOL delegated",
    "least_stake": lambda value: f"{value:,.0f} SOL at the least in ten epochs",
    "stake_kept": lambda value: (
        "did not lose more than 30 % of its stake in ten epochs"
        if value == 1
        else f"has less than {value * 100 + 10:.0f} % of the most stake that it had in ten epochs"
    ),
    "behind_release": _behind("release"),
    "behind_patch": _behind("version"),
}
_UNKNOWN: Final[Mapping[str, str]] = {
    **{name: f"its {name.replace('_', ' ')} is unknown" for name in INPUTS},
    "last_shortfall": "what it earned in the last judged epoch is unknown, or it had no stake",
    "previous_shortfall": "what it earned in the epoch before that is unknown, or it had no stake",
    "end_shortfall": "how it voted at the very end of the epoch is not recorded",
    "delinquent_now": "whether it was delinquent at the end of the epoch is not recorded",
    "behind_release": "we do not know its version, so it is taken for the middle",
    "behind_patch": "we do not know its version, so its patches are taken for the middle",
}
