"""A trust-v3 score in words, from the components stored with it. Pure.

Made when it is shown: the inputs go from a perfect validator's to this one's, one by one, and each step's
change of the risk is that input's part. So the parts add up, whatever the trees do together.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import fsum
from typing import Any, Final

from validators.figures import bps_percent, decimal, percent
from validators.scoring.facts import Part
from validators.scoring.trust_v3.inputs import (
    INPUTS,
    SHORTFALL_CAP,
    UNSEEN_DELINQUENCY,
    UNSEEN_SHORTFALL,
    WINDOW,
)
from validators.scoring.trust_v3.number import FULL, Number, count_on
from validators.scoring.trust_v3.tables import Tables, shipped_tables
from validators.scoring.wording import COULD_NOT_VOTE, lacked, mixed, risk_percent, share_percent, sol, voted
from validators.solana.arithmetic import ALL_BPS

MIXED: Final = mixed(UNSEEN_SHORTFALL)
CAPPED: Final = f"each epoch counts at most {SHORTFALL_CAP * 100:g} %"


def explained(components: Mapping[str, Any], tables: Tables | None = None) -> list[Part]:
    """The parts of a score; their points add up to it, to the rounding of the score. By the shipped tables
    unless given."""
    tables = tables or shipped_tables()
    bps, level, *taken = components["taken"]
    number = count_on(bps, level, components["risk"], tables.loss_when_bad, tables.aversion)
    return [
        Part("perfect", None, None, FULL, FULL, "a perfect validator without commission pays 100", best=FULL),
        _commission(components, bps, number),
        _performance(components, level, number),
        *_shared(list(_risks(components, taken, number, tables)), number),
    ]


def sentence(score: float, components: Mapping[str, Any]) -> str:
    """What the number says, and the three things that take from 100: as shown, they add up."""
    bps, level, *_ = components["taken"]
    # What commission and votes take depends on no table; the risk takes the rest.
    number = count_on(bps, level, 0.0, 0.0, 0.0)
    left, commission, votes = (round(one * 100) for one in (score, number.commission, number.performance))
    rest = 100 * round(FULL) - left - commission
    votes = min(votes, rest)
    took = {"commission takes": commission, "missing votes take": votes, "risk takes": rest - votes}
    each = [f"its {what} {decimal(points / 100, 2)}" for what, points in took.items() if points > 0]
    told = " and ".join([", ".join(each[:-1]), each[-1]] if each[1:] else each)
    counted = f"{decimal(left / 100, 2)} can be counted on" if left else "none can be counted on"
    of = "Of 100 units of reward that a perfect validator without commission would pay"
    return f"{of}, {counted}" + (f": {told}." if told else ".")


def _commission(components: Mapping[str, Any], bps: int, number: Number) -> Part:
    known = components["commission_bps"] is not None
    said = (
        f"keeps {bps_percent(bps)} commission, the highest that applies in the two epochs ahead"
        if known
        else f"its commission is unknown, and taken for {bps_percent(bps)}, as in the middle of the cluster"
    )
    return Part("commission", bps / ALL_BPS if known else None, 0.0, FULL, 0.0 - number.commission, said)


def _performance(components: Mapping[str, Any], level: float, number: Number) -> Part:
    known, level_told = components["known_of_window"], components["vote_performance"]
    if level_told is None:
        none = f"none of its last {WINDOW} epochs" if components["epochs_known"] else "no epoch of it"
        said = f"{none} is judged yet, so it is taken to vote as the middle of the cluster does, at "
        said += f"{percent(level)} of the mean"
    else:
        of = f", the median of its last {known} judged epochs" if known > 1 else " in its last judged epoch"
        said = f"voted at {percent(level_told)} of the cluster's mean{of}"
    return Part("vote_performance", level_told, 1.0, FULL, 0.0 - number.performance, said)


def _shared(parts: Sequence[Part], number: Number) -> list[Part]:
    """The parts of a risk that would take more than is left take all of it, each its share."""
    left, wanted = FULL - number.commission - number.performance, -fsum(part.points for part in parts)
    if wanted <= left:
        return list(parts)
    return [part._replace(points=part.points * (left / wanted)) for part in parts]


def _risks(
    components: Mapping[str, Any], taken: Sequence[float | None], number: Number, tables: Tables
) -> Iterator[Part]:
    """What nobody escapes, then each input's change of the risk: first of the unknown, which is no fault."""
    at: list[float | None] = list(tables.perfect)
    before = tables.risk(tuple(at))
    yield Part(
        "least_risk", before, None, number.risk_rate, 0.0 - before * number.risk_rate,
        f"even a perfect record leaves a risk of {risk_percent(before)}; {_risk_said(components)}",
    )  # fmt: skip
    unknown, bare = frozenset(components["unknown"]), _bare_means(components)
    order = sorted(_ORDER, key=lambda one: one[0] not in unknown)
    for place, name in order:
        at[place] = taken[place]
        last = place == order[-1][0] and not components["left_out"]
        after = components["risk"] if last else tables.risk(tuple(at))
        told = None if place in unknown else taken[place]
        points = (before - after) * number.risk_rate
        usual = tables.usual[place].middle
        excused = told is None and name in _DELINQUENCY and components.get("could_not_vote")
        said = _DELINQUENCY[name] if excused else _MEANS[name] if name in bare else describe(name, told)
        yield Part(name, told, usual, number.risk_rate, points, said)
        before = after
    if components["left_out"]:
        points = (before - components["risk"]) * number.risk_rate
        said = "as its account was last read, is not let into the next epoch and earns nothing there"
        yield Part("left_out", 1.0, 0.0, number.risk_rate, points, said)


