"""What may go wrong, and what people may do meanwhile; all of it follows from the seed."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from tests.simulation import deliveries, news
from tests.simulation.acts import ACTS
from tests.simulation.processes import Process, Trap
from tests.simulation.setting_up import ACTS_UPON_SCHEDULES, how_often
from tests.simulation.theme import ASKED, CLOCK_AHEAD, DISPATCHER_TRAP, SETS, TELLS, WORKER_TRAP, Strike
from tests.simulation.themes import strikes_of, theme_of
from tests.simulation.traps import LONGEST_STALL, OF_THEMES, PLACES, doing, is_writing

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

# Steps after an instant at which much happens, within which a fault of that instant strikes.
WITHIN = 120
# Seconds after which the dead are replaced.
REPLACED_AFTER = 0.6
# Any; those of which a stall is longer than a lease; those just shorter than what a worker surrenders after.
SIZES = ((0.0, 1.0), (0.42, 0.9), (0.17, 0.26))
ACTED = (ASKED, SETS, TELLS)
# How often people act while a seed has its faults: some seeds are theirs.
MANY_ACTS = (0, 3, 8)
# Of a theme: many strike soon after another one, and their traps may let so many steps pass; mostly none,
# for the second step of many functions is in a transaction already, for which everybody waits on SQLite.
NEAR, SOON = 0.4, 40
# Intervals: what ran by a clock that is ahead by less may be no more than late.
LEAST_AHEAD = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Strikes so many steps after an instant; `who` says whom, of those who are there."""

    at: float
    steps: int
    kind: str
    who: int
    size: float
    # The function of a trap, or the name of an act; any where there is none.
    what: str = ""

    def __str__(self) -> str:
        told = f"{self.kind} {self.what}".strip()
        return f"{self.at:6.2f} s + {self.steps} steps: {told} ({self.who}, {self.size:.2f})"


def faults_of(seed: int, *, hosts: int, every: int, intervals: int) -> list[Fault]:
    """Some that make each other worse and a few others, mostly where much happens: when schedules are due."""
    dice, theme = random.Random(f"faults {seed}"), theme_of(seed)
    if theme.strikes:
        return _near_each_other(strikes_of(theme, dice), dice, every=every, intervals=intervals)
    others = [kind for kind in KINDS if kind not in ACTED and (hosts > 1 or kind not in OF_SEVERAL)]
    kinds = [*dice.choice(TOGETHER), *dice.sample(others, dice.randint(0, 3))]
    strikes = [dice.choice(kinds) for _ in range(dice.randint(2, 12))] + [ASKED] * dice.choice(MANY_ACTS)
    struck = [_fault(kind, dice, every=every, intervals=intervals) for kind in strikes]
    theirs = random.Random(f"acts {seed}")
    struck += [_fault(SETS, theirs, every=every, intervals=intervals) for _ in range(how_often(seed))]
    struck += [_fault(TELLS, theirs, every=every, intervals=intervals) for _ in range(news.how_often(seed))]
    return sorted(struck, key=lambda fault: (fault.at, fault.steps))


def _near_each_other(
    strikes: list[Strike], dice: random.Random, *, every: int, intervals: int
) -> list[Fault]:
    made: list[Fault] = []
    for kind, what in strikes:
        fault = replace(_fault(kind, dice, every=every, intervals=intervals), what=what)
        if made and dice.random() < NEAR:
            fault = replace(fault, at=made[-1].at, steps=made[-1].steps + dice.randrange(SOON))
        made.append(fault)
    return sorted(made, key=lambda fault: (fault.at, fault.steps))


