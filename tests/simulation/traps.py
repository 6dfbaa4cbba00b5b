"""Traps: whoever next comes into a certain function is struck there, and not somewhere near it."""

import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING

from tests.simulation.processes import Killed, Process, Trap
from tests.simulation.themes import CUT_TRAP, LATE_BEAT, LOST_TRAP, OPERATOR_TRAP

if TYPE_CHECKING:
    from tests.simulation.faults import Fault
    from tests.simulation.simulation import Simulation
    from tests.simulation.world import World

LONGEST_STALL = 30.0
# Steps of that function which the traps of networks and of those who act may let pass.
MOST_PASSES = 4
# A heartbeat whose answer is this late (seconds) comes before its worker surrenders.
LATE_BEATS = (5.5, 6.4)


def spring(world: "World", process: Process) -> None:
    """Strike the process whose step this is, if a trap waits for it."""
    functions = set()
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        functions.add(frame.f_code.co_name)
        frame = frame.f_back
    trap = next((one for one in world.traps if one.kind == process.kind and one.function in functions), None)
    if trap is None or (trap.is_outside and is_writing(process)):
        return
    world.traps.remove(trap)
    if trap.passes:
        world.traps.append(replace(trap, passes=trap.passes - 1))
        return
    world.tell(f"{process.name} is in {trap.function}")
    if trap.is_lost:
        process.lose_answer = True
    elif trap.is_cut:
        world.cut_off(process.host, trap.seconds)
    elif trap.seconds:
        world.stall(process, trap.seconds)
    else:
        world.lose(process)
        raise Killed


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


def _of_who_acts(here: "Simulation", fault: "Fault") -> None:
    """He stands still in the middle of it, with its locks."""
    passes = fault.who % (2 * MOST_PASSES)
    trap = Trap(kind="operator", function=fault.what, seconds=0.1 + 2 * fault.size, passes=passes)
    here.world.traps.append(trap)


def _late_beat(here: "Simulation", fault: "Fault") -> None:
    busy = [one for one in here.world.living("worker") if one.executing]
    if busy and here.plan.hosts > 1:
        shortest, longest = LATE_BEATS
        busy[fault.who % len(busy)].late_beat = shortest + (longest - shortest) * fault.size


# Kinds of faults that only seeds with a theme have.
OF_THEMES: dict[str, Callable[["Simulation", "Fault"], None]] = {
    OPERATOR_TRAP: _of_who_acts,
    CUT_TRAP: _of_a_network,
    LOST_TRAP: _of_a_network,
    LATE_BEAT: _late_beat,
}
