"""One seed: its jobs and hosts, its faults, and whether every rule held to the end."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from django.db import Error as DatabaseError
from django.db import connections

from scheduling.engine.cluster import _RunsAlone
from scheduling.engine.dispatcher import Dispatcher
from scheduling.engine.execution import execute_run
from scheduling.exceptions import SchedulingError
from tests.simulation import bells, faults, observer, undone
from tests.simulation.acted import waits_ahead
from tests.simulation.acts import ACTS, ACTS_OF_THEMES
from tests.simulation.databases import database_of, is_on_postgres
from tests.simulation.deliveries import deliver
from tests.simulation.faults import Fault
from tests.simulation.jobs import jobs_of
from tests.simulation.news import has_news, known_channels
from tests.simulation.observer import Observer
from tests.simulation.parts import Redis, Tasks, running
from tests.simulation.playing import enter, played
from tests.simulation.processes import BrokenError, Process
from tests.simulation.quiet import Look, looking, quiet_until
from tests.simulation.seen import ENDED, Ledger
from tests.simulation.theme import EVERY, SLOWLY
from tests.simulation.themes import theme_of
from tests.simulation.world import BEGINNING, Choices, World

# Every how many seeds one is slow.
SLOW_IS_ONE_OF = 5
# Intervals of faults; after the last of them everything has so many to end.
FAULTS_FOR, CALM = 4, 60
MOST_STEPS = 60_000
# When the clock on the wall of `jobs.ZONE` is set back and forward; slow seeds begin two intervals before.
JUMPS = (datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2027, 3, 28, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A seed, and what is left of its faults and of its chooser's freedom."""

    seed: int
    hosts: int
    every: int
    beginning: datetime
    faults: tuple[Fault, ...]
    choices: Choices = field(default_factory=Choices)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Of a plan that was run: the rule that broke, empty if none, and the trace."""

    plan: Plan
    rule: str
    what: str
    trace: tuple[str, ...]
    seconds: float
    steps: int


def plan_of(seed: int) -> Plan:
    theme, dice = theme_of(seed), random.Random(f"pace {seed}")
    is_slow = seed % SLOW_IS_ONE_OF == SLOW_IS_ONE_OF - 1
    every = dice.choice(theme.every or (SLOWLY if is_slow else (EVERY,)))
    jump = dice.choice(JUMPS if theme.begins < 0 else JUMPS[1:])
    beginning = BEGINNING if every == EVERY else jump + timedelta(seconds=theme.begins * every)
    hosts = dice.choice(theme.hosts or (1 + seed // 2 % 2,))
    strikes = faults.faults_of(seed, hosts=hosts, every=every, intervals=FAULTS_FOR)
    return Plan(seed=seed, hosts=hosts, every=every, beginning=beginning, faults=tuple(strikes))


@dataclass(slots=True)
class Simulation:
    """A world with a pool and a dispatcher on each host, a Redis and an operator."""

    plan: Plan
    world: World
    redis: Redis
    watch: Observer
    names: list[str]
    hosts: list[str]
    asked: list[tuple[str, Callable[[], None]]] = field(default_factory=list)
    # Runs that waited by a clock that was ahead when that was last said.
    rewound: set[int] = field(default_factory=set)

    def start(self) -> None:
        self.world.on_sudden_death = partial(self.replace, after=faults.REPLACED_AFTER)
        # Of one host there are two dispatchers, as of two installations on one file.
        for host, _ in zip(self.hosts * 2, range(2), strict=False):
            self.world.start("dispatcher", host, f"{host}/dispatcher", self._dispatches)
            self.world.start("worker", host, f"{host}/worker", self._works)
        for host in self.hosts if has_news(self.plan.seed) else ():
            self.world.start("worker", host, f"{host}/courier", partial(deliver, self))
        if len(self.hosts) > 1:
            self.world.start("worker", "a", "a/worker", self._works)
        for name in ("ann", "bob")[: theme_of(self.plan.seed).people]:
            self.world.start("operator", "desk", name, partial(self._operates, name))

    def replace(self, dead: Process, *, after: float, hands_over: bool = False) -> None:
        def start() -> None:
            if dead.host not in self.hosts:
                return
            name = dead.name.partition("#")[0]
            bodies = {"dispatcher": self._hands_over if hands_over else self._dispatches}
            works = partial(deliver, self) if name.endswith("courier") else self._works
            self.world.start(dead.kind, dead.host, name, bodies.get(dead.kind, works))

        self.world.after(after, start)

    def _dispatches(self) -> None:
        self._ticks(Dispatcher())

    def _hands_over(self) -> None:
        dispatcher, process = Dispatcher(), running(self.world)
        process.owes, process.owes_since = bells.queued(self.watch), self.world.step
        dispatcher.hand_over()
        self._ticks(dispatcher)

    def _ticks(self, dispatcher: Dispatcher) -> None:
        while True:
            look = looking(self.world, self.watch)
            look.by.looked_at = began = self.world.step
            queued, lost = bells.queued(self.watch), undone.lost(self.watch, look.by)
            paused = undone.paused(self.watch)
            try:
                wait = dispatcher.tick()
            except Exception as exc:
                raise BrokenError("LIVE-1", f"a dispatcher breaks: {exc!r}") from exc
            is_well = not dispatcher._outage.is_on and not dispatcher._messages_lost
            if self.world.current is not None:
                self.watch.look(self.world.current)  # its last commit is of this step
            if not dispatcher._outage.is_on:
                self._of_bells(look, queued)
            if is_well and not is_on_postgres() and self.watch.is_undisturbed(look.by, began):
                if dispatcher._trials.writers_until < look.at:
                    undone.of_the_lost(lost, self.watch, by=look.by)
                # What was put back is the next look's; so is what stood behind a run that is held by a pause
                # of this one, after a failure.
                if wait > 0 and undone.paused(self.watch) <= paused:
                    self._of_the_rest(look)
            dull_until = (
                partial(quiet_until, look, self.watch, self.redis) if is_well and wait > 0.01 else None
            )
            self.world.wait("sleeps", wait, dull_until=dull_until)

    def _of_the_rest(self, look: Look) -> None:
        at = self.world.beginning + timedelta(seconds=look.at + look.wrong_by)
        if look.wrong_by == self.world.wrong_by:
            undone.of_the_rest(Ledger(self.watch.rows, self.watch.standings), self.watch.jobs, at=at)

    def _of_bells(self, look: Look, queued: bells.Queued) -> None:
        """On PostgreSQL what somebody holds is left for later."""
        if is_on_postgres():
            return
        bells.of_lost_messages(look.by, self.watch, self.redis)
        if not look.by.found_away and look.wrong_by == self.world.wrong_by:
            now = self.world.beginning + timedelta(seconds=look.at + look.wrong_by)
            bells.of_silence(queued, self.watch, now=now)

    def _works(self) -> None:
        tasks = _RunsAlone(Tasks(self.redis, idle=self.watch.idle))
        while True:
            task = tasks.get()
            # As django-q2's worker does.
            with suppress(Exception):
                execute_run(*task["args"])

    def _operates(self, name: str) -> None:
        while True:
            self.world.wait("has nothing to do", 1e8, lambda: bool(self.asked))
            what, act = self.asked.pop(0)
            self.world.tell(f"{name}: {what}")
            with suppress(SchedulingError, DatabaseError):
                act()

    def run(self) -> None:
        """Faults, then calm; raises `BrokenError` when a rule does not hold."""
        left, ends_at = list(self.plan.faults), FAULTS_FOR * self.plan.every
        for at in (*(fault.at for fault in left), ends_at):
            self.world.after(at, lambda: None)  # the clock stops there
        strike_at: dict[Fault, int] = {}
        while self.world.now < ends_at:
            for fault in [one for one in left if one.at <= self.world.now]:
                strikes_at = strike_at.setdefault(fault, self.world.step + fault.steps)
                if self.world.step >= strikes_at and faults.is_time(self, fault):
                    left.remove(fault)
                    faults.strike(self, fault)
            self._step()
        self._calm()
        while not self._is_over():
            if self.world.now > ends_at + CALM * self.plan.every:
                raise BrokenError("LIVE-1", f"not ended: {self._open()}")
            self._do_what_is_said()
            self._step()
        self.watch.deliveries.at_the_end(self.watch.rows.values(), self.watch.jobs)

    def _step(self) -> None:
        if self.world.step > MOST_STEPS:
            raise BrokenError("LIVE-1", "there is no end of steps")
        thread = self.world.go_on()
        if thread is not None:
            self.watch.look(thread)

    def _calm(self) -> None:
        world = self.world
        world.tell("no faults any more")
        world.cut_off_until.clear()
        world.hindered_until = min(world.hindered_until, world.now)
        world.traps.clear()
        self.redis.away_until = self.redis.forgets_until = 0.0
        self.watch.deliveries.is_well = True
        for process in world.living():
            process.stalled_until = min(process.stalled_until, world.now)
            process.lose_answer, process.late_answer, process.dies_asking = False, 0.0, 0.0
            process.late_beat = 0.0
            process.is_old = False

    def _do_what_is_said(self) -> None:
        """A job may be paused again, by its failures; what was asked for waits for somebody then.

        And what ran by a clock that was ahead may be over only when everybody was told to go on.
        """
        standings = self.watch.standings.values()
        paused = [self.watch.jobs[one.job].name for one in standings if one.paused and not one.is_removed]
        if self.asked:
            return
        self.asked += [(f"resume {name}", partial(ACTS["resume"], self, name)) for name in paused]
        ahead = [row for row in self.watch.rows.values() if waits_ahead(row, now=self.world.wall())]
        new = [] if paused else [row for row in ahead if row.id not in self.rewound]
        self.rewound |= {row.id for row in new}
        names = sorted({self.watch.jobs[row.job].name for row in new})
        self.asked += [(f"rewind {name}", partial(ACTS_OF_THEMES["rewind"], self, name)) for name in names]

    def _open(self) -> list[str]:
        """Of what is due until faults stop, and of what is to be told."""
        ends_at = self.world.beginning + timedelta(seconds=FAULTS_FOR * self.plan.every)
        horizon = f"{ends_at:%Y-%m-%d %H:%M:%S}"
        waiting = [
            f"run {row.id} is {row.state}"
            for row in self.watch.rows.values()
            if row.state not in ENDED and (row.occurrence < horizon or self.watch.jobs[row.job].is_channel)
        ]
        return waiting + [
            f"{self.watch.jobs[one.job].name} is not claimed"
            for one in self.watch.standings.values()
            if one.next_run is not None and one.next_run < horizon
        ]

    def _is_over(self) -> bool:
        return not self.asked and not self._open()


@contextmanager
def simulation(plan: Plan) -> Iterator[Simulation]:
    world = World(plan.seed, plan.choices, beginning=plan.beginning)
    with database_of(world) as database:
        world.on_enter = enter
        broker = Redis(world)
        with played(world, broker, seed=plan.seed, hosts=plan.hosts, on_postgres=is_on_postgres()):
            connections["default"] = world.connect()
            jobs = jobs_of(plan.seed, every=plan.every, beginning=plan.beginning)
            names = [known.name for known in jobs.values()]
            jobs |= known_channels(plan.seed)
            connections["default"].close()
            watch = Observer(world, database, jobs, is_shared=is_on_postgres())
            observer.is_present(watch)
            broker.queued = partial(bells.queued, watch)
            watch.deliveries.dice.seed(f"receivers {plan.seed}")
            here = Simulation(plan, world, broker, watch, names, ["a", "b"][: plan.hosts])
            here.start()
            yield here


def found(plan: Plan) -> Found:
    """Run it."""
    rule = what = ""
    with simulation(plan) as here:
        try:
            here.run()
        except BrokenError as exc:
            rule, what = exc.rule, str(exc)
        trace, now, step = tuple(here.world.trace), here.world.now, here.world.step
    return Found(plan=plan, rule=rule, what=what, trace=trace, seconds=now, steps=step)
