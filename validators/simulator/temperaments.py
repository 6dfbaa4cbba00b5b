"""What kinds of validators there are, how many of each, and how each kind works."""

from enum import StrEnum
from functools import cache

from validators.simulator import draws
from validators.simulator.clock import SLOTS_PER_EPOCH, SLOTS_PER_TURN
from validators.simulator.work import MAX_CREDITS_PER_EPOCH, MISSED, SHIFTS_PER_ROSTER, Roster, Shift


class Temperament(StrEnum):
    STEADY = "steady"  # votes in time, keeps its commission
    LAZY = "lazy"  # votes late, so it earns visibly less than the field
    FLAKY = "flaky"  # is away for parts of epochs and misses some wholly
    RUG_PULLER = "rug-puller"  # collects stake at a low commission, then jumps
    BLIPPER = "blipper"  # goes to 100 % and back within an epoch
    DYING = "dying"  # stops voting, loses its stake, leaves; another takes its place
    PRIVATE = "private"  # keeps 100 % of the rewards, openly
    UNSTAKED = "unstaked"  # votes with nothing delegated to it
    RETIRED = "retired"  # neither stake nor votes for a long time
    SILENT = "silent"  # has stake and never voted: its credits are []
    NEWCOMER = "newcomer"  # has fewer than five epochs of credits
    TWIN = "twin"  # a second vote account of another validator's identity
    MOVER = "mover"  # changes its identity now and then


# Dealt over the cluster again and again. It begins with one of each kind that scores
# should tell apart, so that a cluster of ten shows them too.
_COMMON = (
    (Temperament.STEADY,) * 4
    + (Temperament.FLAKY, Temperament.LAZY, Temperament.RUG_PULLER)
    + (Temperament.DYING, Temperament.BLIPPER, Temperament.PRIVATE)
    + (Temperament.STEADY,) * 26
    + (Temperament.FLAKY,) * 4
    + (Temperament.LAZY,) * 5
    + (Temperament.RUG_PULLER, Temperament.DYING)
)

# The oddities, once each at the end of a cluster that is large enough to hide them.
_RARE = (
    Temperament.UNSTAKED,
    Temperament.RETIRED,
    Temperament.SILENT,
    Temperament.NEWCOMER,
    Temperament.NEWCOMER,
    Temperament.TWIN,
    Temperament.MOVER,
)
SMALLEST_CLUSTER_WITH_RARE_ONES = 24

# Rosters are shared between validators of a kind; each deals its own order, at its own distance.
_ROSTERS_PER_TEMPERAMENT = 64

_EPOCHS_MISSED_BY_FLAKY = 2
_EPOCHS_INTERRUPTED_OF_FLAKY = 9
# A restart for a new version: long enough to see in the credits, too short for most snapshots.
_RESTART_SLOTS = 900


def temperament_of(index: int, *, count: int) -> Temperament:
    """The kind of the validator at this place in a cluster of `count`."""
    from_end = count - 1 - index
    if count >= SMALLEST_CLUSTER_WITH_RARE_ONES and from_end < len(_RARE):
        return _RARE[from_end]
    return _COMMON[index % len(_COMMON)]


def roster_of(seed: int, temperament: Temperament, owner: str) -> Roster:
    """The roster that this owner works by."""
    return _roster(seed, temperament, draws.number(owner, "roster") % _ROSTERS_PER_TEMPERAMENT)


@cache
def _roster(seed: int, temperament: Temperament, variant: int) -> Roster:
    key = f"{seed}:{temperament}:{variant}"
    if temperament == Temperament.LAZY:
        return Roster(_shifts(key, lost=draws.between(0.05, 0.14, key, "lost"), spread=0.02))
    shifts = _shifts(key, lost=0.0005, spread=0.0012)
    if temperament == Temperament.FLAKY:
        return Roster(_with_absences(shifts, key))
    restarted = _away(shifts[0], draws.fraction(key, "restart"), _RESTART_SLOTS)
    return Roster((restarted, *shifts[1:]))


def _shifts(key: str, *, lost: float, spread: float) -> tuple[Shift, ...]:
    return tuple(
        Shift(int(MAX_CREDITS_PER_EPOCH * draws.between(lost, lost + spread, key, place)))
        for place in range(SHIFTS_PER_ROSTER)
    )


def _with_absences(shifts: tuple[Shift, ...], key: str) -> tuple[Shift, ...]:
    interrupted = shifts[_EPOCHS_MISSED_BY_FLAKY:][:_EPOCHS_INTERRUPTED_OF_FLAKY]
    untouched = shifts[_EPOCHS_MISSED_BY_FLAKY + _EPOCHS_INTERRUPTED_OF_FLAKY :]
    absent = tuple(
        _away(
            shift,
            draws.fraction(key, place, "when"),
            int(SLOTS_PER_EPOCH * draws.between(0.02, 0.35, key, place, "long")),
        )
        for place, shift in enumerate(interrupted)
    )
    return (MISSED,) * _EPOCHS_MISSED_BY_FLAKY + absent + untouched


def _away(shift: Shift, when: float, slots: int) -> Shift:
    """Away for some slots, from and to the start of somebody's turn to lead."""
    slots -= slots % SLOTS_PER_TURN
    start = int(when * (SLOTS_PER_EPOCH - slots))
    start -= start % SLOTS_PER_TURN
    return Shift(shift.lost_credits, away_from=start, away_until=start + slots)
