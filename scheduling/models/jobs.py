"""What is scheduled, and what became of each occurrence."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q, Value
from django_q.models import Schedule

from scheduling.exceptions import CadenceError
from scheduling.timing.attempts import FIRST_WAIT, MOST_ATTEMPTS
from scheduling.timing.cadence import Cadence, Cron, Every

# Characters that say why a job is paused.
LONGEST_NOTE = 300
# Schedule types of django-q2 that are a fixed number of seconds.
_FIXED_SECONDS = {
    Schedule.HOURLY: 3_600,
    Schedule.DAILY: 86_400,
    Schedule.WEEKLY: 7 * 86_400,
    Schedule.BIWEEKLY: 14 * 86_400,
}


class Overlap(models.TextChoices):
    """What becomes of an occurrence that finds an earlier run of its job still open."""

    SKIP = "skip"  # it is recorded as skipped
    QUEUE = "queue"  # one waits; a second one is skipped
    ALLOW = "allow"  # both run


class CatchUp(models.TextChoices):
    """What becomes of occurrences that no dispatcher claimed in time: none ran, or none could write."""

    LATEST = "latest"  # the newest runs, the others are counted
    SKIP = "skip"  # none runs, all are counted
    ALL = "all"  # all within the window run, one after the other; older ones are counted


class Job(models.Model):
    """A task with a unique name, and what its schedule row cannot say.

    The django-q2 `Schedule` row is the visible truth about when: its `next_run` is the next
    occurrence, its minutes or cron are the cadence. An interval that is not whole minutes has
    its row's `minutes` empty and stands in `every_seconds`. A removed job has no schedule
    and keeps its runs, so that an occurrence that ran once is still known to have run.
    """

    name = models.CharField(max_length=100, unique=True)
    task = models.CharField(max_length=256, help_text="Dotted path of a callable without arguments.")
    description = models.CharField(max_length=300, blank=True)
    schedule = models.OneToOneField(
        Schedule, null=True, blank=True, on_delete=models.SET_NULL, related_name="job"
    )
    mode = models.CharField(max_length=20, help_text="The mode that set this job up.")
    every_seconds = models.PositiveIntegerField(null=True, blank=True)
    offset_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="Puts the interval on the clock's own grid, this long after it."
    )
    time_zone = models.CharField(max_length=64, default="UTC")
    ends_at = models.DateTimeField(null=True, blank=True, help_text="No occurrence lies after this.")
    after = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="followers",
        help_text="Runs after each success of that job instead of by the clock.",
    )
    jitter = models.DurationField(
        default=timedelta(0), help_text="Starts up to this much after the occurrence, always equally much."
    )
    overlap = models.CharField(max_length=10, choices=Overlap.choices, default=Overlap.SKIP)
    catch_up = models.CharField(max_length=10, choices=CatchUp.choices, default=CatchUp.LATEST)
    catch_up_window = models.DurationField(default=timedelta(days=1))
    condition = models.CharField(
        max_length=100, blank=True, help_text="A registered condition; a run that it refuses is skipped."
    )
    parameters = models.JSONField(default=dict, blank=True, help_text="Keyword arguments of the task.")
    parameters_b = models.JSONField(
        null=True, blank=True, help_text="Those of variant b; every other occurrence runs with them."
    )
    stretch_limit = models.DurationField(
        null=True, blank=True, help_text="The longest interval under load; empty: it never changes."
    )
    stretch = models.PositiveIntegerField(
        default=1, editable=False, help_text="The interval is this often as long now."
    )
    overrides = models.JSONField(
        default=dict,
        db_default=Value({}, models.JSONField()),
        blank=True,
        editable=False,
        help_text="What somebody set otherwise than declared: who and when; set-up leaves it alone.",
    )
    time_limit = models.DurationField(help_text="A run that takes longer is ended and has failed.")
    max_attempts = models.PositiveSmallIntegerField(
        default=MOST_ATTEMPTS,
        help_text="A run is tried no more often than this, nor for longer than half of its interval.",
    )
    backoff = models.DurationField(
        default=FIRST_WAIT,
        # Code of before this column goes on adding rows while a new version is rolled out.
        db_default=FIRST_WAIT,
        help_text="The wait after the first failed attempt; each further one is several times as long.",
    )
    pause_after_failures = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Pause when this many runs in a row have failed."
    )
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    paused_until = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When it goes on by itself; empty: when somebody says.",
    )
    pause_note = models.CharField(max_length=LONGEST_NOTE, blank=True, editable=False)
    keep_succeeded = models.DurationField(help_text="How long finished runs are kept.")
    keep_failed = models.DurationField(help_text="How long failed runs are kept.")
    keep_newest = models.PositiveIntegerField(default=1, help_text="This many runs are kept however old.")

    class Meta:
        ordering: ClassVar = ["name"]
        indexes: ClassVar = [
            # A tick's look for pauses that are over.
            models.Index(
                fields=["paused_until"],
                condition=Q(paused_until__isnull=False),
                name="scheduling_job_paused_until",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def cadence(self) -> Cadence:
        """The cadence its schedule row asks for; raises `CadenceError` when that cannot be."""
        schedule = self.schedule
        if schedule is None:
            raise CadenceError(f"{self.name} has no schedule; `scheduler setup` gives it one.")
        if schedule.schedule_type == Schedule.CRON:
            return Cron(schedule.cron or "", self.time_zone)
        if schedule.schedule_type == Schedule.MINUTES:
            seconds = schedule.minutes * 60 if schedule.minutes else self.every_seconds
            return Every(seconds or 0, self.offset_seconds)
        if schedule.schedule_type in _FIXED_SECONDS:
            return Every(_FIXED_SECONDS[schedule.schedule_type], self.offset_seconds)
        raise CadenceError(
            f"{self.name}: the schedule type {schedule.get_schedule_type_display()!r} is not supported; "
            "use minutes or a cron expression."
        )


class RunState(models.TextChoices):
    """Where an occurrence stands. Every run ends in one of the last three."""

    PENDING = "pending"  # waits for its time: put back by a lost worker, or between two attempts
    QUEUED = "queued"  # a dispatcher has rung, or is about to ring, the bell in Redis
    RUNNING = "running"  # a worker has claimed it
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"


OPEN_STATES = (RunState.PENDING, RunState.QUEUED, RunState.RUNNING)
# As a run should not end, and few do.
UNDONE_STATES = (RunState.FAILED, RunState.SKIPPED)


class RunTrigger(models.TextChoices):
    """What asked for a run."""

    SCHEDULE = "schedule"
    OPERATOR = "operator"  # `scheduler trigger`, or the admin
    BACKFILL = "backfill"  # an occurrence of the past that an operator wants made up for
    CHAIN = "chain"  # the success of the job it runs after
    ALERT = "alert"  # an alert that somebody is to be told of


# What people asked for beside the schedule: a live occurrence goes before it, and a pause holds it.
ASKED_FOR = (RunTrigger.OPERATOR, RunTrigger.BACKFILL)
# Each of these is for itself, and no newer run takes over from it: an occurrence that somebody wants made up
# for, a thing to be told.
ON_THEIR_OWN = (RunTrigger.BACKFILL, RunTrigger.ALERT)


def run_name(job_name: str, occurrence: datetime) -> str:
    """What people call one run."""
    return f"{job_name} {occurrence:%Y-%m-%d %H:%M:%S}Z"


class Run(models.Model):
    """What became of one occurrence of one job; the row is unique, so it cannot run twice."""

    # No index of its own: the unique constraint begins with it.
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="runs", db_index=False)
    occurrence = models.DateTimeField(help_text="The instant the schedule asked for.")
    trigger = models.CharField(max_length=10, choices=RunTrigger.choices, default=RunTrigger.SCHEDULE)
    state = models.CharField(max_length=10, choices=RunState.choices)
    attempt = models.PositiveSmallIntegerField(default=0)
    losses = models.PositiveSmallIntegerField(
        default=0, help_text="Attempts that ended because the worker died."
    )
    not_before = models.DateTimeField(help_text="When it may start: the occurrence, or the next attempt.")
    queued_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    lateness = models.DurationField(null=True, blank=True, help_text="First start minus occurrence.")
    duration = models.DurationField(null=True, blank=True, help_text="Of the last attempt.")
    missed_before = models.PositiveIntegerField(
        default=0,
        help_text="Earlier occurrences that no dispatcher claimed in time; this run makes up for them.",
    )
    worker = models.CharField(
        max_length=100, blank=True, help_text="Host, pid and start time of its process."
    )
    owner = models.CharField(max_length=32, blank=True, help_text="Fencing token of the claim in force.")
    heartbeat = models.PositiveIntegerField(default=0, help_text="Counted up while a worker holds the run.")
    variant = models.CharField(max_length=1, blank=True, help_text="a or b, when the job has two.")
    parameters = models.JSONField(default=dict, blank=True, help_text="What its task is called with.")
    pressure = models.CharField(
        max_length=300,
        blank=True,
        help_text="What its task found overloaded, an endpoint that throttles say.",
    )
    error = models.TextField(blank=True, help_text="Why it failed, was put back or was skipped.")
    failed_attempts = models.JSONField(
        default=list,
        db_default=Value([], models.JSONField()),
        blank=True,
        editable=False,
        help_text="Each attempt that failed: its number, end, worker and error.",
    )
    result = models.JSONField(null=True, blank=True)
    tallied = models.BooleanField(
        default=False,
        # Code of before this column goes on adding rows while a new version is rolled out.
        db_default=False,
        editable=False,
        help_text="Its end is counted in the tallies, not here.",
    )

    class Meta:
        ordering: ClassVar = ["-occurrence", "-pk"]
        constraints: ClassVar = [
            # [CLAIM-1]
            models.UniqueConstraint(fields=["job", "occurrence"], name="scheduling_run_once_per_occurrence"),
        ]
        indexes: ClassVar = [
            # The dispatcher's look at everything not yet ended, twice a second; the newest failures.
            # Not of the open states alone: SQLite uses no partial index for bound values behind IN.
            models.Index(fields=["state", "not_before"], name="scheduling_run_by_state"),
            # Retention, and the newest ended runs.
            models.Index(fields=["finished_at"], name="scheduling_run_finished"),
            # The newest of all jobs, page by page.
            models.Index(fields=["-occurrence", "-id"], name="scheduling_run_newest"),
            # The newest that failed, or were skipped. A run that succeeds never stands in it, and
            # pays nothing. By OR, for of IN SQLite does not see that a bound value is one of them.
            models.Index(
                fields=["state", "-occurrence", "-id"],
                condition=Q(state=RunState.FAILED) | Q(state=RunState.SKIPPED),
                name="scheduling_run_undone",
            ),
            # What a scrape counts beside the tallies.
            models.Index(fields=["job"], condition=Q(tallied=False), name="scheduling_run_untallied"),
        ]

    def __str__(self) -> str:
        return run_name(self.job.name, self.occurrence)


class RunTally(models.Model):
    """How many runs of a job ended in one way, of those that were counted; it only ever grows."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="tallies", db_index=False)
    outcome = models.CharField(max_length=10, choices=RunState.choices)
    runs = models.PositiveBigIntegerField(default=0)
    missed = models.PositiveBigIntegerField(default=0, help_text="Occurrences that they made up for.")
    lateness = models.JSONField(default=dict, help_text="Runs up to each bound in seconds, and the sum.")
    duration = models.JSONField(default=dict, help_text="Runs up to each bound in seconds, and the sum.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "outcome"], name="scheduling_tally_once_per_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.job.name}: {self.runs} {self.outcome}"


class JobChange(models.Model):
    """Something that somebody, or the scheduler itself, changed about a job."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField()
    by = models.CharField(max_length=150, help_text="A user's name, or `scheduler`.")
    action = models.CharField(max_length=20)
    detail = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        indexes: ClassVar = [
            # The newest changes of a job.
            models.Index(fields=["job", "-at"], name="scheduling_change_newest"),
            # Its newest of one kind: when it was resumed, say, which may be never.
            models.Index(fields=["job", "action", "-at"], name="scheduling_change_by_action"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}Z {self.by}: {self.action} {self.detail}".rstrip()
