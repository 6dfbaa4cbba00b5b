"""What people do to the runs of one job, and what that has to leave of the whole ledger, reckoned anew."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from scheduling.models import ON_THEIR_OWN, Overlap, RunState, RunTrigger
from tests.simulation.moves import LEAST, goes_on, goes_on_anew
from tests.simulation.processes import BrokenError
from tests.simulation.seen import Known, Ledger, Row, instant, stored

WAITING = (RunState.PENDING, RunState.QUEUED)
# What ran for a time further off than this ran by a clock that was ahead.
AHEAD = timedelta(minutes=1)
# And no attempt comes later than this after another.
LATEST_ATTEMPT = timedelta(hours=1.25)
# Of a row that is there only when it is done.
NEW = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Of a pause its end, of a backfill both bounds, of a retry its run."""

    what: str
    name: str
    now: datetime
    start: datetime | None = None
    end: datetime | None = None
    run: int = NEW


def left_by(act: Act, was: Ledger, jobs: Mapping[int, Known]) -> Ledger | None:
    """None where it is to be refused."""
    job_id = next(job_id for job_id, job in jobs.items() if job.name == act.name)
    return None if was.standings[job_id].is_removed else ACTS[act.what](act, was, job_id, jobs[job_id])


def of_an_act(act: Act | None, was: Ledger, now: Ledger, jobs: Mapping[int, Known]) -> None:
    """Of a step of somebody who is at that; it changes everything at once, and nothing else."""
    if act is None or now == was:
        return
    wanted = left_by(act, was, jobs)
    if wanted is None:
        raise BrokenError("POLICY", f"{act.what} {act.name} is done, and was to be refused")
    for found, left in (
        (now.standings, wanted.standings),
        (_by_occurrence(now, was), _by_occurrence(wanted)),
    ):
        for key in {*found, *left}:
            if found.get(key) != left.get(key):
                what = f"{found.get(key)}, and not {left.get(key)}"
                raise BrokenError("POLICY", f"{act.what} {act.name} leaves {what}")


def _by_occurrence(one: Ledger, was: Ledger | None = None) -> dict[tuple[int, str], Row]:
    """By job as well; what was not there has no number yet."""
    return {
        (row.job, row.occurrence): row if was is None or row.id in was.rows else row._replace(id=NEW)
        for row in one.rows.values()
    }


def _pause(act: Act, was: Ledger, job_id: int, job: Known) -> Ledger | None:
    stood = was.standings[job_id]
    until = stored(act.end) if act.end else None
    stands = stood._replace(paused=stored(act.now), until=until)
    return None if stood.paused else was._replace(standings={**was.standings, job_id: stands})


def _resume(act: Act, was: Ledger, job_id: int, job: Known) -> Ledger | None:
    """With the first occurrence from now on."""
    stood = was.standings[job_id]
    first = goes_on(stood, job, since=act.now)
    stands = stood._replace(paused=None, until=None, next_run=stored(first) if first else None)
    return was._replace(standings={**was.standings, job_id: stands}) if stood.paused else None


def _rewind(act: Act, was: Ledger, job_id: int, job: Known) -> Ledger | None:
    """With the first occurrence from now on, and what waits for a time that is far off at once."""
    stood, off = was.standings[job_id], stored(act.now + AHEAD)
    far = [row for row in was.of(job_id) if row.occurrence > off]
    waits = [row for row in was.of(job_id) if waits_ahead(row, now=act.now)]
    until = stood.next_run or ""
    ran = [row for row in far if row.trigger == RunTrigger.SCHEDULE and row.occurrence < until]
    if stood.paused or not (ran or waits):
        return None
    at, stands = stored(act.now), stood
    if ran:
        stands = stood._replace(next_run=stored(goes_on_anew(stood, was.of(job_id), job, now=act.now)))
    begin = {
        row.id: row._replace(not_before=at, queued_at=at if row.state == RunState.QUEUED else row.queued_at)
        for row in waits
    }
    return Ledger({**was.rows, **begin}, {**was.standings, job_id: stands})


