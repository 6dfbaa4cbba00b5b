"""Reads what the audit of a job needs, and reckons."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from scheduling.exceptions import CadenceError, RefusedError, UnknownNameError
from scheduling.ledger import evidence
from scheduling.ledger.audit.asking import MOST_ASKED, TooManyError, asked_between
from scheduling.ledger.audit.judging import BROKEN, Circumstances, Finding, Row, Verdict, findings
from scheduling.ledger.audit.past import Entry, Past, read_duration
from scheduling.ledger.audit.spans import Standing
from scheduling.models import Action, Job, JobChange, Run, RunState, RunTrigger
from scheduling.modes import MODES
from scheduling.timing.instants import show_instant

# Runs before the window that one in it may have waited for, and whose grid tells its own.
RUNS_BEFORE = 20
# A follower is queued by a dispatcher's next look.
TICK = timedelta(seconds=1)
_STRETCHED = re.compile(r"every (\d+) s instead of (\d+) s")
_ROW_FIELDS = (
    "pk",
    "occurrence",
    "trigger",
    "state",
    "attempt",
    "lateness",
    "queued_at",
    "started_at",
    "finished_at",
    "missed_before",
    "error",
)
_LONG_AGO = timedelta(days=36_500)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAudit:
    """A job's occurrences in a window, and what became of each."""

    name: str
    start: datetime
    end: datetime
    findings: tuple[Finding, ...]

    @property
    def counts(self) -> Counter[Verdict]:
        return Counter(finding.verdict for finding in self.findings)

    @property
    def broken(self) -> list[Finding]:
        """Those that break a promise."""
        return [finding for finding in self.findings if finding.verdict in BROKEN]


def audit(name: str | None, *, start: datetime, end: datetime, now: datetime) -> Iterator[JobAudit]:
    """Audit one job, or all that have a schedule, from `start` to `end`, both included.

    Raises `UnknownNameError`, and `RefusedError` for a window that is none, or too long.
    """
    end = min(end, now)
    if start > end:
        raise RefusedError(
            f"The time from {show_instant(start)} to {show_instant(end)} is none: it ends before it begins."
        )
    jobs = Job.objects.select_related("schedule", "after").order_by("name")
    jobs = jobs.filter(schedule__isnull=False) if name is None else jobs.filter(name=name)
    if name is not None and not jobs:
        raise UnknownNameError(f"There is no job named {name!r}; `scheduler list` shows those there are.")
    twice = frozenset(evidence.runs_executed_twice(since=start))
    for job in jobs:
        try:
            yield _audit_one(job, start=start, end=end, now=now, executed_twice=twice)
        except TooManyError:
            raise RefusedError(
                f"{job.name} has more than {MOST_ASKED} occurrences from {show_instant(start)} to "
                f"{show_instant(end)}; take a shorter time."
            ) from None


def _audit_one(
    job: Job, *, start: datetime, end: datetime, now: datetime, executed_twice: frozenset[int]
) -> JobAudit:
    past = _past_of(job)
    rows = _rows(job, start=start, end=end)
    next_run = job.schedule.next_run if job.schedule else None
    scheduled = [row for row in rows if row.trigger == RunTrigger.SCHEDULE]
    oldest = Run.objects.filter(job=job).order_by("occurrence").first()
    standing = Standing(
        next_run=next_run,
        pauses=past.pauses(paused_at=job.paused_at),
        recorded={row.occurrence: row.claimed_by or now for row in scheduled},
        broken=[row.occurrence for row in scheduled if row.state == RunState.FAILED and row.attempt == 0],
        oldest=oldest.occurrence if oldest else None,
        oldest_missed=oldest.missed_before if oldest else 0,
    )
    # A run behind the window may count what was missed in it.
    upto = max([end, *(row.occurrence for row in scheduled[-1:])])
    asked = asked_between(past, standing, start=start, end=upto)
    asked.beside = _asked_by_people(past) | _asked_by_leaders(past, standing, start=start, end=end)
    known = Circumstances(
        now=now,
        next_run=next_run,
        unpruned_since=_unpruned_since(job, past, now=now),
        jitter=max(
            [job.jitter, *(read_duration(said.before) or timedelta(0) for said in past.said("jitter"))]
        ),
        stretch=_longest_stretch(job, past),
        moved=[said.at for said in past.said("next_run")],
        executed_twice=executed_twice,
    )
    found = findings(asked, rows, known)
    return JobAudit(
        name=job.name,
        start=start,
        end=end,
        findings=tuple(finding for finding in found if start <= finding.occurrence <= end),
    )


def _past_of(job: Job) -> Past:
    entries = JobChange.objects.filter(job=job).order_by("pk").values("at", "by", "action", "detail")
    try:
        cadence = f"after {job.after.name}" if job.after else str(job.cadence)
    except CadenceError:
        cadence = "broken"
    present = {
        "cadence": cadence,
        "ends_at": str(job.ends_at),
        "keep_succeeded": str(job.keep_succeeded),
        "keep_failed": str(job.keep_failed),
    }
    return Past(present, [Entry(**entry) for entry in entries])


