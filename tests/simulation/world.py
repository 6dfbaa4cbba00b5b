"""A clock, processes that take turns, and the chooser who says whose turn it is."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from greenlet import getcurrent, greenlet

from scheduling.engine.leases import SURRENDER
from tests.simulation.processes import BrokenError, Killed, Process, Thread, Trap
from tests.simulation.time_passing import FOR_EVER, Later, next_instant, skip_dull
from tests.simulation.traps import spring

BEGINNING = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """In which steps (from, to) the chooser is free; in the others whoever goes on goes on."""

    free: tuple[tuple[int, float], ...] = ((0, float("inf")),)

    def at(self, step: int) -> bool:
        return any(first <= step < last for first, last in self.free)


class World:
    """Everything that there is, in one thread of this interpreter."""

    def __init__(self, seed: int, choices: Choices, *, beginning: datetime = BEGINNING) -> None:
        self.random = random.Random(seed)
        self.choices = choices
        self.restless = self.random.choice((0.05, 0.3, 0.9))
        self.now, self.wrong_by, self.step = 0.0, 0.0, 0
        # The latest that the clock of the wall has said to anybody.
        self.beginning = self.latest = beginning
        self.processes: list[Process] = []
        self.current: Thread | None = None
        self.later: list[Later] = []
        self.traps: list[Trap] = []
        self.cut_off_until: dict[str, float] = {}
        # Until then somebody stands still, is cut off, or waits for an answer that is late.
        self.hindered_until = 0.0
        self.trace: list[str] = []
        self.hub = getcurrent()
        self.on_enter: Callable[[Thread, Thread | None], None] = lambda thread, before: None
        self.connect: Callable[[], Any] = lambda: None
        self.disconnect: Callable[[Thread], None] = _disconnect
        # Before each step: what the last one set free has gone on.
        self.settle: Callable[[], None] = lambda: None
        self.on_sudden_death: Callable[[Process], None] = lambda process: None
        self._entered: Thread | None = None
        self._dying: list[Process] = []
        # Whether a statement was executed that may have changed something, since somebody looked.
        self.wrote = True
        self._failed: BaseException | None = None

    # What processes ask for

    def wall(self) -> datetime:
        said = self.beginning + timedelta(seconds=self.now + self.wrong_by)
        self.latest = max(self.latest, said)
        if self.current is not None:
            self.current.process.said = said
        return said

    def pause(self, label: str) -> None:
        """Somebody else may go on."""
        self.wait(label, 0.0)

    def wait(
        self,
        label: str,
        seconds: float,
        ready: Callable[[], bool] | None = None,
        *,
        dull_until: Callable[[], float] | None = None,
    ) -> None:
        """So long, or until it is `ready`; before `dull_until` it would wake, do nothing and wait again."""
        thread = self.current
        if thread is None:  # it is the world itself that looks
            return
        if not thread.process.alive:
            raise Killed
        if self.traps:
            spring(self, thread)
        self.trace.append(f"{self.now:9.3f} {thread.name}: {label}")
        thread.wake_at, thread.ready = self.now + max(seconds, 0.0), ready
        thread.nap, thread.dull_until = seconds, dull_until
        self.hub.switch()
        if not thread.process.alive:
            raise Killed
        if thread is thread.process.threads[0] and not thread.process.is_deaf:
            self._deliver(thread.process)

    def start(
        self,
        kind: str,
        host: str,
        name: str,
        body: Callable[[], None],
        *,
        stands_for: Process | None = None,
    ) -> Process:
        pid = 100 + len(self.processes)
        process = Process(kind=kind, host=host, name=f"{name}#{pid}", pid=pid, stands_for=stands_for)
        self.processes.append(process)
        self.start_thread(process, process.name, body)
        return process

    def start_thread(self, process: Process, name: str, body: Callable[[], None]) -> None:
        def run() -> None:
            try:
                body()
            except Killed:
                pass
            except BaseException as exc:
                if process.alive:
                    self._failed = exc

        thread = Thread(process, name, self.connect(), greenlet(run, parent=self.hub), wake_at=self.now)
        process.threads.append(thread)

    def kill(self, process: Process) -> None:
        """It does nothing any more from now on; what it left open is rolled back before the next step."""
        if process.alive:
            process.alive = False
            self._dying.append(process)
            self.tell(f"{process.name} is dead")

    def lose(self, process: Process) -> None:
        """It dies, and whoever looks after it notices."""
        self.kill(process)
        self.on_sudden_death(process)

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        self.later.append((self.now + seconds, act))

    def tell(self, what: str) -> None:
        self.trace.append(f"{self.now:9.3f}   * {what}")

    def stall(self, process: Process, seconds: float) -> None:
        process.stalled_until = self.now + seconds
        self.hinder(seconds)
        self.tell(f"{process.name} stands still until {process.stalled_until:.2f}")

    def cut_off(self, host: str, seconds: float) -> None:
        self.cut_off_until[host] = self.now + seconds
        self.hinder(seconds)
        self.tell(f"host {host} is cut off until {self.cut_off_until[host]:.2f}")

    def hinder(self, seconds: float) -> None:
        self.hindered_until = max(self.hindered_until, self.now + seconds)

    def living(self, kind: str = "") -> list[Process]:
        return [one for one in self.processes if one.alive and kind in ("", one.kind)]

    # How it goes on

    def go_on(self) -> Thread | None:
        """One step of somebody, who is given; or else the clock moves to the next thing that happens."""
        self._bury()
        self.settle()
        runnable = self._runnable()
        dice = self.random.random()
        if not runnable:
            self._move_clock()
            return None
        self.step += 1
        thread = self._chosen(runnable, dice)
        self._resume(thread)
        self._bury()
        if self._failed is not None:
            raise self._failed
        return thread

    def close(self) -> None:
        for process in self.living():
            self.kill(process)
        self._bury()

    def _chosen(self, runnable: list[Thread], dice: float) -> Thread:
        if dice < self.restless and self.choices.at(self.step):
            return runnable[int(dice / self.restless * len(runnable))]
        if self._entered in runnable:
            return self._entered
        return runnable[0]

    def _runnable(self) -> list[Thread]:
        """In the order in which they began."""
        now, found = self.now, []
        for process in self.processes:
            if not process.alive or process.stalled_until > now:
                continue
            for thread in process.threads:
                if thread.late_until > now or thread.run.dead:
                    continue
                has_signal = process.pending and not process.is_deaf and thread is process.threads[0]
                if thread.wake_at <= now or has_signal or (thread.ready is not None and thread.ready()):
                    found.append(thread)
        return found

    def _resume(self, thread: Thread) -> None:
        self._enter(thread)
        self.current = thread
        thread.run.switch()
        self.current = None

    def _enter(self, thread: Thread) -> None:
        if thread is not self._entered:
            self.on_enter(thread, self._entered)
            self._entered = thread

    def _bury(self) -> None:
        """The code of the dead is left; whatever it asks for on its way out is refused."""
        while self._dying:
            process = self._dying.pop()
            for thread in process.threads:
                self.disconnect(thread)
            for thread in process.threads:
                if thread.run:
                    self._enter(thread)
                    self.current = thread
                    thread.run.throw(Killed)
                    self.current = None
            process.executing = process.watchdog_at = None

    def _move_clock(self) -> None:
        skip_dull(self.living(), later=self.later, now=self.now)
        self.now = max(self.now, next_instant(self.living(), later=self.later, now=self.now))
        if self.now >= FOR_EVER:
            raise BrokenError("LIVE-1", "everybody waits for ever")
        self._happen()

    def _happen(self) -> None:
        due = [act for at, act in self.later if at <= self.now]
        self.later = [(at, act) for at, act in self.later if at > self.now]
        for act in due:
            act()
        for process in self.living():
            if process.watchdog_at is not None and process.watchdog_at <= self.now:
                self.tell(f"the watchdog of {process.name} strikes")
                self._require_a_cause(process)
                self.lose(process)
            elif process.alarm_at is not None and process.alarm_at <= self.now:
                process.alarm_at = None
                process.pending.append(SIGALRM)

    def _require_a_cause(self, struck: Process) -> None:
        """Who can beat does not end himself: anybody who is held up may hold the database, and so him."""
        if self.now - self.hindered_until > SURRENDER:
            raise BrokenError("LIVE-1", f"{struck.name} ends itself, and nothing kept it from beating")

    def _deliver(self, process: Process) -> None:
        while process.pending:
            number = process.pending.pop(0)
            handler = process.handlers.get(number)
            if callable(handler):
                handler(number, None)


def _disconnect(thread: Thread) -> None:
    if thread.connection.connection is not None:
        thread.connection.connection.close()


SIGALRM = 14
