"""One seed: its jobs and hosts, its faults, and whether every rule held to the end."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from django.db import Error as DatabaseError
from django.db import connections
from django_q.models import Schedule

from scheduling.engine import turnover
from scheduling.engine.dispatcher import Dispatcher
from scheduling.engine.execution import execute_run
from scheduling.exceptions import SchedulingError
from scheduling.ledger.attempts import waits_of
from scheduling.models import CatchUp, Job, Overlap
from tests.simulation import faults, observer
from tests.simulation.acts import ACTS
from tests.simulation.databases import database_of, is_on_postgres
from tests.simulation.faults import Fault
from tests.simulation.observer import Observer
from tests.simulation.parts import Redis
from tests.simulation.playing import enter, played
from tests.simulation.processes import BrokenError, Process
from tests.simulation.quiet import looking, quiet_until
from tests.simulation.seen import Known
from tests.simulation.world import BEGINNING, Choices, World

# Seconds between two occurrences, of most seeds and of the slow ones.
EVERY, SLOWLY = 10, (3_600, 21_600, 86_400)
# Every how many seeds one is slow.
SLOW_IS_ONE_OF = 5
# Intervals of faults; after the last of them everything has so many to end.
FAULTS_FOR, CALM = 4, 60
MOST_STEPS = 60_000
# Seconds that a task works: no time, less than a heartbeat, than a surrender, than a lease, and more.
WORK = (0.0, 0.5, 3.0, 6.0, 9.0, 15.0)
TASKS = ("store", "store_in_parts", "work", "fail_at_first", "fail", "skip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A seed, and what is left of its faults and of its chooser's freedom."""

    seed: int
    hosts: int
    every: int
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
    hosts = 1 + seed % 2
    is_slow = seed % SLOW_IS_ONE_OF == SLOW_IS_ONE_OF - 1
    every = random.Random(f"pace {seed}").choice(SLOWLY) if is_slow else EVERY
    strikes = faults.faults_of(seed, hosts=hosts, every=every, intervals=FAULTS_FOR)
    return Plan(seed=seed, hosts=hosts, every=every, faults=tuple(strikes))


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

    def start(self) -> None:
        self.world.on_sudden_death = partial(self.replace, after=faults.REPLACED_AFTER)
        # Of one host there are two dispatchers, as of two installations on one file.
        for host, _ in zip(self.hosts * 2, range(2), strict=False):
            self.world.start("dispatcher", host, f"{host}/dispatcher", self._dispatches)
            self.world.start("worker", host, f"{host}/worker", self._works)
        if len(self.hosts) > 1:
            self.world.start("worker", "a", "a/worker", self._works)
        self.world.start("operator", "desk", "ann", self._operates)

    def replace(self, dead: Process, *, after: float, hands_over: bool = False) -> None:
        def start() -> None:
            if dead.host not in self.hosts:
                return
            name = dead.name.partition("#")[0]
            bodies = {"dispatcher": self._hands_over if hands_over else self._dispatches}
            self.world.start(dead.kind, dead.host, name, bodies.get(dead.kind, self._works))

        self.world.after(after, start)

    def _dispatches(self) -> None:
        self._ticks(Dispatcher())

    def _hands_over(self) -> None:
        dispatcher = Dispatcher()
        dispatcher.hand_over()
        self._ticks(dispatcher)

    def _ticks(self, dispatcher: Dispatcher) -> None:
        while True:
            look = looking(self.world, self.watch)
            wait = dispatcher.tick()
            is_well = not dispatcher._outage.is_on and not dispatcher._messages_lost
            dull_until = (
                partial(quiet_until, look, self.watch, self.redis) if is_well and wait > 0.01 else None
            )
            self.world.wait("sleeps", wait, dull_until=dull_until)

    def _works(self) -> None:
        while True:
            self.watch.idle()
            if not self.redis.messages:
                turnover.flush()
            run_id = self.redis.take()
            # As django-q2's worker does.
            with suppress(Exception):
                execute_run(run_id)

    def _operates(self) -> None:
        while True:
            self.world.wait("has nothing to do", 1e8, lambda: bool(self.asked))
            what, act = self.asked.pop(0)
            self.world.tell(f"ann: {what}")
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
                if self.world.step >= strike_at.setdefault(fault, self.world.step + fault.steps):
                    left.remove(fault)
                    faults.strike(self, fault)
            self._step()
        self._calm()
        while not self._is_over():
            if self.world.now > ends_at + CALM * self.plan.every:
                raise BrokenError("LIVE-1", f"not ended: {self._open()}")
            self._step()

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
        world.traps.clear()
        self.redis.away_until = 0.0
        for process in world.living():
            process.stalled_until = min(process.stalled_until, world.now)
            process.lose_answer, process.late_answer = False, 0.0
            process.is_old = False
        for name in self.names:
            self.asked.append((f"resume {name}", partial(ACTS["resume"], self, name)))

    def _open(self) -> list[str]:
        """Of what is due until faults stop."""
        horizon = f"{BEGINNING + timedelta(seconds=FAULTS_FOR * self.plan.every):%Y-%m-%d %H:%M:%S}"
        waiting = [
            f"run {row.id} is {row.state}"
            for row in self.watch.rows.values()
            if row.state not in observer.ENDED and row.occurrence < horizon
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
    world = World(plan.seed, plan.choices)
    with database_of(world) as database:
        world.on_enter = enter
        broker = Redis(world)
        with played(world, broker, seed=plan.seed, hosts=plan.hosts, on_postgres=is_on_postgres()):
            connections["default"] = world.connect()
            jobs = _jobs(random.Random(f"jobs {plan.seed}"), every=plan.every)
            connections["default"].close()
            watch = Observer(world, database, jobs)
            observer.is_present(watch)
            names = [known.name for known in jobs.values()]
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


def _jobs(dice: random.Random, *, every: int) -> dict[int, Known]:
    """Two by the clock, and sometimes one that follows."""
    made = [_job(f"job-{number}", dice, every=every) for number in range(2)]
    if dice.random() < 0.4:
        follower = _job("follower", dice, every=every, after=made[0])
        made.append(follower)
    return {
        job.pk: Known(
            name=job.name,
            every=every if job.after is None else None,
            overlap=job.overlap,
            attempts=len(waits_of(job, occurrence=BEGINNING)) + 1,
            stores=".store" in job.task,
            follower=next((one.pk for one in made if one.after == job), None),
            jitter=job.jitter,
            time_limit=job.time_limit,
            has_condition=bool(job.condition),
            has_variants=job.parameters_b is not None,
            makes_up=job.catch_up != CatchUp.SKIP,
        )
        for job in made
    }


def _job(name: str, dice: random.Random, *, every: int, after: Job | None = None) -> Job:
    task = f"tests.simulation.tasks.{dice.choice(TASKS)}"
    schedule = Schedule.objects.create(
        name=name,
        func=task,
        schedule_type=Schedule.MINUTES,
        minutes=None,
        next_run=None if after else BEGINNING + timedelta(seconds=dice.choice((0, 1, 5))),
    )
    return Job.objects.create(
        name=name,
        task=task,
        schedule=schedule,
        after=after,
        mode="test",
        every_seconds=every,
        overlap=dice.choice(Overlap.values),
        catch_up=dice.choice(CatchUp.values),
        catch_up_window=timedelta(seconds=dice.choice((3 * every, 360 * every))),
        jitter=timedelta(seconds=dice.choice((0, 0, 2))),
        parameters={"seconds": dice.choice(WORK)},
        parameters_b=dice.choice((None, None, {"seconds": 1.0})),
        time_limit=timedelta(seconds=dice.choice((2, 30, 30, 30))),
        max_attempts=dice.choice((1, 3 if every == EVERY else 7)),
        condition=dice.choice(("", "", "", "", "", "now and then")),
        keep_succeeded=timedelta(days=1),
        keep_failed=timedelta(days=1),
    )
