"""The numbers behind trust-v3, read from its versioned file. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Final

from validators.scoring.curves import Curve, curve
from validators.scoring.forest import Forest, forest
from validators.scoring.past import powers
from validators.scoring.trust_v3.inputs import INPUTS

COEFFICIENTS: Final = "coefficients.json"
# Version 3.2.0 as it was shipped: the same recipe, grown on less.
JUDGED: Final = "judged_coefficients.json"
# Leaves are whole millionths of log-odds.
LEAF_UNIT: Final = 1_000_000
DELINQUENT_NOW: Final = INPUTS.index("delinquent_now")
# The same coefficients, of which 3.4.0 takes the inputs otherwise.
BEFORE: Final = "3.3.0"
# Of coefficients that do not say: until 3.3.0 the commission at the end of the newest epoch did not count.
OLDER_COMMISSION_ENDS: Final = (1,)
# Of an input that older coefficients do not know: no tree asks for it.
_UNUSED: Final[Mapping[str, Any]] = {"middle": 0.0, "good": 0.0, "poor": 0.0, "perfect": 0.0}


@dataclass(frozen=True, slots=True)
class Usual:
    """What an input is taken to be: in the middle where it is unknown of everybody, and for a range the value
    that one validator in ten is better than, and one in ten worse."""

    middle: float
    good: float
    poor: float


@dataclass(frozen=True, slots=True)
class Tables:
    """One version of the method.

    Log-odds of a bad next epoch = intercept + the sum of the trees; `calibration` makes a probability of
    them, and who is delinquent now has at least `delinquent_risk`. `weights` holds for each recency-weighted
    mean what an epoch 0, 1, 2... epochs old counts. `perfect` is the best that each input can be. A bad epoch
    costs `loss_when_bad` of its reward on average, and `aversion` is how much of a whole reward one more
    point of risk counts beyond that. `fitted_through` is the last epoch whose outcome they have learnt from,
    `commission_ends` are as `inputs.COMMISSION_ENDS`.
    """

    version: str
    record: Mapping[str, Any]
    fitted_through: int | None
    intercept: int
    trees: Forest
    calibration: Curve
    weights: Mapping[str, tuple[float, ...]]
    usual: tuple[Usual, ...]
    perfect: tuple[float, ...]
    learnt_unknown: frozenset[str]
    delinquent_risk: float
    loss_when_bad: float
    aversion: float
    commission_ends: tuple[int, ...]

    def risk(self, values: tuple[float | None, ...]) -> float:
        """The calibrated probability of a bad next epoch."""
        return self.risks([values])[0]

    def risks(self, rows: Sequence[tuple[float | None, ...]]) -> list[float]:
        """The same of each row of inputs: many at once take less than one by one."""
        return list(map(self._calibrated, self.trees.totals(rows), rows))

    def _calibrated(self, total: int, values: tuple[float | None, ...]) -> float:
        found = self.calibration.at((self.intercept + total) / LEAF_UNIT)
        return max(found, self.delinquent_risk) if values[DELINQUENT_NOW] else found


@cache
def shipped_tables() -> Tables:
    """Those in the file beside this module."""
    return _read(COEFFICIENTS)


@cache
def judged_tables() -> Tables:
    """Those that every figure of docs/scoring.md was measured with: the shipped ones have learnt from the
    outcomes that these were judged by."""
    return _read(JUDGED)


@cache
def earlier_tables(version: str) -> Tables | None:
    """Those that a run of that version was made with; None of one that is not kept."""
    if version == BEFORE:
        return replace(shipped_tables(), version=BEFORE, commission_ends=OLDER_COMMISSION_ENDS)
    return judged_tables() if version == judged_tables().version else None


def _read(name: str) -> Tables:
    return tables(json.loads(files(__package__).joinpath(name).read_text()))


def tables(document: Mapping[str, Any]) -> Tables:
    """From the file's JSON; a KeyError or ValueError for what is none."""
    told = {entry["name"]: entry for entry in document["inputs"]}
    inputs = [told.get(name, _UNUSED) for name in INPUTS]
    return Tables(
        version=document["version"],
        record=document["record"],
        # A refit that was accepted before 3.3.0 does not say.
        fitted_through=document.get("fitted_through"),
        intercept=document["intercept"],
        trees=forest(document["trees"], len(INPUTS)),
        calibration=curve(document["calibration"]),
        weights={name: powers(float(ratio)) for name, ratio in document["decay_per_epoch"].items()},
        usual=tuple(Usual(one["middle"], one["good"], one["poor"]) for one in inputs),
        perfect=tuple(float(one["perfect"]) for one in inputs),
        learnt_unknown=frozenset(name for name, one in told.items() if one["learnt_unknown"]),
        delinquent_risk=float(document["delinquent_risk"]),
        loss_when_bad=float(document["loss_when_bad"]),
        aversion=float(document["aversion"]),
        commission_ends=tuple(document.get("commission_ends", OLDER_COMMISSION_ENDS)),
    )