def _bare_means(components: Mapping[str, Any]) -> frozenset[str]:
    """The means over epochs of which none is known: all that they hold is the epoch that is mixed in."""
    unknown = components["unknown"]
    last, previous = (INPUTS.index(name) not in unknown for name in ("last_shortfall", "previous_shortfall"))
    newer = {"recent_shortfall": last, "earlier_shortfall": last + previous}
    return frozenset(name for name, later in newer.items() if 0 < components["epochs_known"] <= later)


def _risk_said(components: Mapping[str, Any]) -> str:
    risk, low, high = (risk_percent(components[name]) for name in ("risk", "risk_low", "risk_high"))
    between = f" (between {low} and {high}, by what is unknown of it)" if low != high else ""
    return f"its own risk of a bad next epoch is {risk}{between}"


# Who it is, then the long run, then the latest: the order in which a perfect validator's inputs give way.
_ORDER: Final = [
    (INPUTS.index(name), name)
    for name in (
        *("stake", "least_stake", "stake_kept", "behind_release", "behind_patch"),
        *("raised", "delinquency", "earlier_shortfall", "recent_shortfall"),
        *("previous_shortfall", "last_shortfall", "end_shortfall", "delinquent_now"),
    )
]


def describe(name: str, value: float | None) -> str:
    """What an input says."""
    return _UNKNOWN[name] if value is None else _INPUTS[name](value)


def _behind(of: str) -> Callable[[float], str]:
    return lambda value: (
        f"none of its lineage's stake runs a newer {of}"
        if not value
        else f"{share_percent(value)} of its lineage's stake runs a newer {of}"
    )


_INPUTS: Final[Mapping[str, Callable[[float], str]]] = {
    "last_shortfall": lambda value: voted(value, "in the last epoch that counts"),
    "previous_shortfall": lambda value: voted(value, "in the epoch before the last that counts"),
    "recent_shortfall": lambda value: f"{lacked(value, UNSEEN_SHORTFALL, 'before the last epoch')}: {MIXED}",
    "earlier_shortfall": lambda value: (
        f"{lacked(value, UNSEEN_SHORTFALL, 'over the long run')}: {CAPPED}, {MIXED}"
    ),
    "end_shortfall": lambda value: (
        "voted as the others did at the end of the epoch"
        if not value
        else f"voted {percent(value)} below the others at the end of the epoch"
    ),
    "delinquent_now": lambda value: f"was {'' if value else 'not '}delinquent when this score was made",
    "delinquency": lambda value: (
        f"counts as delinquent in {percent(value)} of the looks: {mixed(UNSEEN_DELINQUENCY)}"
    ),
    "stake": lambda value: f"{sol(value)} delegated",
    "least_stake": lambda value: f"{sol(value)} at the least, in what is known of ten epochs",
    "stake_kept": lambda value: (
        "did not lose more than 30 % of its stake in what is known of ten epochs"
        if value == 1
        else f"has less than {percent(value + 0.1, 0)} of the most stake that it is known to have had in ten "
        "epochs"
    ),
    "raised": lambda value: (
        "did not raise its commission by more than 10 points in what is known of three epochs"
        if not value
        else f"raised its commission by {value:g} points within three epochs, as many do who then stop"
    ),
    "behind_release": _behind("release"),
    "behind_patch": _behind("version"),
}
_UNKNOWN: Final[Mapping[str, str]] = {
    **{name: f"its {name.replace('_', ' ')} is unknown" for name in INPUTS},
    "last_shortfall": "how it voted in the last epoch that counts is unknown, or it had no stake to vote by",
    "previous_shortfall": (
        "how it voted in the epoch before the last that counts is unknown, or it had no stake to vote by"
    ),
    "recent_shortfall": "how it voted before is unknown",
    "earlier_shortfall": "how it voted over the long run is unknown",
    "end_shortfall": "how it voted at the very end of the epoch was not seen",
    "delinquent_now": "whether it was delinquent at the end of the epoch is not recorded",
    "delinquency": "no look of ours at its past is known, or none at an epoch in which its votes could count",
    "stake_kept": "how much of its stake it kept in ten epochs is unknown",
    "raised": "what its commission was before is unknown",
    "behind_release": "how its release compares is not known to us, so it is taken for the middle",
    "behind_patch": "how its version compares is not known to us, so it is taken for the middle",
}
# Of epochs of which none is known, beside newer ones that are.
_MEANS: Final = {
    "recent_shortfall": "how it voted before the last epoch is unknown, and taken to be as is usual",
    "earlier_shortfall": "how it voted over the long run is unknown, and taken to be as is usual",
}
# The same, where that is why.
_DELINQUENCY: Final[Mapping[str, str]] = {
    "delinquent_now": f"that it was delinquent when this score was made counts for nothing: {COULD_NOT_VOTE}",
    "delinquency": f"no look at its past counts: {COULD_NOT_VOTE}",
}
