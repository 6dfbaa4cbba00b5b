"""Traps: whoever next comes into a certain function is struck there, and not somewhere near it."""

import random
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING

from scheduling.engine.leases import LEASE
from tests.simulation.acts import ACTS, ACTS_OF_THEMES
from tests.simulation.processes import Killed, Process, Thread, Trap
from tests.simulation.setting_up import ACTS_UPON_SCHEDULES, set_limits
from tests.simulation.theme import (
    ACTED_TRAP,
    CHANGED_TRAP,
    COURIER_TRAP,
    CUT_TRAP,
    HEART_TRAP,
    LAST_TRAP,
    LATE_BEAT,
    LOST_TRAP,
    RACE_TRAP,
)

if TYPE_CHECKING:
    from tests.simulation.faults import Fault
    from tests.simulation.simulation import Simulation
    from tests.simulation.world import World

LONGEST_STALL = 30.0
# Functions of the steps of the specification, where a step more or less matters.
PLACES = {
    "dispatcher": (
        "claim",
        "claim",
        "expired",
        "expired",
        "_process_lives",
        "_process_lives",
        "_put_back",
        "_put_back",
        "_queue",
        "_queue",
        "_ask_again",
        "_end",
        "resume",
    ),
    "worker": (
        "take",
        "claim_run",
        "held_lease",
        # Around every end, whichever way it is written.
        "persistently",
        "persistently",
        "_end",
        "_committed",
        "give_back",
        "_record_failure",
    ),
}
# Steps of that function which the traps of networks may let pass.
MOST_PASSES = 4
# A heartbeat whose answer is this late (seconds) comes before its worker surrenders.
LATE_BEATS = (5.5, 6.4)
# The thread of a worker that beats, as a kind of process.
HEART = "heart"


def spring(world: "World", thread: Thread) -> None:
    """Strike the process whose step this is, if a trap waits for it, or for the heart beside its work."""
    process, is_heart = thread.process, thread is not thread.process.threads[0]
    waiting = [one for one in world.traps if (one.kind == HEART if is_heart else process.is_a(one.kind))]
    if not waiting:
        return
    functions = set()
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        functions.add(frame.f_code.co_name)
        frame = frame.f_back
    trap = next((one for one in waiting if functions.issuperset(one.function.split())), None)
    if trap is None or (trap.is_outside and is_writing(process)):
        return
    world.traps.remove(trap)
    if trap.passes:
        world.traps.append(replace(trap, passes=trap.passes - 1))
        return
    world.tell(f"{process.name} is in {trap.function}")
    _strike(world, process, trap)


def _strike(world: "World", process: Process, trap: Trap) -> None:
    if trap.meanwhile:
        for one in world.living(process.kind) if trap.is_everybody else [process]:
            world.stall(one, trap.seconds)
        trap.meanwhile()
    elif trap.is_last:
        process.dies_asking = trap.seconds
    elif trap.is_lost:
        process.lose_answer = True
    elif trap.is_cut:
        world.cut_off(process.host, trap.seconds)
    elif trap.seconds:
        world.stall(process, trap.seconds)
    else:
        world.lose(process)
        raise Killed


def doing(here: "Simulation", act: str, name: str, dice: random.Random) -> Callable[[], None]:
    """What somebody does to schedules as such, or to one job at run time."""
    if act in ACTS_UPON_SCHEDULES:
        return lambda: ACTS_UPON_SCHEDULES[act](here, name, dice)
    return partial((ACTS | ACTS_OF_THEMES)[act], here, name)


def is_writing(process: Process) -> bool:
    """Whether it is in a transaction; on SQLite all others that would write wait for it."""
    return any(thread.connection.in_atomic_block for thread in process.threads)


def _of_a_network(here: "Simulation", fault: "Fault") -> None:
    """Of a worker: its host is cut off, or its answer lost."""
    here.world.traps.append(
        Trap(
            kind="worker",
            function=fault.what,
            seconds=fault.size * LONGEST_STALL,
            passes=fault.who % MOST_PASSES,
            is_cut=fault.kind == CUT_TRAP,
            is_lost=fault.kind == LOST_TRAP,
        )
    )