def waits_ahead(row: Row, *, now: datetime) -> bool:
    """Jitter keeps what the clock asked for, an attempt that failed another one; nothing keeps the rest."""
    if row.state not in WAITING:
        return False
    waits = instant(row.not_before) - now
    if instant(row.occurrence) - now > AHEAD:
        return waits > AHEAD
    if row.attempt:
        return waits > LATEST_ATTEMPT
    return waits > AHEAD and (row.trigger != RunTrigger.SCHEDULE or row.begun_anew == 1)


def _trigger(act: Act, was: Ledger, job_id: int, job: Known) -> Ledger:
    """One at a time."""
    if any(row.trigger == RunTrigger.OPERATOR and row.state in WAITING for row in was.of(job_id)):
        return was
    row = _asked_for(job_id, act.now, RunTrigger.OPERATOR, now=act.now)
    return was._replace(rows={**was.rows, NEW: row})


def _cancel(act: Act, was: Ledger, job_id: int, job: Known) -> Ledger:
    """All that waits, whatever for."""
    ended = {
        row.id: row._replace(state=RunState.SKIPPED, finished_at=stored(act.now))
        for row in was.of(job_id)
        if row.state in WAITING
    }
    return was._replace(rows={**was.rows, **ended})


def _retry(act: Act, was: Ledger, job_id: int, job: Known) -> Ledger | None:
    """At once, with all attempts; none beside another one that has yet to begin, and that it would keep."""
    row = was.rows.get(act.run)
    if row is None or row.state != RunState.FAILED:
        return None
    unbegun = [
        one
        for one in was.of(job_id)
        if one.state in WAITING and not one.attempt and one.trigger not in ON_THEIR_OWN
    ]
    if unbegun and row.trigger not in ON_THEIR_OWN and job.overlap != Overlap.ALLOW:
        return None
    begins = row._replace(
        state=RunState.PENDING,
        attempt=0,
        losses=0,
        not_before=stored(act.now),
        finished_at=None,
        begun_anew=1,
    )
    return was._replace(rows={**was.rows, row.id: begins})


def _backfill(act: Act, was: Ledger, job_id: int, job: Known) -> Ledger | None:
    """Each occurrence of the past that never ran, also what was skipped: it stands for as many."""
    assert act.start is not None, "it has bounds"
    assert act.end is not None, "it has bounds"
    end, next_run = act.end, was.standings[job_id].next_run
    if end > act.now or next_run is None or job.occurrences is None:
        return None
    # Strictly after that an occurrence comes; an interval's are reckoned from its next one.
    before = act.start - LEAST
    if job.drawn and job.drawn.schedule and not job.drawn.schedule.cron:
        every = next(job.occurrences(act.start)) - act.start
        before = instant(next_run) - ((instant(next_run) - act.start) // every + 1) * every
    wanted = [stored(one) for one in takewhile(lambda one: one <= end, job.occurrences(before))]
    known = {row.occurrence: row for row in was.of(job_id) if row.occurrence in wanted}
    if not wanted or any(row.state != RunState.SKIPPED for row in known.values()):
        return None
    kept = {row_id: row for row_id, row in was.rows.items() if row not in known.values()}
    for number, occurrence in enumerate(wanted):
        row = _asked_for(job_id, instant(occurrence), RunTrigger.BACKFILL, now=act.now)
        kept[NEW - number] = row._replace(missed=known[occurrence].missed if occurrence in known else 0)
    return was._replace(rows=kept)


def _asked_for(job_id: int, occurrence: datetime, trigger: RunTrigger, *, now: datetime) -> Row:
    return Row(
        id=NEW,
        job=job_id,
        occurrence=stored(occurrence),
        state=RunState.PENDING,
        owner="",
        attempt=0,
        heartbeat=0,
        trigger=trigger,
        missed=0,
        failures=0,
        not_before=stored(now),
        queued_at=None,
        variant="",
        losses=0,
        finished_at=None,
        started_at=None,
        lateness=None,
        begun_anew=0,
    )


ACTS: dict[str, Callable[[Act, Ledger, int, Known], Ledger | None]] = {
    "pause": _pause,
    "resume": _resume,
    "rewind": _rewind,
    "trigger": _trigger,
    "cancel": _cancel,
    "retry": _retry,
    "backfill": _backfill,
}
