"""Rows for tests."""

from datetime import UTC, datetime, timedelta

import factory
from django_q.models import Schedule

from scheduling.models import Job, Run, RunState

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class ScheduleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Schedule

    name = factory.Sequence(lambda n: f"job-{n}")
    func = "tests.scheduling.tasks.succeed"
    schedule_type = Schedule.MINUTES
    minutes = None
    next_run = NOON


class JobFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Job

    name = factory.SelfAttribute("schedule.name")
    task = "tests.scheduling.tasks.succeed"
    schedule = factory.SubFactory(ScheduleFactory)
    mode = "test"
    every_seconds = 10
    time_limit = timedelta(seconds=60)
    max_attempts = 3
    keep_succeeded = timedelta(hours=1)
    keep_failed = timedelta(hours=24)


class RunFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Run

    job = factory.SubFactory(JobFactory)
    occurrence = factory.Sequence(lambda n: NOON + timedelta(seconds=10 * n))
    not_before = factory.SelfAttribute("occurrence")
    queued_at = factory.SelfAttribute("occurrence")
    state = RunState.QUEUED
