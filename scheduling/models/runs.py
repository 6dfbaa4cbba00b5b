"""What became of each occurrence."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q, Value

from scheduling.models.jobs import Job
from scheduling.models.left_out import ReadableOfJobs
from scheduling.timing.instants import show_instant

# Characters of what a task found overloaded.
LONGEST_PRESSURE = 300


class RunState(models.TextChoices):
    """Where an occurrence stands. Every run ends in one of the last three."""

    PENDING = "pending"  # waits for its time, its next attempt, another run, or its job's resumption
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
    return f"{job_name} {show_instant(occurrence)}"


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
        max_length=LONGEST_PRESSURE,
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
    begun_anew = models.BooleanField(
        default=False,
        # As of `tallied`.
        db_default=False,
        editable=False,
        help_text="Whether somebody let it begin anew after it had failed.",
    )
    result = models.JSONField(null=True, blank=True)
    tallied = models.BooleanField(
        default=False,
        # Code of before this column goes on adding rows while a new version is rolled out.
        db_default=False,
        editable=False,
        help_text="Its end is counted in the tallies, not here.",
    )

    objects = ReadableOfJobs()

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

    @property
    def is_held_by_a_pause(self) -> bool:
        """Whether a pause of its job, if there is one, holds it: somebody asked for it, or let it begin anew.

        One that code of before `begun_anew` let begin anew is known by the attempts that failed.
        """
        is_again = self.begun_anew or bool(self.failed_attempts)
        return self.trigger in ASKED_FOR or (is_again and not self.attempt)


class RunTally(models.Model):
    """How many runs of a job ended in one way, of those that were counted; it only ever grows."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="tallies", db_index=False)
    outcome = models.CharField(max_length=10, choices=RunState.choices)
    runs = models.PositiveBigIntegerField(default=0)
    missed = models.PositiveBigIntegerField(default=0, help_text="Occurrences that they made up for.")
    lateness = models.JSONField(default=dict, help_text="Runs up to each bound in seconds, and the sum.")
    duration = models.JSONField(default=dict, help_text="Runs up to each bound in seconds, and the sum.")

    objects = ReadableOfJobs()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "outcome"], name="scheduling_tally_once_per_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.job.name}: {self.runs} {self.outcome}"
