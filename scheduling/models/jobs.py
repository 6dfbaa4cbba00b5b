"""What is scheduled, and what people changed about it."""

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q, Value
from django_q.models import Schedule

from scheduling.exceptions import CadenceError
from scheduling.models.left_out import ReadableJobs, ReadableOfJobs
from scheduling.timing.attempts import FIRST_WAIT, MOST_ATTEMPTS
from scheduling.timing.cadence import Cadence, Cron, Every
from scheduling.timing.instants import show_instant

# Characters that say why a job is paused.
LONGEST_NOTE = 300
# And of the journal, what was changed and who did it.
LONGEST_DETAIL = 500
LONGEST_AUTHOR = 150
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

    objects = ReadableJobs()

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
        try:
            schedule = self.schedule
        except Schedule.DoesNotExist:  # removed since the job was read
            schedule = None
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


class JobChange(models.Model):
    """Something that somebody, or the scheduler itself, changed about a job."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField()
    by = models.CharField(max_length=LONGEST_AUTHOR, help_text="A user's name, or `scheduler`.")
    action = models.CharField(max_length=20)
    detail = models.CharField(max_length=LONGEST_DETAIL, blank=True)

    objects = ReadableOfJobs()

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        indexes: ClassVar = [
            # The newest changes of a job.
            models.Index(fields=["job", "-at"], name="scheduling_change_newest"),
            # Its newest of one kind: when it was resumed, say, which may be never.
            models.Index(fields=["job", "action", "-at"], name="scheduling_change_by_action"),
        ]

    def __str__(self) -> str:
        return f"{show_instant(self.at)} {self.by}: {self.action}"
