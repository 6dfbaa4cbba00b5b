"""What a back-test found of the judged coefficients, for the page that explains the number. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

# Written by `backtest_scores --report`.
MEASURED: Final = "measured.json"


class Foretold(NamedTuple):
    """Of the risks between `low` and `high` on: how many, their mean, and the share that came true."""

    low: float
    high: float
    validators: int
    foretold: float
    came_true: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Epochs judged, how risks came true, and in percent what the top 100 kept over ten epochs."""

    version: str
    first_epoch: int
    last_epoch: int
    bins: list[Foretold]
    kept: float
    kept_low: float
    kept_high: float
    rank_correlation: float


@cache
def shipped_measures() -> Measured:
    """Those in the file beside this module."""
    return measured(json.loads(files(__package__).joinpath(MEASURED).read_text()))


def measured(document: Mapping[str, Any]) -> Measured:
    """From the JSON of a back-test's report on one method; a KeyError for what is none."""
    judged, epochs = document["judged"], document["epochs"]
    lows = [one["low"] for one in judged["bins"]]
    bins = [
        Foretold(one["low"], high, one["rows"], one["foretold"], one["came_true"])
        for one, high in zip(judged["bins"], [*lows[1:], 1.0], strict=True)
    ]
    held = judged["holding"]
    low, high = held["held_interval"]
    return Measured(
        document["version"], epochs[0], epochs[-1], bins, held["held"], low, high, held["rank_correlation"]
    )
