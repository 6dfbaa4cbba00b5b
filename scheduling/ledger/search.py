"""Runs found by schedule, state, time, host and text, newest first and page by page."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Count, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Coalesce

from scheduling.models import Job, Run, RunTrigger

# No index finds words within errors, so one question reads no more rows than this; where it ended, the next
# page goes on.
SEARCHED_AT_ONCE = 20_000
# So many of the newest runs are looked through in some milliseconds. Where one in a hundred of them is in a
# state, a page of such runs is not far.
NEWEST_RUNS = 10_000
ENOUGH_OF_THEM = NEWEST_RUNS // 100
# To sort as many takes as long as to go through most of a million.
MANY_IN_A_STATE = 100_000
# Behind which run a page begins: its occurrence and its key.
Place = tuple[datetime, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs are wanted; what is empty wants all.

    `since` and `until` are of the occurrence, both included. `text` is looked for in the schedule's name, in
    errors and in those of failed attempts.
    """

    schedule: str = ""
    states: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None
    host: str = ""
    text: str = ""

    @property
    def reads_errors(self) -> bool:
        """Whether an answer tells of errors and hosts, even by what it leaves out."""
        return bool(self.host or self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRuns:
    """A page of runs; `next_place` is None at the end. A page may hold less than was asked for, and go on."""

    runs: list[Run]
    next_place: Place | None


def found_runs(
    wanted: RunFilter, *, place: Place | None, limit: int, with_deliveries: bool = True
) -> FoundRuns:
    """The newest runs that are wanted, from behind a place on."""
    runs = _narrowed(wanted, with_deliveries=with_deliveries)
    if place is not None:
        runs = _behind(runs, place)
    end = None
    if wanted.reads_errors:
        end = runs.values_list("occurrence", "pk")[SEARCHED_AT_ONCE - 1 : SEARCHED_AT_ONCE].first()
        runs = _down_to(_saying(runs, wanted), end)
    # One more than asked for tells whether there are more.
    found = list(runs.select_related("job")[: limit + 1])
    if len(found) > limit:
        last = found[limit - 1]
        return FoundRuns(runs=found[:limit], next_place=(last.occurrence, last.pk))
    return FoundRuns(runs=found, next_place=end)


def in_states(runs: "QuerySet[Run]", states: Sequence[str]) -> "QuerySet[Run]":
    """For the newest of them: SQLite would find all of a state by its index, and sort them.

    So where there are many, or some among the newest, it is kept from that index, and goes through the newest
    until it has enough.
    """
    chosen = runs.filter(state__in=states)
    if connection.vendor != "sqlite" or not (_are_many(states) or _are_near(runs, states)):
        return chosen
    return runs.alias(without_index=Coalesce("state", Value(""))).filter(without_index__in=states)


def _are_many(states: Sequence[str]) -> bool:
    return Run.objects.filter(state__in=states).order_by()[:MANY_IN_A_STATE].count() >= MANY_IN_A_STATE


def _are_near(runs: "QuerySet[Run]", states: Sequence[str]) -> bool:
    newest = runs.order_by("-occurrence", "-pk")[:NEWEST_RUNS]
    near: int = newest.aggregate(near=Count("pk", filter=Q(state__in=states)))["near"]
    return near >= ENOUGH_OF_THEM


def run_of(key: int) -> Run | None:
    return Run.objects.select_related("job").filter(pk=key).first()


def _narrowed(wanted: RunFilter, *, with_deliveries: bool) -> "QuerySet[Run]":
    """By what indexes help with."""
    runs = Run.objects.order_by("-occurrence", "-pk")
    if not with_deliveries:
        runs = runs.exclude(trigger=RunTrigger.ALERT)
    if wanted.schedule:
        # By key: through the name, PostgreSQL reads the newest of all jobs until it has enough of this one.
        runs = runs.filter(job=Job.objects.filter(name=wanted.schedule).values_list("pk", flat=True).first())
    if wanted.states:
        runs = in_states(runs, wanted.states)
    if wanted.since is not None:
        runs = runs.filter(occurrence__gte=wanted.since)
    if wanted.until is not None:
        runs = runs.filter(occurrence__lte=wanted.until)
    return runs


def _saying(runs: "QuerySet[Run]", wanted: RunFilter) -> "QuerySet[Run]":
    if wanted.host:
        runs = runs.filter(Q(worker=wanted.host) | Q(worker__startswith=f"{wanted.host}/"))
    if wanted.text:
        # As it is written within JSON: SQLite keeps our own text, PostgreSQL its own.
        quoted = json.dumps(wanted.text, ensure_ascii=connection.vendor == "sqlite")[1:-1]
        runs = runs.alias(attempts_text=Cast("failed_attempts", TextField())).filter(
            Q(error__icontains=wanted.text)
            | Q(job__name__icontains=wanted.text)
            | Q(attempts_text__icontains=quoted)
        )
    return runs


def _behind(runs: "QuerySet[Run]", place: Place) -> "QuerySet[Run]":
    occurrence, key = place
    return runs.filter(Q(occurrence__lt=occurrence) | Q(occurrence=occurrence, pk__lt=key))


def _down_to(runs: "QuerySet[Run]", end: Place | None) -> "QuerySet[Run]":
    if end is None:
        return runs
    occurrence, key = end
    return runs.filter(Q(occurrence__gt=occurrence) | Q(occurrence=occurrence, pk__gte=key))
