"""Fitting trust-v3: on which rows, with what trees, and the file that comes of it. Pure."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import quantiles
from typing import Any, Final, NamedTuple

from validators.scoring.facts import BAD_PERFORMANCE
from validators.scoring.fitting.boosting import PARAMETERS, ROUNDS, SEEDS, Grown, grown, in_whole_units
from validators.scoring.fitting.calibrating import calibration, calibration_curve
from validators.scoring.fitting.trust_v2 import COARSE_BEFORE, COARSE_WEIGHT, FOLDS, Provenance, decay
from validators.scoring.past import powers
from validators.scoring.timeline import Timeline, facts_at, outcomes_after
from validators.scoring.trust_v3.inputs import COMMISSION_ENDS, INPUTS, inputs_of, surroundings
from validators.scoring.trust_v3.tables import LEAF_UNIT
from validators.scoring.trust_v3.unknowns import filled_by, medians

VERSION: Final = "3.4.0"
# Epochs until an epoch counts half.
HALF_LIVES: Final = {"recent_shortfall": 4.0, "earlier_shortfall": 30.0, "delinquency": 40.0}
# Of these an unknown value is something that the trees learn: what is known of an end depends on who looked.
LEARNT_UNKNOWN: Final = frozenset({"end_shortfall", "delinquent_now"})
# The best that each input can be, and so whether more of it is worse (1) or better (-1).
PERFECT: Final[Mapping[str, float]] = {"stake": 1e9, "least_stake": 1e9, "stake_kept": 1.0}
# Below it a delegator could not have picked it: it failed already.
ALIVE: Final = 0.5
DEAD_WEIGHT: Final = 0.3
# Every example is also told without how its epoch ended, so that unknown means what it means in the middle.
WITHOUT_PERFORMANCE_WEIGHT: Final = 0.3
WITHOUT_END_WEIGHT: Final = 0.15
AVERSION: Final = 1.0
DECILES: Final = 10


class Example(NamedTuple):
    """A validator at the end of an epoch, and whether its next one was bad (1.0)."""

    epoch: int
    values: tuple[float | None, ...]
    bad: float
    alive: bool
    next_performance: float | None


def examples(history: Timeline, *, first: int, last: int) -> list[Example]:
    """Of every epoch from `first` on whose outcome lies in an epoch up to `last`; staked validators only."""
    found: list[Example] = []
    for epoch in range(first, last):
        if epoch in history and epoch + 1 in history:
            found += _examples(history, epoch)
    return found


def _examples(history: Timeline, epoch: int) -> Iterator[Example]:
    cluster = facts_at(history, epoch)
    around = surroundings(cluster, weights())
    everyone = [inputs_of(one, around) for one in cluster.validators]
    middle = medians(everyone)
    outcomes = outcomes_after(history, epoch)
    for validator, inputs in zip(cluster.validators, everyone, strict=True):
        outcome = outcomes[validator.vote_account]
        if validator.activated_stake and outcome.bad is not None:
            values = filled_by(inputs.values, middle, LEARNT_UNKNOWN)
            alive = (outcome.now or 0.0) >= ALIVE
            yield Example(epoch, values, float(outcome.bad), alive, outcome.performance)


def weights() -> dict[str, tuple[float, ...]]:
    return {name: powers(decay) for name, decay in decays().items()}


def decays() -> dict[str, float]:
    return {name: decay(life) for name, life in HALF_LIVES.items()}


def fit(
    found: Sequence[Example], provenance: Provenance, *, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """The coefficient file as JSON. ValueError without both good and bad examples in six epochs."""
    bad, epochs = sum(example.bad for example in found), sorted({example.epoch for example in found})
    if not 0 < bad < len(found) or len(epochs) < FOLDS:
        raise ValueError(f"{len(found)} examples in {len(epochs)} epochs are too few, or all alike")
    progress(f"{len(found)} examples, {bad:.0f} of them bad")
    model = _grown(found)
    progress("trees grown")
    alive = [example for example in found if example.alive]
    unseen = _out_of_fold(found, alive, epochs, progress)
    table = calibration([example.bad for example in alive], [_weight(example) for example in alive], unseen)
    return _document(model, table, found, provenance)


def _weight(example: Example) -> float:
    coarse = COARSE_WEIGHT if example.epoch < COARSE_BEFORE else 1.0
    return coarse if example.alive else coarse * DEAD_WEIGHT


def _grown(found: Sequence[Example]) -> Grown:
    rows, outcomes, counted = [], [], []
    for example in found:
        for values, share in _told(example.values):
            rows.append(values)
            outcomes.append(example.bad)
            counted.append(_weight(example) * share)
    return grown(rows, outcomes, counted, directions())


def directions() -> list[int]:
    return [-1 if PERFECT.get(name, 0.0) else 1 for name in INPUTS]


def _told(values: tuple[float | None, ...]) -> Iterator[tuple[tuple[float | None, ...], float]]:
    """The values as they are, and with less of how the epoch ended."""
    yield values, 1.0
    performance, delinquent = INPUTS.index("end_shortfall"), INPUTS.index("delinquent_now")
    if values[performance] is not None:
        without = (*values[:performance], None, *values[performance + 1 :])
        yield without, WITHOUT_PERFORMANCE_WEIGHT
        yield (*without[:delinquent], None, *without[delinquent + 1 :]), WITHOUT_END_WEIGHT


def _out_of_fold(
    found: Sequence[Example],
    asked: Sequence[Example],
    epochs: Sequence[int],
    progress: Callable[[str], None],
) -> list[float]:
    """Log-odds of those asked from a fit that saw neither its block of epochs nor the two beside it."""
    unseen: dict[int, float] = {}
    for fold in range(FOLDS):
        block = epochs[fold * len(epochs) // FOLDS : (fold + 1) * len(epochs) // FOLDS]
        low, high = block[0], block[-1]
        model = _grown([one for one in found if not low - 1 <= one.epoch <= high + 1])
        for place, one in enumerate(asked):
            if low <= one.epoch <= high:
                unseen[place] = model.log_odds(one.values)
        progress(f"fold {fold + 1} of {FOLDS} fitted")
    return [unseen[place] for place in range(len(asked))]


def _document(
    model: Grown,
    table: Sequence[tuple[float, float]],
    found: Sequence[Example],
    provenance: Provenance,
) -> dict[str, Any]:
    lost = [
        1.0 - example.next_performance
        for example in found
        if example.alive
        and example.next_performance is not None
        and example.next_performance < BAD_PERFORMANCE
    ]
    return {
        "method": "trust-v3",
        "version": VERSION,
        "record": _record(found, provenance),
        "fitted_through": provenance.last_epoch,
        "loss_when_bad": round(math.fsum(lost) / len(lost), 4) if lost else 0.0,
        "aversion": AVERSION,
        "delinquent_risk": _delinquent_risk(found),
        "commission_ends": list(COMMISSION_ENDS),
        "decay_per_epoch": decays(),
        "inputs": [_input(place, name, found) for place, name in enumerate(INPUTS)],
        "calibration": calibration_curve(table),
        "intercept": 0,
        "trees": [in_whole_units(tree, LEAF_UNIT) for tree in model.trees],
    }


def _delinquent_risk(found: Sequence[Example]) -> float:
    """Of those delinquent at the end of an epoch that was not bad, the share whose next one was.

    They are few, and the trees say little of who was not seen failing before.
    """
    last, now = INPUTS.index("last_shortfall"), INPUTS.index("delinquent_now")
    those = [
        one.bad
        for one in found
        if one.alive and one.values[now] and (one.values[last] or 0.0) <= 1.0 - BAD_PERFORMANCE
    ]
    return round(sum(those) / len(those), 4) if those else 0.0


def _input(place: int, name: str, found: Sequence[Example]) -> dict[str, Any]:
    """What is usual of it among those that a delegator could have picked."""
    known = [value for one in found if one.alive and (value := one.values[place]) is not None]
    perfect = PERFECT.get(name, 0.0)
    parts = quantiles(known, n=DECILES) if len(known) > 1 else [perfect] * (DECILES - 1)
    low, middle, high = (round(parts[at], 4) for at in (0, DECILES // 2 - 1, -1))
    return {
        "name": name,
        "perfect": perfect,
        "learnt_unknown": name in LEARNT_UNKNOWN,
        "good": high if perfect else low,
        "middle": middle,
        "poor": low if perfect else high,
    }


def _record(found: Sequence[Example], provenance: Provenance) -> dict[str, Any]:
    return {
        "fitted_at": provenance.fitted_at,
        "fitted_on": f"{provenance.source}: the end of each epoch from {provenance.first_epoch}, "
        f"outcomes up to epoch {provenance.last_epoch}",
        "examples": len(found),
        "bad": int(sum(example.bad for example in found)),
        "label": f"staked; earned below {BAD_PERFORMANCE} of the stake-weighted mean in the next epoch, or "
        "not there; left out where that is unknown",
        "how": f"{len(SEEDS)} x {ROUNDS} monotone trees of {PARAMETERS['num_leaves']} leaves; epochs before "
        f"{COARSE_BEFORE} weigh {COARSE_WEIGHT:g}, those that failed already {DEAD_WEIGHT:g}; calibrated on "
        f"{FOLDS} blocks of epochs that the predicting fit had not seen",
        "command": "manage.py fit_scores --method trust-v3 "
        f"--from {provenance.first_epoch} --to {provenance.last_epoch}",
    }
