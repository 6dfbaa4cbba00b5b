"""What the model knows at one instant: small numbers only, so that millions of states have room.

The fencing token of a claim is 32 random digits in the code. All that any statement asks of it is whether
it is still the one that it was, so here each holder keeps that answer: `mine` of a worker, `same_owner` of
a dispatcher. Heartbeats, which only count up, are kept as `same_beat` in the same way.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeVar

# States of a row. NONE: there is none. MISSED: none either, but the occurrence is counted with another one's,
# or lay in a pause.
NONE, PENDING, QUEUED, RUNNING, SUCCEEDED, FAILED, SKIPPED, MISSED = range(8)
OPEN = (PENDING, QUEUED, RUNNING)
ENDED = (SUCCEEDED, FAILED, SKIPPED)
STATES = ("not there", "pending", "queued", "running", "succeeded", "failed", "skipped", "counted as missed")

# Where a worker is.
#   CLAIMED: its claim is committed, the answer on its way
#   EXECUTING: its task runs, under a lease
#   OVER: the task is done, its end not written, no lease held
#   STORED: (a mutant's) what the task wrote is committed, its end is not
#   GIVING_BACK: about to undo its claim
#   GONE: its host will not come back
IDLE, CLAIMED, EXECUTING, OVER, STORED, GIVING_BACK, GONE = range(7)
# Where a dispatcher is: has read a due schedule; has read a running row of its own host, or of another one;
# (a mutant's) has moved `next_run` on and not yet written the rows; has read what its stopped pool was doing.
SAW_DUE, LOOKED_HERE, LOOKED_THERE, MOVED, HANDING_OVER = range(1, 6)
LOOKED = (LOOKED_HERE, LOOKED_THERE, HANDING_OVER)

# Ticks. In seconds 1.5, 8 and 12: only their order matters.
SURRENDER, LEASE = 2, 3
# One failed attempt is followed by another; the second is the last.
MOST_ATTEMPTS = 2
# Who owns a running row: a worker, by its number, or the dead process of a host.
NOBODY, DEAD = -1, 2


Item = TypeVar("Item")


class Row(NamedTuple):
    state: int = NONE
    attempt: int = 0
    owner: int = NOBODY
    # How often its task was begun, without those given back; how often its writes were committed.
    begun: int = 0
    effects: int = 0
    # Whether a message about it is in Redis, or on its way in the pool.
    bell: bool = False
    # Whether a backfill asked for it, beside the schedule.
    backfilled: bool = False
    # Whether somebody let it begin anew after it had failed.
    again: bool = False

    @property
    def is_held_by_a_pause(self) -> bool:
        return self.backfilled or (self.again and not self.attempt)


class Worker(NamedTuple):
    at: int = IDLE
    run: int = 0
    mine: bool = False
    # Ticks since the claim was asked for, or since the last heartbeat.
    lag: int = 0
    # Stopped, or cut off from the database; its task may go on.
    stalled: bool = False
    # Whether the kernel is to end it at an instant.
    armed: bool = False


class Dispatcher(NamedTuple):
    at: int = IDLE
    # The next run that it saw, or the row.
    of: int = 0
    # Occurrences that it makes rows for, of MOVED; whether the task had begun, of HANDING_OVER.
    due: int = 0
    same_owner: bool = False
    same_beat: bool = False
    # For each row, for how many ticks its heartbeat was seen standing; -1 when it is not watched.
    watch: tuple[int, ...] = ()


class World(NamedTuple):
    next_run: int = 0
    paused: bool = False
    # How many faults, and acts of an operator, may still come.
    faults: int = 0
    acts: int = 0
    # Whether some occurrence has two rows.
    twice: bool = False


class State(NamedTuple):
    world: World
    rows: tuple[Row, ...]
    workers: tuple[Worker, ...]
    dispatchers: tuple[Dispatcher, ...]


class Step(NamedTuple):
    """What one actor does: the name of a sentence in `stories.py`, who, and about which occurrence."""

    name: str
    who: int
    run: int
    state: State


class Overlap(StrEnum):
    SKIP = "skip"
    QUEUE = "queue"
    ALLOW = "allow"


class CatchUp(StrEnum):
    LATEST = "latest"
    SKIP = "skip"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What is explored: how many of what, a job's policies, and which safeguards are taken away.

    On one host, as with SQLite, whether a worker lives is asked of the kernel; on two, each with a
    dispatcher and a worker, the other one's is known by its heartbeat alone.
    """

    hosts: int = 2
    occurrences: int = 2
    faults: int = 1
    acts: int = 0
    overlap: Overlap = Overlap.QUEUE
    catch_up: CatchUp = CatchUp.LATEST
    # Whether dispatchers of a version before claim as well, which do not ask first which rows there are.
    old_version: bool = False
    without: frozenset[str] = field(default_factory=frozenset)

    def initial(self) -> State:
        watch = (-1,) * self.occurrences
        return State(
            World(faults=self.faults, acts=self.acts),
            (Row(),) * self.occurrences,
            (Worker(), Worker()),
            (Dispatcher(watch=watch), Dispatcher(watch=watch)),
        )


def replaced(items: tuple[Item, ...], position: int, item: Item) -> tuple[Item, ...]:
    return (*items[:position], item, *items[position + 1 :])