def _of_a_courier(here: "Simulation", fault: "Fault") -> None:
    """Mostly he dies."""
    seconds = 0.0 if fault.who % 3 else fault.size * LONGEST_STALL
    here.world.traps.append(Trap(kind="courier", function=fault.what, seconds=seconds, passes=fault.who % 2))


def _of_a_heart(here: "Simulation", fault: "Fault") -> None:
    """It stands still with its worker, mostly for longer than a lease; or both die, and it beats later."""
    is_last, is_long = fault.who % 2 == 1, fault.who % 8 > 1
    seconds = LEASE * (1 + fault.size) if is_long or is_last else LEASE * fault.size
    trap = Trap(kind=HEART, function="_live" if is_last else "_beat", seconds=seconds, is_last=is_last)
    here.world.traps.append(replace(trap, passes=fault.who % 3))


def _of_what_changes(here: "Simulation", fault: "Fault") -> None:
    """All dispatchers stand still for so short that nobody looks once more, and schedules change."""

    def change() -> None:
        for number, name in enumerate(here.names):
            dice = random.Random(f"{number} {fault}")
            here.asked.append((f"limit {name}", partial(set_limits, here, name, dice)))

    here.world.traps.append(
        Trap(kind="dispatcher", function=fault.what, seconds=0.2, is_everybody=True, meanwhile=change)
    )


def _of_what_is_asked(here: "Simulation", fault: "Fault") -> None:
    """One stands still, and before he goes on somebody acts upon every job. `what`: who, where: which act."""
    place, _, act = fault.what.partition(": ")
    kind, _, function = place.partition(" ")
    seconds = 0.2 + fault.size * LONGEST_STALL / 5

    def ask() -> None:
        for name in here.names:
            dice = random.Random(f"{name} {fault}")
            here.asked.append((f"{act} {name}", doing(here, act, name, dice)))

    def meanwhile() -> None:
        here.world.after(0.8 * seconds, ask)

    trap = Trap(kind=kind, function=function, seconds=seconds, meanwhile=meanwhile)
    if kind == "operator":
        # Somebody else at the desk goes on.
        trap = replace(trap, passes=fault.who % 2, is_outside=fault.kind == RACE_TRAP)
    elif fault.kind == RACE_TRAP:
        # Where all of a kind stand still none of them does meanwhile what this one is about to do.
        passes, is_everybody = fault.who % 2, bool(fault.who % 3)
        trap = replace(trap, passes=passes, is_everybody=is_everybody, is_outside=True)
    here.world.traps.append(trap)


def _of_last_words(here: "Simulation", fault: "Fault") -> None:
    """A worker dies there, and what he sent arrives when his lease is over."""
    if here.plan.hosts > 1:
        seconds = LEASE + fault.size * LEASE
        trap = Trap(kind="worker", function=fault.what, seconds=seconds, passes=fault.who % 3, is_last=True)
        here.world.traps.append(trap)


def _late_beat(here: "Simulation", fault: "Fault") -> None:
    busy = [one for one in here.world.living("worker") if one.executing]
    if busy and here.plan.hosts > 1:
        shortest, longest = LATE_BEATS
        busy[fault.who % len(busy)].late_beat = shortest + (longest - shortest) * fault.size


# Kinds of faults that only seeds with a theme have.
OF_THEMES: dict[str, Callable[["Simulation", "Fault"], None]] = {
    CUT_TRAP: _of_a_network,
    LOST_TRAP: _of_a_network,
    LATE_BEAT: _late_beat,
    HEART_TRAP: _of_a_heart,
    COURIER_TRAP: _of_a_courier,
    CHANGED_TRAP: _of_what_changes,
    ACTED_TRAP: _of_what_is_asked,
    RACE_TRAP: _of_what_is_asked,
    LAST_TRAP: _of_last_words,
}
