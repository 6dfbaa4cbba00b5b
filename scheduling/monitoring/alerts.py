"""Noticing what is wrong, telling about it once, again at its own pace, and when it is over.

`settings.ALERT_RULES` maps a rule's name to the dotted path of a function that says what is
wrong now. Every dispatcher looks; a conditional UPDATE lets one of them do so at a time.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import OperationalError, transaction
from django.db.models import Q, QuerySet
from django.utils.module_loading import import_string

from scheduling.ledger.patience import is_held
from scheduling.models import Alert, AlertRound
from scheduling.monitoring.alert_delivery import News, ask_for_delivery
from scheduling.monitoring.row_locks import lock_holders
from scheduling.timing.cadence import EPOCH

logger = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=10)
# Where something is due at every moment they are looked for then: before it seems that all were down.
LOOK_AT_LATEST = timedelta(seconds=20)
# Fine for this long, and it is over: what comes and goes is one alert.
CLOSE_AFTER = timedelta(seconds=60)
# When nobody looked for so long, everything was down; a dispatcher that is merely busy looks more often.
DOWN = timedelta(seconds=30)
# What is old or late because everything was down is made up for within this, and not told before.
GRACE = timedelta(minutes=2)
# A rule that finds more than this finds one thing, not many.
MOST_TROUBLES = 50
_ROUND = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What a rule finds wrong with a subject, in a sentence. It is told again no sooner than after `pace`."""

    subject: str
    message: str
    pace: timedelta = timedelta(0)


class Rule(Protocol):
    """What `settings.ALERT_RULES` names. It is asked by the dispatcher, so it answers within milliseconds."""

    def __call__(self, *, now: datetime) -> Sequence[Trouble]: ...


class Event(StrEnum):
    """What there is to tell about an alert."""

    OPENED = "opened"
    REPEATED = "still open"
    CLOSED = "closed"


class AlertWatch:
    """One dispatcher's part in it; what it remembers spares the database a question at every tick."""

    def __init__(self) -> None:
        self._looked_at = -LOOK_EVERY.total_seconds()
        self._is_new = True
        self._is_held = False

    @property
    def is_overdue(self) -> bool:
        """Whether it looked so long ago that it is to look now, also when something else is due."""
        return time.monotonic() - self._looked_at >= LOOK_AT_LATEST.total_seconds()

    def look(self, *, now: datetime) -> None:
        """Look whether something is wrong, unless somebody did within the last seconds."""
        if time.monotonic() - self._looked_at < LOOK_EVERY.total_seconds():
            return
        self._looked_at = time.monotonic()
        try:
            self._look(now=now)
        except OperationalError as exc:
            if not is_held(exc):
                raise
            self._say_that_they_are_held()
        else:
            self._is_held = False

    def _look(self, *, now: datetime) -> None:
        came_back, self._is_new = self._is_new and _was_down(now=now), False
        if came_back or _is_our_turn(now=now):
            evaluate(now=now)

    def _say_that_they_are_held(self) -> None:
        """Once: who forgot to let them go keeps alerts from being told, and nothing else from its time."""
        if not self._is_held:
            holders = "; ".join(map(str, lock_holders(AlertRound, Alert))) or "somebody"
            logger.error("Alerts are looked for by nobody: their rows are locked by %s.", holders)
        self._is_held = True


def evaluate(*, now: datetime) -> list[News]:
    """Open, repeat and close alerts by what the rules find now; returns what there is to tell.

    What is told is asked for in the same transaction, so nothing is told twice or forgotten.
    """
    found: dict[tuple[str, str], Trouble] = {}
    answered = []
    for name, path in settings.ALERT_RULES.items():
        troubles = _ask(name, path, now=now)
        if troubles is not None:
            answered.append(name)
            found |= {(name, trouble.subject): trouble for trouble in troubles[:MOST_TROUBLES]}
    if not found and not Alert.objects.filter(closed_at=None).exists():
        return []
    with transaction.atomic():
        alerts = {
            (alert.rule, alert.subject): alert
            for alert in Alert.objects.select_for_update().filter(closed_at=None)
        }
        news = [
            *_open(found, alerts, now=now),
            *_repeat(found, alerts, now=now),
            *_close([alert for key, alert in alerts.items() if key not in found], answered, now=now),
        ]
        ask_for_delivery(news, now=now)
    for one in news:
        logger.warning("Alert %s: %s %s: %s", one.event, one.rule, one.subject, one.message)
    return news


def open_alerts() -> "QuerySet[Alert]":
    """The oldest first."""
    return Alert.objects.filter(closed_at=None).order_by("opened_at")


