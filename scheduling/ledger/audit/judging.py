"""What became of each occurrence that was asked for: pure, on what the ledger says."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from scheduling.ledger.audit.asking import Asked
from scheduling.timing.instants import show_instant

# A start up to this much after its time was on time.
ON_TIME = timedelta(seconds=1)
# What waits for another run starts within this after that run's end.
FOLLOWS_WITHIN = timedelta(seconds=2)
_OPEN = ("pending", "queued", "running")
# What asks for a run at an instant; people ask for one when there is room.
_IN_TIME = ("schedule", "chain")


class Verdict(StrEnum):
    """What became of an occurrence; the last two break a promise."""

    ON_TIME = "on time"
    LATE = "late"  # it began, or is to begin, later than it should
    WAITED = "waited"  # for its jitter, for another run, or because somebody asked for it afterwards
    SKIPPED = "skipped"  # by a policy, which says why
    FORGOTTEN = "not known any more"  # retention has pruned what there was
    MISSED = "missed"
    DOUBLED = "doubled"  # it ran, and had done so already or was asked for by nobody


BROKEN = (Verdict.MISSED, Verdict.DOUBLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A run as the audit reads it. `due_at` is when it was to begin: for most, its occurrence."""

    key: int
    occurrence: datetime
    due_at: datetime
    trigger: str
    state: str
    attempt: int
    lateness: timedelta | None
    queued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    missed_before: int
    error: str

    @property
    def began_at(self) -> datetime | None:
        """Its first start; None when it has not begun, or nobody knows."""
        if self.lateness is not None:
            return self.occurrence + self.lateness
        return self.started_at if self.attempt <= 1 else None

    @property
    def claimed_by(self) -> datetime | None:
        """An instant by which it had been claimed; None when nobody knows."""
        return min(filter(None, (self.queued_at, self.began_at, self.finished_at)), default=None)

    @property
    def reason(self) -> str:
        return self.error.partition("\n")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The verdict on one occurrence, and why."""

    occurrence: datetime
    verdict: Verdict
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What is known beside the rows. `unpruned_since` is the oldest instant whose rows retention has left.

    `executed_twice` are the runs whose task came to its end more than once. `stretch` is the longest time
    between two occurrences that load may have led to, `moved` says when an operator set a next run
    that may lie before occurrences that have a run.
    """

    now: datetime
    next_run: datetime | None
    unpruned_since: datetime
    jitter: timedelta = timedelta(0)
    stretch: timedelta = timedelta(0)
    moved: Sequence[datetime] = ()
    executed_twice: Set[int] = field(default_factory=frozenset)


def findings(asked: Asked, rows: Sequence[Row], known: Circumstances) -> Iterator[Finding]:
    """A finding for each occurrence that was asked for or has a run, oldest first; `rows` are, too."""
    by_occurrence = {row.occurrence: row for row in rows}
    made_up = _made_up(asked, rows)
    ends = _ends_before(rows)
    expected = set(asked.occurrences)
    newest: datetime | None = None
    for occurrence in sorted(expected | asked.beside.keys() | by_occurrence.keys()):
        row = by_occurrence.get(occurrence)
        finding: Finding | None
        if row is None:
            finding = _of_missing(occurrence, asked, made_up, known, before=newest)
        else:
            newest = occurrence
            finding = _of_extra(row, asked, expected) or _of_counted(row, made_up, known)
            finding = finding or _of_row(row, known, busy_until=ends.get(row.key))
        if finding is not None:
            yield finding


def _made_up(asked: Asked, rows: Sequence[Row]) -> dict[datetime, datetime]:
    """The occurrences that a later run counts as missed before it, and that run's."""
    ran = {row.occurrence for row in rows if row.trigger == "schedule"}
    asked_for = {row.occurrence for row in rows} - ran
    grids = [(grid, [one for one in grid.coming if one not in asked_for]) for grid in reversed(asked.grids)]
    found: dict[datetime, datetime] = {}
    for row in rows:
        uncovered = row.missed_before
        for grid, without in grids if uncovered else ():
            # What was claimed before the grid began counts none of it.
            is_older = row.claimed_by is not None and row.claimed_by < grid.begin
            if is_older or row.occurrence not in grid.occurrences:
                continue
            counted = _last_before(row.occurrence, without, many=uncovered)
            # What somebody made up for meanwhile is counted or not, as the job catches up.
            if not ran.isdisjoint(counted):
                counted = _last_before(row.occurrence, grid.coming, many=uncovered)
            found |= dict.fromkeys(counted, row.occurrence)
            uncovered -= len(counted)
    return found


def _last_before(instant: datetime, coming: Sequence[datetime], *, many: int) -> Sequence[datetime]:
    place = bisect_left(coming, instant)
    return coming[max(0, place - many) : place]


def _ends_before(rows: Sequence[Row]) -> dict[int, datetime]:
    """When the last of the runs before each one, that had begun, ended."""
    found: dict[int, datetime] = {}
    newest: datetime | None = None
    for row in rows:
        if newest is not None:
            found[row.key] = newest
        if row.finished_at is not None and row.began_at is not None:
            newest = max(newest or row.finished_at, row.finished_at)
    return found


