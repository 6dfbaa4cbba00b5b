"""Runs found by schedule, state, time, host and text, newest first and page by page."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from operator import or_

from django.db import connection
from django.db.models import Count, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Coalesce

from scheduling.models import UNDONE_STATES, Job, Run, RunTrigger

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
    parts = [_behind(_narrowed(one, with_deliveries=with_deliveries), place) for one in _apart(wanted)]
    runs, end = parts[0], None
    if wanted.reads_errors:
        end = runs.values_list("occurrence", "pk")[SEARCHED_AT_ONCE - 1 : SEARCHED_AT_ONCE].first()
        runs = _down_to(_saying(runs, wanted), end)
    elif len(parts) > 1:
        runs = _newest_of(parts, limit + 1)
    # One more than asked for tells whether there are more.
    found = list(runs.select_related("job")[: limit + 1])
    if len(found) > limit:
        last = found[limit - 1]
        return FoundRuns(runs=found[:limit], next_place=(last.occurrence, last.pk))
    return FoundRuns(runs=found, next_place=end)


def in_states(runs: "QuerySet[Run]", states: Sequence[str]) -> "QuerySet[Run]":
    """For the newest of them: those of one that failed or were skipped an index has in their order.

    SQLite would find all others of a state by its index, and sort them. So where there are many, or some
    among the newest, it is kept from that index, and goes through the newest until it has enough.
    """
    if len(states) == 1 and states[0] in UNDONE_STATES:
        return runs.filter(state=states[0])
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


def _apart(wanted: RunFilter) -> list[RunFilter]:
    """One for each state whose newest an index has in their order, and one for all others."""
    undone = [(state,) for state in UNDONE_STATES if state in wanted.states]
    if wanted.reads_errors or not undone:
        return [wanted]
    others = tuple(state for state in wanted.states if state not in UNDONE_STATES)
    return [replace(wanted, states=states) for states in (*undone, others) if states]


def _newest_of(parts: "Sequence[QuerySet[Run]]", most: int) -> "QuerySet[Run]":
    """In one statement: between two a run may change its state, and be told twice or not at all."""
    first, *others = (runs.values("pk")[:most] for runs in parts)
    if connection.features.supports_slicing_ordering_in_compound:
        keys = Q(pk__in=first.union(*others, all=True))
    else:
        # SQLite finds each by its key; PostgreSQL would go through the table.
        keys = reduce(or_, (Q(pk__in=part) for part in (first, *others)))
    return Run.objects.filter(keys).order_by("-occurrence", "-pk")


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


def _behind(runs: "QuerySet[Run]", place: Place | None) -> "QuerySet[Run]":
    if place is None:
        return runs
    occurrence, key = place
    return runs.filter(Q(occurrence__lt=occurrence) | Q(occurrence=occurrence, pk__lt=key))


def _down_to(runs: "QuerySet[Run]", end: Place | None) -> "QuerySet[Run]":
    if end is None:
        return runs
    occurrence, key = end
    return runs.filter(Q(occurrence__gt=occurrence) | Q(occurrence=occurrence, pk__gte=key))
