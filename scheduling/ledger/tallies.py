"""How many runs ended in which way, how late and how long: counts that retention does not take back.

A run is counted in the ledger itself until it is folded into `RunTally`, which happens before
anything deletes or reopens it. `Run.tallied` says which of the two counts it, so that a sum of
both never misses a run and never has one twice.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from scheduling.models import OPEN_STATES, Run, RunTally, RunTrigger

# Seconds: around the promises (50 ms late at most), and around what a fetch or a score takes.
LATENESS_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0)
DURATION_BOUNDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0)
BEYOND = "+Inf"
# Rows folded in one transaction.
BATCH = 1_000
_COUNTED = ("job", "state", "trigger", "missed_before", "lateness", "duration")
# A fold takes milliseconds and comes once in a while, so a second reading is rare.
MOST_READINGS = 5


@dataclass(slots=True)
class Distribution:
    """How many durations lie up to each bound and above the one before, and their sum in seconds."""

    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def add(self, duration: timedelta | None, *, bounds: tuple[float, ...]) -> None:
        """Count a duration; None is none."""
        if duration is None:
            return
        seconds = max(duration.total_seconds(), 0.0)
        place = bisect_left(bounds, seconds)
        self.counts[str(bounds[place]) if place < len(bounds) else BEYOND] += 1
        self.seconds += seconds

    def include(self, stored: Mapping[str, Any]) -> None:
        """Add what `as_json` wrote."""
        self.counts.update(stored.get("counts", {}))
        self.seconds += stored.get("seconds", 0.0)

    def as_json(self) -> dict[str, Any]:
        return {"counts": dict(self.counts), "seconds": self.seconds}


@dataclass(slots=True)
class Tally:
    """The runs of one job that ended in one way. `missed` are the occurrences that they made up for."""

    runs: int = 0
    missed: int = 0
    lateness: Distribution = field(default_factory=Distribution)
    duration: Distribution = field(default_factory=Distribution)

    def count(self, run: Run) -> None:
        self.runs += 1
        if run.trigger != RunTrigger.BACKFILL:  # counted with the run in whose place it came
            self.missed += run.missed_before
        self.lateness.add(run.lateness, bounds=LATENESS_BOUNDS)
        self.duration.add(run.duration, bounds=DURATION_BOUNDS)

    def include(self, stored: RunTally) -> None:
        self.runs += stored.runs
        self.missed += stored.missed
        self.lateness.include(stored.lateness)
        self.duration.include(stored.duration)


# By job id and outcome.
Tallies = dict[tuple[int, str], Tally]


def tallies() -> Tallies:
    """Every run that ever ended, counted once.

    The two parts are read one after the other, without a lock; when a fold came between, both
    are read again.
    """
    stored = _stored()
    for _ in range(MOST_READINGS):
        found = _counted(_untallied().only(*_COUNTED))
        before, stored = stored, _stored()
        if _versions(before) == _versions(stored):
            break
    for row in stored:
        found[(row.job_id, row.outcome)].include(row)
    return found


def fold(runs: "QuerySet[Run]") -> int:
    """Count those of the runs that ended and were not counted yet; returns how many."""
    with transaction.atomic():
        folded = list(
            runs.filter(tallied=False)
            .exclude(state__in=OPEN_STATES)
            .order_by("pk")
            .select_for_update(of=("self",))
        )
        if folded:
            _store(_counted(folded))
            Run.objects.filter(pk__in=[run.pk for run in folded]).update(tallied=True)
        return len(folded)


def fold_all() -> None:
    """Count every ended run, in short transactions."""
    while keys := list(_untallied().values_list("pk", flat=True)[:BATCH]):
        fold(Run.objects.filter(pk__in=keys))


def _untallied() -> "QuerySet[Run]":
    """Written and ordered so that SQLite, too, walks the index of just these rows."""
    return Run.objects.filter(tallied=False).exclude(state__in=OPEN_STATES).order_by("job_id")


def _stored() -> list[RunTally]:
    return list(RunTally.objects.all())


def _versions(rows: Iterable[RunTally]) -> dict[int, int]:
    return {row.pk: row.runs for row in rows}


def _counted(runs: Iterable[Run]) -> defaultdict[tuple[int, str], Tally]:
    found: defaultdict[tuple[int, str], Tally] = defaultdict(Tally)
    for run in runs:
        found[(run.job_id, run.state)].count(run)
    return found


def _store(found: Mapping[tuple[int, str], Tally]) -> None:
    """Add to what is stored. Every caller locks the rows in the same order."""
    RunTally.objects.bulk_create(
        [RunTally(job_id=job_id, outcome=outcome) for job_id, outcome in sorted(found)],
        ignore_conflicts=True,
    )
    for (job_id, outcome), tally in sorted(found.items(), key=lambda item: item[0]):
        row = RunTally.objects.select_for_update().get(job=job_id, outcome=outcome)
        tally.include(row)
        row.runs, row.missed = tally.runs, tally.missed
        row.lateness, row.duration = tally.lateness.as_json(), tally.duration.as_json()
        row.save()