def _of_missing(
    occurrence: datetime,
    asked: Asked,
    made_up: Mapping[datetime, datetime],
    known: Circumstances,
    *,
    before: datetime | None,
) -> Finding | None:
    """What is to be said of one without a row; nothing while it may still come in time."""
    if occurrence in asked.beside:
        return _not_there(occurrence, f"the run that {asked.beside[occurrence]} is not there", known)
    if occurrence in asked.excused:
        return Finding(occurrence=occurrence, verdict=Verdict.SKIPPED, why=asked.excused[occurrence])
    if occurrence in made_up:
        why = f"no dispatcher claimed it in time; counted by the run of {show_instant(made_up[occurrence])}"
        return Finding(occurrence=occurrence, verdict=Verdict.SKIPPED, why=why)
    if before is not None and occurrence - before < known.stretch:
        return Finding(
            occurrence=occurrence, verdict=Verdict.SKIPPED, why="the interval was stretched under load"
        )
    if known.next_run is not None and occurrence >= known.next_run:
        if known.now - occurrence <= ON_TIME:
            return None
        return Finding(occurrence=occurrence, verdict=Verdict.LATE, why="no dispatcher has claimed it yet")
    return _not_there(occurrence, "it has no run, and nothing says why", known)


def _not_there(occurrence: datetime, why: str, known: Circumstances) -> Finding:
    if occurrence < known.unpruned_since:
        return Finding(occurrence=occurrence, verdict=Verdict.FORGOTTEN, why="retention keeps no run so long")
    return Finding(occurrence=occurrence, verdict=Verdict.MISSED, why=why)


def _of_extra(row: Row, asked: Asked, expected: Set[datetime]) -> Finding | None:
    """A run of the schedule at an instant that it never asked for."""
    if row.trigger != "schedule" or row.occurrence in expected or asked.is_unknown(row.occurrence):
        return None
    return Finding(occurrence=row.occurrence, verdict=Verdict.DOUBLED, why="nothing asked for a run then")


def _of_counted(row: Row, made_up: Mapping[datetime, datetime], known: Circumstances) -> Finding | None:
    """A run that a later one counts as missed, or whose task came to its end twice."""
    if row.key in known.executed_twice:
        return Finding(
            occurrence=row.occurrence, verdict=Verdict.DOUBLED, why="its task came to its end more than once"
        )
    later = made_up.get(row.occurrence)
    if later is None or row.trigger != "schedule" or any(row.occurrence <= at for at in known.moved):
        return None
    why = f"it has a run, and the run of {show_instant(later)} counts it as missed"
    return Finding(occurrence=row.occurrence, verdict=Verdict.DOUBLED, why=why)


def _of_row(row: Row, known: Circumstances, *, busy_until: datetime | None) -> Finding | None:
    if row.state == "skipped":
        verdict = Verdict.SKIPPED if row.reason else Verdict.MISSED
        return Finding(
            occurrence=row.occurrence, verdict=verdict, why=row.reason or "it was skipped without a reason"
        )
    if row.began_at is None:
        return _of_unbegun(row, known)
    verdict, why = _of_start(row, row.began_at, known, busy_until=busy_until)
    return Finding(occurrence=row.occurrence, verdict=verdict, why=why)


def _of_unbegun(row: Row, known: Circumstances) -> Finding | None:
    if row.state == "failed":
        return Finding(occurrence=row.occurrence, verdict=Verdict.SKIPPED, why=row.reason or "it failed")
    if row.trigger not in _IN_TIME:
        return Finding(occurrence=row.occurrence, verdict=Verdict.WAITED, why=_asked_for(row))
    if row.state not in _OPEN:
        return Finding(occurrence=row.occurrence, verdict=Verdict.ON_TIME, why="its start is not known")
    if known.now - row.due_at <= ON_TIME:
        return None
    waits = row.reason.startswith("waits ") or known.now - row.due_at <= known.jitter
    return Finding(
        occurrence=row.occurrence,
        verdict=Verdict.WAITED if waits else Verdict.LATE,
        why=row.reason or "it has not begun",
    )


def _of_start(
    row: Row, began_at: datetime, known: Circumstances, *, busy_until: datetime | None
) -> tuple[Verdict, str]:
    late = began_at - row.due_at
    if late <= ON_TIME:
        return Verdict.ON_TIME, ""
    if row.trigger not in _IN_TIME:
        return Verdict.WAITED, _asked_for(row)
    if late <= known.jitter + ON_TIME:
        return Verdict.WAITED, f"{_seconds(late)}, for its jitter"
    if busy_until is not None and row.due_at < busy_until and began_at - busy_until <= FOLLOWS_WITHIN:
        return Verdict.WAITED, f"{_seconds(late)}, for the run before it"
    if row.reason.startswith("waits "):
        return Verdict.WAITED, f"{_seconds(late)}: {row.reason}"
    return Verdict.LATE, f"it began {_seconds(late)} after its time"


def _asked_for(row: Row) -> str:
    return f"asked for otherwise than by the clock ({row.trigger})"


def _seconds(late: timedelta) -> str:
    return f"{late.total_seconds():.1f} s"
