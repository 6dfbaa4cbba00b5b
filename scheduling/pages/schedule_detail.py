"""What the page of one schedule shows, at one instant."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count

from scheduling.exceptions import CadenceError
from scheduling.ledger.coming import coming_occurrences
from scheduling.ledger.stories import outlook, what_became
from scheduling.models import Job, JobChange, Run, RunState, RunTrigger
from scheduling.pages.dashboard import fingerprint_of
from scheduling.pages.outcomes import (
    POINTS,
    WINDOW,
    Outcome,
    Series,
    newest_runs,
    series_of,
    strip_of,
    summary_of,
    with_oldest_needed,
)
from scheduling.pages.policies import Policy, policies_of
from scheduling.pages.run_lines import RunLine, run_lines
from scheduling.timing.cadence import Every
from scheduling.timing.durations import show_duration
from scheduling.wording import counted

COMING_SHOWN = 5
STRIP_LENGTH = 60
RUNS_SHOWN = 15
CHANGES_SHOWN = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """An occurrence to come; `in_zone` is its time of day in the cron's own zone, empty when that is UTC."""

    at: datetime
    in_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleDetail:
    """Everything on the page. `story` and `journal` are None for whom they are not meant.

    `typed` is the cadence as one types it; `schedule_id` is None for a job whose schedule was removed.
    """

    job_id: int
    schedule_id: int | None
    name: str
    description: str
    task: str
    mode: str
    typed: str
    follows: str
    followers: list[str]
    paused_at: datetime | None
    paused_until: datetime | None
    pause_note: str
    coming: list[Coming]
    policies: list[Policy]
    strip: list[Outcome]
    series: Series
    runs: list[RunLine]
    waiting: int
    waiting_asked: int
    waiting_backfill: int
    journal: list[JobChange] | None
    # Not in `repr`: it counts seconds, and by it two looks that saw the same are equal.
    story: list[str] | None = field(repr=False)

    window: int = WINDOW

    @property
    def summary(self) -> str:
        words = summary_of(self.strip)
        return f"The last {counted(len(self.strip), 'run')}: {words}" if words else "No runs yet"

    @property
    def fingerprint(self) -> str:
        return fingerprint_of(self)


def schedule_detail(name: str, *, now: datetime, in_full: bool) -> ScheduleDetail | None:
    """Look at a job, also one whose schedule was removed; None when there never was one of that name.

    Not `in_full` leaves out what only those may read who may view runs.
    """
    jobs = Job.objects.select_related("schedule", "after__schedule").filter(name=name)
    job = with_oldest_needed(jobs, newest=POINTS + WINDOW).first()
    if job is None:
        return None
    past, waiting, coming = newest_runs([job])[job.pk], _waiting(job), _coming(job, now=now)
    return ScheduleDetail(
        job_id=job.pk,
        schedule_id=job.schedule_id,
        name=job.name,
        description=job.description,
        task=job.task,
        mode=job.mode,
        typed=typed_cadence(job),
        follows=job.after.name if job.after else "",
        followers=list(job.followers.order_by("name").values_list("name", flat=True)),
        paused_at=job.paused_at,
        paused_until=job.paused_until,
        pause_note=job.pause_note if in_full else "",
        coming=coming,
        policies=policies_of(job, in_full=in_full),
        strip=strip_of(past, length=STRIP_LENGTH),
        series=series_of(past),
        runs=run_lines(_newest(job), in_full=in_full),
        waiting=sum(waiting.values()),
        waiting_asked=waiting.get(RunTrigger.OPERATOR, 0),
        waiting_backfill=waiting.get(RunTrigger.BACKFILL, 0),
        journal=list(job.changes.all()[:CHANGES_SHOWN]) if in_full else None,
        story=_story(job, coming, now=now) if in_full else None,
    )


def typed_cadence(job: Job) -> str:
    """A cadence as one would type it to get it; empty when it is broken or not by the clock."""
    try:
        cadence = job.cadence
    except CadenceError:
        return ""
    if job.after is not None:
        return ""
    return (
        show_duration(timedelta(seconds=cadence.seconds))
        if isinstance(cadence, Every)
        else cadence.expression
    )


def _story(job: Job, coming: list[Coming], *, now: datetime) -> list[str]:
    """Without the next run where that is listed, and its seconds are counted there."""
    is_listed = job.paused_at is None and coming and coming[0].at > now
    return what_became(job, at=now, now=now) + ([] if is_listed else outlook(job, now=now))


def _coming(job: Job, *, now: datetime) -> list[Coming]:
    zone = ZoneInfo(job.time_zone) if job.time_zone != "UTC" else None
    return [
        Coming(at=at, in_zone=f"{at.astimezone(zone):%H:%M:%S} {job.time_zone}" if zone else "")
        for at in coming_occurrences(job, count=COMING_SHOWN, now=now)
    ]


def _waiting(job: Job) -> dict[str, int]:
    """How many runs could be cancelled, by what asked for them."""
    waiting = Run.objects.filter(job=job, state__in=(RunState.PENDING, RunState.QUEUED))
    return dict(waiting.order_by().values_list("trigger").annotate(rows=Count("pk")))


def _newest(job: Job) -> list[Run]:
    """Each knows its job without another question."""
    runs = list(Run.objects.filter(job=job).defer("result").order_by("-occurrence")[:RUNS_SHOWN])
    for run in runs:
        run.job = job
    return runs