def _rows(job: Job, *, start: datetime, end: datetime) -> list[Row]:
    """The runs of the window, some before it, and the next one behind it that the clock asked for."""
    runs = Run.objects.filter(job=job).exclude(trigger=RunTrigger.ALERT)
    within = runs.filter(occurrence__gte=start, occurrence__lte=end).order_by("occurrence")
    before = runs.filter(occurrence__lt=start).order_by("-occurrence")[:RUNS_BEFORE]
    behind = runs.filter(occurrence__gt=end, trigger=RunTrigger.SCHEDULE).order_by("occurrence")[:1]
    found = [
        *reversed(before.values(*_ROW_FIELDS)),
        *within.values(*_ROW_FIELDS),
        *behind.values(*_ROW_FIELDS),
    ]
    ends = _ends_of_leaders(job, [one["occurrence"] for one in found if one["trigger"] == RunTrigger.CHAIN])
    return [
        Row(key=one.pop("pk"), due_at=ends.get(one["occurrence"], one["occurrence"]), **one) for one in found
    ]


def _ends_of_leaders(job: Job, occurrences: Sequence[datetime]) -> dict[datetime, datetime]:
    """When a run that follows another one was to begin."""
    if not occurrences:
        return {}
    leading = Run.objects.exclude(job=job).filter(
        occurrence__gte=min(occurrences), occurrence__lte=max(occurrences), finished_at__isnull=False
    )
    ended = leading.order_by("finished_at").values_list("occurrence", "finished_at")
    return {occurrence: finished_at + TICK for occurrence, finished_at in ended if finished_at}


def _asked_by_people(past: Past) -> dict[datetime, str]:
    return {entry.at: f"{entry.by} asked for" for entry in past.entries if entry.action == Action.TRIGGER}


def _asked_by_leaders(
    past: Past, standing: Standing, *, start: datetime, end: datetime
) -> dict[datetime, str]:
    """The occurrences of the job that this one runs after, which it takes over at each success."""
    found: dict[datetime, str] = {}
    names = {text for said in past.said("cadence") for text in (said.before, said.after) if text}
    names |= {past.at("cadence", end) or ""}
    for name in (text.removeprefix("after ") for text in names if text.startswith("after ")):
        leading = Run.objects.filter(
            job__name=name, state=RunState.SUCCEEDED, occurrence__gte=start, occurrence__lte=end
        )
        for occurrence, started_at, finished_at in leading.values_list(
            "occurrence", "started_at", "finished_at"
        ):
            if finished_at is None or started_at is None:
                continue
            # What was said meanwhile may have come too late, or in time.
            followed = all(past.at("cadence", at) == f"after {name}" for at in (started_at, finished_at))
            paused = any(
                pause.start <= finished_at and (pause.end is None or started_at <= pause.end)
                for pause in standing.pauses
            )
            if followed and not paused:
                found[occurrence] = f"follows {name}"
    return found


def _unpruned_since(job: Job, past: Past, *, now: datetime) -> datetime:
    """The oldest instant of which no run can have been pruned.

    Retention was last applied no later than the oldest run that it would have taken allows.
    """
    newest = Run.objects.filter(job=job).order_by("-occurrence").values_list("pk", flat=True)
    kept = Run.objects.filter(job=job, finished_at__isnull=False).exclude(
        pk__in=list(newest[: max(job.keep_newest, 1)])
    )
    oldest = [
        kept.filter(states).order_by("occurrence").values_list("finished_at", flat=True).first()
        for states in (Q(state__in=(RunState.SUCCEEDED, RunState.SKIPPED)), Q(state=RunState.FAILED))
    ]
    instants = sorted(
        {said.at for key in ("keep_succeeded", "keep_failed", "mode") for said in past.said(key)}
    )
    horizons = []
    for begin, until in zip([now - _LONG_AGO, *instants], [*instants, now], strict=True):
        keeps = _keeps(job, past, at=begin)
        applied = min([until, *(end + keep for end, keep in zip(oldest, keeps, strict=True) if end)])
        horizons.append(applied - min(keeps))
    return max(horizons)


def _keeps(job: Job, past: Past, *, at: datetime) -> tuple[timedelta, timedelta]:
    """How long good and failed runs were kept then: as somebody set it, or as its mode had it."""
    mode = MODES.get(past.at("mode", at) or "")
    of_mode = (mode.keep_succeeded, mode.keep_failed) if mode else (job.keep_succeeded, job.keep_failed)
    set_then = [read_duration(past.at(key, at)) for key in ("keep_succeeded", "keep_failed")]
    keeps = [
        min(by_mode, chosen) if chosen and mode else chosen or by_mode
        for by_mode, chosen in zip(of_mode, set_then, strict=True)
    ]
    return keeps[0], keeps[1]


def _longest_stretch(job: Job, past: Past) -> timedelta:
    """The longest time between two occurrences that load has led to; none where it never has."""
    told = (_STRETCHED.match(entry.detail) for entry in past.entries if entry.action == Action.STRETCH)
    seconds = [int(number) for matched in told if matched for number in matched.groups()]
    return timedelta(seconds=max(seconds, default=0))
