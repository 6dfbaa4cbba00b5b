"""Processes and their threads, as the kernel of the world knows them; how they end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from greenlet import greenlet


class Killed(BaseException):
    """This process is dead; nothing of it may be done any more."""


class BrokenError(Exception):
    """A rule of the specification is broken."""

    def __init__(self, rule: str, what: str) -> None:
        super().__init__(f"[{rule}] {what}")
        self.rule = rule


@dataclass(slots=True, eq=False)
class Thread:
    """Of a process; waits until an instant, or until it is `ready`."""

    process: "Process"
    name: str
    connection: Any
    run: greenlet
    wake_at: float = 0.0
    ready: Callable[[], bool] | None = None
    # The answer to its last question is on its way until then.
    late_until: float = 0.0
    # How long it sleeps again and again, and until when it finds nothing to do whenever it wakes.
    nap: float = 0.0
    dull_until: Callable[[], float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trap:
    """Who of a kind takes a step within a function, after so many that he passes, is struck there.

    Of several functions, with spaces between, within all of them at once. He stands still for so long, or
    dies at 0; or his host is cut off, or his next answer is lost.
    """

    kind: str
    function: str
    seconds: float
    passes: int = 0
    is_cut: bool = False
    is_lost: bool = False
    # He dies when he has sent his next statement, which arrives after `seconds`.
    is_last: bool = False
    # What somebody else does while he, or everybody of that kind, stands still.
    is_everybody: bool = False
    meanwhile: Callable[[], None] | None = None
    # Whether it waits until he is in no transaction: between what he read and what he writes by it.
    is_outside: bool = False


@dataclass(slots=True, eq=False)
class Process:
    """What the kernel knows of one, and what its modules remember."""

    kind: str
    host: str
    name: str
    pid: int
    alive: bool = True
    threads: list[Thread] = field(default_factory=list)
    remembered: list[Any] = field(default_factory=list)
    handlers: dict[int, Any] = field(default_factory=dict)
    pending: list[int] = field(default_factory=list)
    stalled_until: float = 0.0
    alarm_at: float | None = None
    watchdog_at: float | None = None
    # Whether it is in code that hears no signal.
    is_deaf: bool = False
    # The next answers of the database that are lost, or late by so many seconds.
    lose_answer: bool = False
    late_answer: float = 0.0
    # And to its next heartbeat, after which its host is cut off.
    late_beat: float = 0.0
    # It dies as soon as it has sent a statement that changes something, which arrives so many seconds later.
    dies_asking: float = 0.0
    # Of what only carries that out: who sent it.
    stands_for: "Process | None" = None
    # Whether it is of the version that does not ask which occurrences have a run.
    is_old: bool = False
    # The run and the owner of the task that it is at.
    executing: tuple[int, str] | None = None
    # Under which claim its last task ended well, and when its time limit would have been over.
    done: tuple[str, float] = ("", 0.0)
    # Of somebody at a desk: what he wants of schedules, or does to the runs of one job, just now.
    wish: Any = None
    act: Any = None
    # Whether it waits for a message.
    is_idle: bool = False
    # What the clock on the wall last said to it, and the step in which it last began to look at the ledger.
    said: datetime | None = None
    looked_at: int = 0
    # Of a dispatcher: attempt and time of each run as it read them when it last looked.
    read: dict[int, tuple[int, datetime]] = field(default_factory=dict)
    # Whether it found Redis away, and since then, or since it was emptied, by run when it was queued, which
    # it owes another message, and the step in which it came to know.
    found_away: bool = False
    owes: dict[int, str | None] = field(default_factory=dict)
    owes_since: int = 0

    def is_a(self, kind: str) -> bool:
        """A courier is a worker that has another name."""
        return kind == self.kind or (kind == "courier" and "/courier#" in self.name)
