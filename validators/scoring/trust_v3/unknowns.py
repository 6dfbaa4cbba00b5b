"""What an unknown input is taken for, and how far the risk would move if it were otherwise. Pure."""

from collections.abc import Collection, Sequence
from statistics import median
from typing import Final

from validators.scoring.trust_v3.inputs import INPUTS, Inputs
from validators.scoring.trust_v3.tables import Tables

# What a short history leaves open concerns the means over it.
OPEN_WITH_HISTORY: Final = frozenset({"recent_shortfall", "earlier_shortfall", "delinquency"})

# From so many epochs on, a history is not short any more.
ENOUGH_EPOCHS: Final = 30


def medians(everyone: Sequence[Inputs]) -> list[float | None]:
    """Of each input over the validators in which it is known; None where it is known in none."""
    columns = zip(*(inputs.values for inputs in everyone), strict=True)
    known = ([value for value in column if value is not None] for column in columns)
    return [median(values) if values else None for values in known]


def middles(everyone: Sequence[Inputs], tables: Tables) -> list[float]:
    """The medians, and what is usual where there is none."""
    return [
        usual.middle if found is None else found
        for found, usual in zip(medians(everyone), tables.usual, strict=True)
    ]


def middle_level(everyone: Sequence[Inputs]) -> float:
    """Of those known, never above a perfect one."""
    levels = [min(inputs.level, 1.0) for inputs in everyone if inputs.level is not None]
    return median(levels) if levels else 1.0


def filled_by(
    values: Sequence[float | None], middle: Sequence[float | None], learnt: Collection[str]
) -> tuple[float | None, ...]:
    """With the middle where a value is unknown, but where the trees have learnt what unknown means."""
    if None not in values:
        return tuple(values)
    return tuple(
        usual if value is None and name not in learnt else value
        for name, value, usual in zip(INPUTS, values, middle, strict=True)
    )


def good_and_poor(
    inputs: Inputs, taken: tuple[float | None, ...], tables: Tables
) -> tuple[tuple[float | None, ...], tuple[float | None, ...]]:
    """The inputs if what is unknown were as good, or as poor, as it is in one validator of ten.

    The means move by the share of evidence that a short history misses. No confidence interval: what is
    known is taken as it is.
    """
    missing = 1.0 / (1.0 + inputs.epochs_known) if inputs.epochs_known < ENOUGH_EPOCHS else 0.0
    if not missing and None not in inputs.values:
        return taken, taken
    good, poor = list(taken), list(taken)
    for place, (name, value, usual) in enumerate(zip(INPUTS, inputs.values, tables.usual, strict=True)):
        if value is None:
            good[place], poor[place] = usual.good, usual.poor
        elif missing and name in OPEN_WITH_HISTORY:
            good[place] = min(value, value + missing * (usual.good - value))
            poor[place] = max(value, value + missing * (usual.poor - value))
    return tuple(good), tuple(poor)
