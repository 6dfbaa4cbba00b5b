"""The lane of deliveries, to receivers that refuse, are slow, or answer too late."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from django.db import Error as DatabaseError
from django.db import connection, transaction

from scheduling.clock import database_now
from scheduling.engine import execution
from scheduling.engine.courier import LOOK_EVERY, deliver_due
from scheduling.exceptions import DeliveryError
from scheduling.models import RunState, RunTrigger
from scheduling.monitoring.alert_delivery import News, ask_for_delivery
from tests.simulation import observer
from tests.simulation.processes import BrokenError
from tests.simulation.seen import ENDED, instant
from tests.simulation.tasks import at_work
from tests.simulation.time_passing import FOR_EVER

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

# What alerts are about.
SUBJECTS = ("disk", "node", "queue")
# Seconds until a receiver has the news, and until it answers; an attempt is given 15.
WORK, ANSWERS = (0.0, 0.5, 3.0), (0.0, 0.0, 1.0, 9.0, 30.0)


def tell(news: Sequence[Mapping[str, str]]) -> str:
    """The task of a channel."""
    claim = execution._current.get()
    assert claim is not None, "a task is called for a run"
    watch = observer.present()
    deliveries = watch.deliveries
    dice = deliveries.dice
    try:
        deliveries.begins(claim.job_name, news)
    except BrokenError as exc:
        watch.world._failed = exc  # the code that runs here catches exceptions
        raise
    is_refused = dice.random() < 0.3 and not deliveries.is_well
    work, answer = dice.choice(WORK), 0.0 if deliveries.is_well else dice.choice(ANSWERS)
    with at_work(work):
        if is_refused:
            raise DeliveryError("The webhook answered 503.")
        watch.world.wait("waits for an answer", answer)
        deliveries.answered(claim.job_name, news)
    return "told"


def ask(here: "Simulation") -> None:
    """One or two things are to be told, as alerts are: in a transaction, and each with what it is about."""
    deliveries, now = here.watch.deliveries, here.world.wall()
    deliveries.count += 1
    number = deliveries.count
    subjects = deliveries.dice.sample(SUBJECTS, deliveries.dice.choice((1, 1, 2)))
    news = [
        News(event="opened", rule="rule", subject=one, message=str(number), opened_at=now) for one in subjects
    ]
    with transaction.atomic():
        ask_for_delivery(news, now=now)
    deliveries.asked += [(one, number) for one in subjects]


def deliver(here: "Simulation") -> None:
    """A courier, as `courier._run` is one."""
    while True:
        try:
            deliver_due(now=database_now())
        except DatabaseError:
            with suppress(DatabaseError):
                connection.close()
        here.world.wait("sleeps", LOOK_EVERY, dull_until=lambda: _dull_until(here))


def _dull_until(here: "Simulation") -> float:
    """Until something waits to be told, or may be tried again."""
    world = here.world
    waiting = [
        row for row in here.watch.rows.values() if row.trigger == RunTrigger.ALERT and row.state not in ENDED
    ]
    if any(row.state != RunState.PENDING for row in waiting) or world.wrong_by:
        return world.now
    instants = ((instant(row.not_before) - world.beginning).total_seconds() for row in waiting)
    return min(instants, default=FOR_EVER)