def last_look() -> datetime | None:
    """When a dispatcher last looked: one that lives does every ten seconds. None before the first."""
    return AlertRound.objects.filter(looked_at__gt=EPOCH).values_list("looked_at", flat=True).first()


def prune_history(*, keep: timedelta, now: datetime, dry_run: bool) -> dict[str, int]:
    """Delete the alerts that closed longer ago than runs are kept; open ones stay."""
    old = Alert.objects.filter(closed_at__lt=now - keep)
    return {"alerts": old.count() if dry_run else old.delete()[0]}


def _was_down(*, now: datetime) -> bool:
    """Whether we are the first to look since everything was down, and then have it quiet for a while."""
    stopped = AlertRound.objects.filter(pk=_ROUND, looked_at__gt=EPOCH, looked_at__lt=now - DOWN)
    return bool(stopped.update(looked_at=now, quiet_until=now + GRACE))


def _is_quiet(*, now: datetime) -> bool:
    """A quiet that ends too late is of a clock that was set back."""
    return AlertRound.objects.filter(quiet_until__gt=now, quiet_until__lte=now + GRACE).exists()


def _is_our_turn(*, now: datetime) -> bool:
    """Move the round on. A round in the future is a clock that was set back.

    The first ever begins quietly, as after everything was down: schedules are set up some time before the
    services are started, and until then nobody claims them.
    """
    due = Q(looked_at__lte=now - LOOK_EVERY) | Q(looked_at__gt=now + LOOK_EVERY)
    if AlertRound.objects.filter(due, pk=_ROUND).update(looked_at=now):
        return True
    if not AlertRound.objects.filter(pk=_ROUND).exists():
        first = AlertRound(pk=_ROUND, looked_at=EPOCH, quiet_until=now + GRACE)
        AlertRound.objects.bulk_create([first], ignore_conflicts=True)
        return bool(AlertRound.objects.filter(due, pk=_ROUND).update(looked_at=now))
    return False


def _ask(name: str, path: str, *, now: datetime) -> Sequence[Trouble] | None:
    """What a rule finds; None when it cannot say, which opens and closes nothing."""
    try:
        rule: Rule = import_string(path)
        return rule(now=now)
    except DatabaseError:
        raise
    except Exception:
        # Somebody else's rule must stop neither the other rules nor the dispatcher.
        logger.exception("The alert rule %s cannot say what is wrong.", name)
        return None


def _open(
    found: dict[tuple[str, str], Trouble], alerts: dict[tuple[str, str], Alert], *, now: datetime
) -> Iterator[News]:
    unknown = [key for key in found if key not in alerts]
    if not unknown or _is_quiet(now=now):
        return
    new = [
        Alert(rule=rule, subject=subject, message=trouble.message, opened_at=now, seen_at=now, told_at=now)
        for (rule, subject), trouble in found.items()
        if (rule, subject) in unknown
    ]
    for alert in Alert.objects.bulk_create(new):
        yield _news(alert, Event.OPENED)


def _repeat(
    found: dict[tuple[str, str], Trouble], alerts: dict[tuple[str, str], Alert], *, now: datetime
) -> Iterator[News]:
    """Note that they are so still; tell again when it is time."""
    pace = timedelta(seconds=settings.ALERT_REPEAT_SECONDS)
    for key in found.keys() & alerts.keys():
        alert = alerts[key]
        alert.message, alert.seen_at = found[key].message, now
        told = now - alert.told_at  # in the future, where the clock was ahead
        is_time = told >= max(pace, found[key].pace) or told < timedelta(0)
        alert.told_at = now if is_time else alert.told_at
        alert.save(update_fields=["message", "seen_at", "told_at"])
        if is_time:
            yield _news(alert, Event.REPEATED)


def _close(unseen: Sequence[Alert], answered: Sequence[str], *, now: datetime) -> Iterator[News]:
    """Close what was fine for a while, and what a rule opened that is no more."""
    for alert in unseen:
        known = alert.rule in settings.ALERT_RULES
        lately = timedelta(0) <= now - alert.seen_at < CLOSE_AFTER  # or the clock was ahead then
        if known and (alert.rule not in answered or lately):
            continue
        alert.closed_at = now
        alert.save(update_fields=["closed_at"])
        yield _news(alert, Event.CLOSED)


def _news(alert: Alert, event: Event) -> News:
    return News(
        event=event.value,
        rule=alert.rule,
        subject=alert.subject,
        message=alert.message,
        opened_at=alert.opened_at,
        closed_at=alert.closed_at,
    )
