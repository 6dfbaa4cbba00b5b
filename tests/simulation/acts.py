"""What people may do to a job meanwhile, by the words in which it is told."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction

from scheduling.exceptions import HeldError, RefusedError
from scheduling.ledger.retention import clean_up
from scheduling.models import Run
from scheduling.operations.cancelling import What, cancel
from scheduling.operations.changing import backfill, pause, resume, rewind, trigger
from scheduling.operations.naming import job_named
from scheduling.operations.retrying import retry
from tests.simulation.acted import Act, left_by
from tests.simulation.processes import BrokenError, Trap
from tests.simulation.seen import Ledger

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation


def _done(here: "Simulation", act: Act, call: Callable[[], object]) -> None:
    """What is refused, or changes nothing, is to be so, where nobody has changed anything meanwhile."""
    by, changes = here.watch.process(), here.watch.changes
    by.act, refusal = act, None
    try:
        try:
            call()
        except HeldError:
            raise  # he would ask once more
        except RefusedError as exc:
            refusal = exc
        here.world.pause(
            "has read what was done"
        )  # what it committed last is looked at in the step after that
    finally:
        by.act = None
    stands = Ledger(here.watch.rows, here.watch.standings)
    if here.watch.changes == changes and left_by(act, stands, here.watch.jobs) != (
        None if refusal else stands
    ):
        raise BrokenError("POLICY", f"{act.what} {act.name} is not done: {refusal or 'nothing has changed'}")


def _pause(here: "Simulation", name: str) -> None:
    now = here.world.wall()
    _done(here, Act(what="pause", name=name, now=now), lambda: pause(name, by="ann", note="", now=now))


def _pause_for(here: "Simulation", name: str) -> None:
    """Until an occurrence, where they are easily reckoned: that one runs."""
    now, every = here.world.wall(), timedelta(seconds=here.plan.every)
    until, schedule = now + 0.7 * every, job_named(name).schedule
    if schedule and schedule.next_run is not None and not schedule.cron:
        until += (schedule.next_run - until) % every
    act = Act(what="pause", name=name, now=now, end=until)
    _done(here, act, lambda: pause(name, by="ann", note="", now=now, until=until))


def _resume(here: "Simulation", name: str) -> None:
    now = here.world.wall()
    _done(here, Act(what="resume", name=name, now=now), lambda: resume(name, by="ann", now=now))


def _resume_unheard(here: "Simulation", name: str) -> None:
    """Redis takes what is asked for in the next two seconds, and keeps none of it."""
    for one in here.names:
        _resume(here, one)
    here.redis.forgets_until = here.world.now + 2.0


def _rewind(here: "Simulation", name: str) -> None:
    now = here.world.wall()
    _done(here, Act(what="rewind", name=name, now=now), lambda: rewind(name, by="ann", now=now))


def _cancel(here: "Simulation", name: str) -> None:
    now, what = here.world.wall(), What.ALL
    _done(here, Act(what="cancel", name=name, now=now), lambda: cancel(name, what=what, by="ann", now=now))


def _cancel_slowly(here: "Simulation", name: str) -> None:
    """Standing still right before it writes, with the lock of the job, while a worker may begin."""
    here.world.traps.append(Trap(kind="operator", function="cancel update", seconds=2.0))
    _cancel(here, name)


def _retry(here: "Simulation", name: str) -> None:
    """Of whichever of its runs is old or new; all but failed ones are refused."""
    now = here.world.wall()
    ids = Run.objects.filter(job__name=name).order_by("-occurrence").values_list("pk", flat=True)
    for run_id in list(ids[:4]):
        act = Act(what="retry", name=name, now=now, run=run_id)
        _done(here, act, partial(retry, run_id, by="ann", now=now))


def _backfill(here: "Simulation", name: str) -> None:
    """Of what came before the first occurrence, or of what was skipped or missed."""
    now = here.world.wall()
    interval = timedelta(seconds=here.plan.every)
    for back in (3.5, 2.5, 1.5, 0.5):
        start, end = now - back * interval, now - (back - 1) * interval
        act = Act(what="backfill", name=name, now=now, start=start, end=end)
        _done(here, act, partial(backfill, name, start=start, end=end, by="ann", now=now))


def _trigger(here: "Simulation", name: str) -> None:
    _trigger_at(here, name, here.world.wall())


def _trigger_at(here: "Simulation", name: str, now: datetime) -> None:
    _done(here, Act(what="trigger", name=name, now=now), lambda: trigger(name, by="ann", now=now))


def _trigger_all(here: "Simulation", name: str) -> None:
    """All at one instant, as a script does."""
    now = here.world.wall()
    for one in here.names:
        _trigger_at(here, one, now)


def _clean_up(here: "Simulation", name: str) -> None:
    clean_up()


def _trigger_and_pause(here: "Simulation", name: str) -> None:
    _trigger(here, name)
    _pause(here, name)


def _set_back(here: "Simulation", name: str) -> None:
    with transaction.atomic():
        schedule = job_named(name).schedule
        if schedule and schedule.next_run is not None:
            schedule.next_run -= timedelta(seconds=2 * here.plan.every)
            schedule.save(update_fields=["next_run"])


ACTS: dict[str, Callable[["Simulation", str], None]] = {
    "pause": _pause,
    "pause for a while": _pause_for,
    "resume": _resume,
    "cancel": _cancel,
    "retry": _retry,
    "backfill": _backfill,
    "trigger": _trigger,
    "trigger all at once beside": _trigger_all,
    "trigger and pause": _trigger_and_pause,
    "set back": _set_back,
    "clean up beside": _clean_up,
}
# What seeds ask for that are about it.
ACTS_OF_THEMES: dict[str, Callable[["Simulation", str], None]] = {
    "rewind": _rewind,
    "cancel slowly": _cancel_slowly,
    "resume all, unheard, beside": _resume_unheard,
}
