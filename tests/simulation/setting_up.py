"""What people do to schedules as such: set up, remove, change, as the command and the admin do."""

import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from scheduling.exceptions import RefusedError
from scheduling.modes import MODES, JobDeclaration
from scheduling.operations import setting_up
from scheduling.operations.changing import change, reschedule
from scheduling.operations.naming import job_named
from scheduling.operations.setting_up import write_cadence
from scheduling.timing.cadence import Cadence, Cron, Every
from tests.simulation.declared import declared_jobs, has_people
from tests.simulation.jobs import CRONS, ZONE
from tests.simulation.processes import BrokenError
from tests.simulation.theme import EVERY
from tests.simulation.wishes import Removal, Setting, SetUp, Wish, mode_that_is_kept

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

# How often people do, while a seed of theirs has its faults.
MANY = (1, 2, 4, 8)


def how_often(seed: int) -> int:
    return random.Random(f"how often {seed}").choice(MANY) if has_people(seed) else 0


def _granted(here: "Simulation", wish: Wish, act: Callable[[], object]) -> None:
    try:
        with here.watch.people.want(wish, here.watch.process()):
            act()
            here.world.pause("has read what was done")
    except BrokenError as exc:
        here.world._failed = exc
        raise


def _set_up(here: "Simulation", name: str, dice: random.Random) -> None:
    """For a mode, or as they are."""
    _set_up_for(here, dice, dice.choice(("", *MODES)))


def _set_up_as_they_are(here: "Simulation", name: str, dice: random.Random) -> None:
    _set_up_for(here, dice, "")


def _set_up_for(here: "Simulation", dice: random.Random, mode: str) -> None:
    """Where they are in several modes it has to be said."""
    declared = {one.name: one for one in declared_jobs()}
    mode = mode or _mode_that_is_kept(here, declared)
    if not mode:
        return
    now, reset = here.world.wall(), dice.random() < 0.2
    wish = SetUp(now=now, mode=mode, reset=reset, declared=declared)
    _granted(here, wish, lambda: setting_up.set_up(mode, now=now, by="ann", reset=reset))


def _mode_that_is_kept(here: "Simulation", declared: Mapping[str, JobDeclaration]) -> str:
    """The one that the schedules are in; where they are in several it is refused."""
    mode = ""
    with suppress(RefusedError):
        mode, _ = setting_up.mode_to_keep()
    kept = mode_that_is_kept(here.watch.people.definitions, declared)
    if mode != kept:
        here.world._failed = BrokenError("SETUP", f"set up for {mode!r}, where all are in {kept!r}")
    return kept


def _remove(here: "Simulation", name: str, dice: random.Random) -> None:
    now = here.world.wall()
    names = dice.choice(((name,), (name,), (dice.choice(list(MODES)),), ()))
    _granted(here, Removal(now=now, names=names), lambda: setting_up.remove(names, now=now, by="ann"))


def _remove_and_set_up(here: "Simulation", name: str, dice: random.Random) -> None:
    _remove(here, name, dice)
    _set_up(here, name, dice)


def _set(here: "Simulation", name: str, dice: random.Random) -> None:
    """A cadence, its start, how many are left, a time limit: an end: one or several of them."""
    now, every = here.world.wall(), here.plan.every
    cadence = _cadence(here, dice) if dice.random() < 0.7 else None
    start = now + timedelta(seconds=dice.choice((-1, 0, 1, 3))) if dice.random() < 0.4 else None
    repeats = dice.choice((None, None, None, 1, 2, -1))
    limit = timedelta(seconds=dice.choice((2, 30))) if dice.random() < 0.2 else None
    says_end, ends_at = dice.random() < 0.3, dice.choice((None, None, now + timedelta(seconds=2 * every)))
    wish = Setting(
        **_said(cadence),
        now=now,
        name=name,
        start=start,
        repeats=repeats,
        time_limit=limit,
        says_end=says_end,
        ends_at=ends_at,
    )
    _changed(here, wish, cadence)


def set_limits(here: "Simulation", name: str, dice: random.Random) -> None:
    """A count or an end, before the next occurrence, and nothing else."""
    now, says_end = here.world.wall(), dice.random() < 0.5
    repeats = None if says_end else dice.choice((1, 2, 5, -1))
    ends_at = dice.choice((None, *[now + timedelta(seconds=0.3 * here.plan.every)] * 3)) if says_end else None
    _changed(here, Setting(now=now, name=name, repeats=repeats, says_end=says_end, ends_at=ends_at), None)


def _changed(here: "Simulation", wish: Setting, cadence: Cadence | None) -> None:
    fields: dict[str, Any] = {"time_limit": wish.time_limit} if wish.time_limit else {}
    fields |= {"ends_at": wish.ends_at} if wish.says_end else {}
    said: dict[str, Any] = {
        "cadence": cadence,
        "start": wish.start,
        "repeats": wish.repeats,
        "fields": fields,
    }
    _granted(here, wish, lambda: change(wish.name, by="ann", now=wish.now, **said))


def _set_in_admin(here: "Simulation", name: str, dice: random.Random) -> None:
    """As a form does that shows a job and its schedule; what somebody changed meanwhile is overwritten."""
    cadence, job = _cadence(here, dice), job_named(name)
    assert job.schedule is not None, "job_named gives scheduled jobs"
    write_cadence(job.schedule, job, cadence)
    now = here.world.wall()
    wish = Setting(**_said(cadence), now=now, name=name, in_admin=True)
    _granted(here, wish, lambda: reschedule(job, next_run=None, by="ann", now=now))


def _cadence(here: "Simulation", dice: random.Random) -> Cadence:
    """No shorter than a seed's interval, of which the workers can do what falls due."""
    every = here.plan.every
    if every != EVERY and dice.random() < 0.4:
        return Cron(dice.choice(CRONS[every]), ZONE)
    return Every(every * dice.choice((1, 2, 3)))


def _said(cadence: Cadence | None) -> dict[str, Any]:
    if isinstance(cadence, Cron):
        return {"cron": cadence.expression, "time_zone": cadence.time_zone}
    return {"seconds": cadence.seconds} if cadence else {}


Act = Callable[["Simulation", str, random.Random], None]
ACTS_UPON_SCHEDULES: dict[str, Act] = {
    "set up": _set_up,
    "set up as they are": _set_up_as_they_are,
    "remove": _remove,
    "remove and set up": _remove_and_set_up,
    "set": _set,
    "set in the admin": _set_in_admin,
}