def _fault(kind: str, dice: random.Random, *, every: int, intervals: int) -> Fault:
    half = dice.randrange(2 * intervals)
    return Fault(
        at=every * (half // 2) + half % 2 * 5.0 + dice.choice((0.0, 0.0, 1.0, 2.5, 4.0)),
        steps=dice.randrange(WITHIN),
        kind=kind,
        who=dice.randrange(100),
        size=dice.random() if kind in ACTED else dice.uniform(*dice.choice(SIZES)),
    )


def strike(here: "Simulation", fault: Fault) -> None:
    here.world.tell(f"FAULT: {fault.kind}")
    (KINDS | OF_THEMES | {CLOCK_AHEAD: _clock_ahead})[fault.kind](here, fault)


def is_time(here: "Simulation", fault: Fault) -> bool:
    return fault.kind != LOSES_A_HOST or bool(_at_work(here))


def _at_work(here: "Simulation") -> list[Process]:
    return [one for one in here.world.living("worker") if one.executing]


def _one(here: "Simulation", fault: Fault, kind: str) -> Process | None:
    """Mostly a worker that is at a task, if a worker is wanted."""
    living = here.world.living(kind)
    busy = [one for one in living if one.executing]
    living = busy if busy and fault.who % 2 else living
    return living[fault.who // 2 % len(living)] if living else None


def _crash(kind: str) -> Callable[["Simulation", Fault], None]:
    def act(here: "Simulation", fault: Fault) -> None:
        process = _one(here, fault, kind)
        if process:
            here.world.lose(process)

    return act


def _stall(kind: str) -> Callable[["Simulation", Fault], None]:
    def act(here: "Simulation", fault: Fault) -> None:
        process = _one(here, fault, kind)
        if process:
            # A dispatcher's may be one of occurrences, of which all that is missed is counted or made up for.
            # But not in a transaction: on SQLite all others would try to write for as long.
            is_long = kind == "dispatcher" and fault.who % 3 and not is_writing(process)
            many = here.plan.every / 10 if is_long else 1.0
            here.world.stall(process, fault.size * LONGEST_STALL * many)

    return act


def _trap(kind: str) -> Callable[["Simulation", Fault], None]:
    def act(here: "Simulation", fault: Fault) -> None:
        places = PLACES[kind]
        seconds = fault.size * LONGEST_STALL if fault.who % 4 else 0.0
        function = fault.what or places[fault.who // 4 % len(places)]
        passes = max(fault.who // 4 % 5 - 2, 0)
        is_outside = bool(seconds) and passes > 0 and not fault.what
        here.world.traps.append(
            Trap(kind=kind, function=function, seconds=seconds, passes=passes, is_outside=is_outside)
        )

    return act


def _old_version(here: "Simulation", fault: Fault) -> None:
    process = _one(here, fault, "dispatcher")
    if process:
        process.is_old = True


def _lose_answer(here: "Simulation", fault: Fault) -> None:
    process = _one(here, fault, "worker")
    if process:
        process.lose_answer = True


def _late_answer(here: "Simulation", fault: Fault) -> None:
    """Mostly to a claim."""
    idle = [one for one in here.world.living("worker") if not one.executing]
    process = idle[fault.who // 2 % len(idle)] if idle and fault.who % 4 else _one(here, fault, "worker")
    if process:
        process.late_answer = fault.size * LONGEST_STALL


def _die_asking(here: "Simulation", fault: Fault) -> None:
    """What is in one file dies with who asks; of a server nobody can call a statement back."""
    process = _one(here, fault, "worker" if fault.who % 8 < 6 else "dispatcher")
    if process and here.plan.hosts > 1:
        process.dies_asking = fault.size * LONGEST_STALL


def _cut_off(here: "Simulation", fault: Fault) -> None:
    host = here.hosts[fault.who % len(here.hosts)]
    here.world.cut_off(host, fault.size * LONGEST_STALL)


def _lose_host(here: "Simulation", fault: Fault) -> None:
    """One that is at work: only another host's lease can tell of its end."""
    if len(here.hosts) < 2:
        return
    at_work = _at_work(here)
    host = at_work[fault.who % len(at_work)].host
    here.hosts.remove(host)
    for process in here.world.living():
        if process.host == host and process.kind != "operator":
            here.world.kill(process)


def _deploy(here: "Simulation", fault: Fault) -> None:
    """A pool is stopped, and its host's dispatcher gives back what it was doing."""
    host = here.hosts[fault.who % len(here.hosts)]
    for process in here.world.living():
        if process.host == host and process.kind != "operator":
            here.world.kill(process)
            here.replace(process, after=REPLACED_AFTER, hands_over=True)


def _lose_messages(here: "Simulation", fault: Fault) -> None:
    here.redis.messages.clear()
    here.redis.has_marker &= fault.who % 2 == 0


def _double_messages(here: "Simulation", fault: Fault) -> None:
    here.redis.messages += [run for run in here.watch.rows for _ in range(2)]


def _redis_away(here: "Simulation", fault: Fault) -> None:
    here.redis.away_until = here.world.now + fault.size * 8


def _step_clock(here: "Simulation", fault: Fault) -> None:
    """Once, or there and back within two seconds."""
    step = (fault.size - 0.5) * 2 * LONGEST_STALL
    _put_clock(here, step)
    if fault.who % 2:
        here.world.after(1.0, lambda: _put_clock(here, step))
        here.world.after(2.0, lambda: _put_clock(here, -2 * step))


def _clock_ahead(here: "Simulation", fault: Fault) -> None:
    """By some intervals, for up to half of one. Somebody notices, and mostly says so."""
    step, lasts = float(here.plan.every * (LEAST_AHEAD + fault.who % 20)), fault.size * here.plan.every / 2
    _put_clock(here, step)
    here.world.after(lasts, lambda: _put_clock(here, -step))
    for name in here.names if fault.who % 4 else ():
        here.world.after(lasts + fault.who / 50, partial(_ask_for, here, "rewind", name))


def _put_clock(here: "Simulation", seconds: float) -> None:
    here.world.wrong_by += seconds
    here.world.tell(f"the clock is wrong by {here.world.wrong_by:.2f} s")


def _ask(here: "Simulation", fault: Fault) -> None:
    name = here.names[fault.who % len(here.names)]
    acts = list(ACTS)
    _ask_for(here, fault.what or acts[int(fault.size * len(acts))], name)


def _ask_for(here: "Simulation", act: str, name: str) -> None:
    here.asked.append((f"{act} {name}", doing(here, act, name, random.Random(act))))


def _set_schedules(here: "Simulation", fault: Fault) -> None:
    name = here.names[fault.who % len(here.names)]
    acts = list(ACTS_UPON_SCHEDULES)
    act, dice = fault.what or acts[int(fault.size * len(acts))], random.Random(f"{fault}")
    here.asked.append((f"{act} {name}", doing(here, act, name, dice)))


def _ask_for_news(here: "Simulation", fault: Fault) -> None:
    here.asked.append(("something is to be told", lambda: deliveries.ask(here)))


LOSES_A_HOST = "a host goes away for good"
LATE_STATEMENT = "what one sent arrives when he is dead"
# The rarest orders come of two faults of which one strikes what the other has left.
TOGETHER = (
    ("a worker dies", DISPATCHER_TRAP, DISPATCHER_TRAP),
    ("a worker stands still", "a host is cut off", DISPATCHER_TRAP, DISPATCHER_TRAP),
    ("a worker stands still", "the clock is stepped"),
    ("an answer is late", "an answer is lost", WORKER_TRAP),
    ("messages come again", WORKER_TRAP, DISPATCHER_TRAP),
    ("a dispatcher dies", "a dispatcher is of the version before", "messages are lost", "Redis is away"),
    ("a deployment", WORKER_TRAP),
    ("a host is cut off", LATE_STATEMENT, LATE_STATEMENT),
    (LOSES_A_HOST, "a worker stands still", "Redis is away", DISPATCHER_TRAP),
)
OF_SEVERAL = (LOSES_A_HOST, LATE_STATEMENT)
KINDS: dict[str, Callable[["Simulation", Fault], None]] = {
    "a worker dies": _crash("worker"),
    "a dispatcher dies": _crash("dispatcher"),
    "a worker stands still": _stall("worker"),
    "a dispatcher stands still": _stall("dispatcher"),
    WORKER_TRAP: _trap("worker"),
    DISPATCHER_TRAP: _trap("dispatcher"),
    "a dispatcher is of the version before": _old_version,
    "an answer is lost": _lose_answer,
    "an answer is late": _late_answer,
    LATE_STATEMENT: _die_asking,
    "a host is cut off": _cut_off,
    LOSES_A_HOST: _lose_host,
    "a deployment": _deploy,
    "messages are lost": _lose_messages,
    "messages come again": _double_messages,
    "Redis is away": _redis_away,
    "the clock is stepped": _step_clock,
    ASKED: _ask,
    SETS: _set_schedules,
    TELLS: _ask_for_news,
}
