"""Setting schedules up and removing them."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django_q.models import Schedule
from pytest_django.fixtures import Settings

from scheduling.exceptions import UnknownNameError
from scheduling.models import Job, Run, RunState
from scheduling.operations import changing, setting_up
from tests.scheduling.factories import NOON, RunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(autouse=True)
def own_jobs(settings: Settings) -> None:
    settings.SCHEDULED_JOBS = ["tests.scheduling.effects.JOBS"]


def schedules() -> dict[str, tuple[str, int]]:
    """Cadence and seconds until the next run, by name."""
    return {
        job.name: (str(job.cadence), round((job.schedule.next_run - NOON).total_seconds()))
        for job in Job.objects.filter(schedule__isnull=False).select_related("schedule")
        if job.schedule
    }


TEST_MODE = {
    "cleanup-repeatable": ("every 1 min", 15),
    "note-repeatable": ("every 1 s", 1),
    "work-repeatable": ("every 3 s", 1),
}
PRODUCTION_MODE = {
    "cleanup-repeatable": ("every 1 h", 60),
    "note-repeatable": ("every 6 h", 1),
    "work-repeatable": ("every 6 h", 1),
}


def test_set_up_leaves_exactly_the_schedules_of_the_mode() -> None:
    changes = setting_up.set_up("test", now=NOON, by="tester")

    assert {change.action for change in changes} == {"created"}
    assert schedules() == TEST_MODE
    assert Schedule.objects.count() == 3


def test_setting_up_again_changes_nothing_not_even_the_next_run() -> None:
    setting_up.set_up("test", now=NOON, by="tester")

    changes = setting_up.set_up("test", now=NOON + timedelta(seconds=30), by="tester")

    assert {change.action for change in changes} == {"left alone"}
    assert schedules() == TEST_MODE


def test_switching_modes_moves_cadence_next_run_and_retention_at_once() -> None:
    setting_up.set_up("production", now=NOON - timedelta(hours=1), by="tester")

    changes = setting_up.set_up("test", now=NOON, by="tester")

    assert {change.action for change in changes} == {"changed"}
    assert schedules() == TEST_MODE
    assert set(Job.objects.values_list("mode", "keep_succeeded")) == {("test", timedelta(hours=1))}

    setting_up.set_up("production", now=NOON, by="tester")
    assert schedules() == PRODUCTION_MODE


def test_a_reached_count_that_nobody_set_is_taken_away() -> None:
    setting_up.set_up("test", now=NOON, by="tester")
    Schedule.objects.filter(name="work-repeatable").update(repeats=0, next_run=None)

    setting_up.set_up("test", now=NOON, by="tester")

    assert Schedule.objects.get(name="work-repeatable").repeats == -1
    assert schedules() == TEST_MODE


def test_set_up_names_what_will_not_run_and_leaves_it_so() -> None:
    setting_up.set_up("test", now=NOON, by="tester")
    changing.pause("note-repeatable", by="tester", note="moving", now=NOON)
    changing.change("work-repeatable", by="tester", now=NOON, repeats=1)
    Schedule.objects.filter(name="work-repeatable").update(repeats=0, next_run=None)

    for _ in range(2):
        changes = setting_up.set_up("test", now=NOON, by="tester")

        assert {change.name: (change.action, change.halted) for change in changes} == {
            "note-repeatable": ("left alone", "paused"),
            "work-repeatable": ("left alone", "its count is reached"),
            "cleanup-repeatable": ("left alone", ""),
        }


def test_a_mode_promises_no_run_of_a_schedule_whose_count_is_reached() -> None:
    setting_up.set_up("test", now=NOON, by="tester")
    changing.change("work-repeatable", by="tester", now=NOON, repeats=1)
    Schedule.objects.filter(name="work-repeatable").update(repeats=0, next_run=None)

    setting_up.set_up("production", now=NOON, by="tester")

    job = Job.objects.get(name="work-repeatable")
    assert (str(job.cadence), job.schedule and job.schedule.next_run) == ("every 6 h", None)
    newest = job.changes.first()
    assert newest is not None
    assert "next run" not in newest.detail


def test_a_schedule_that_somebody_edited_is_set_right_again() -> None:
    setting_up.set_up("test", now=NOON, by="tester")
    Schedule.objects.filter(name="work-repeatable").update(minutes=5)

    changes = setting_up.set_up("test", now=NOON, by="tester")

    assert [change.name for change in changes if change.action == "changed"] == ["work-repeatable"]
    assert schedules() == TEST_MODE


def test_remove_takes_our_schedules_and_their_queued_runs_and_nothing_else() -> None:
    setting_up.set_up("test", now=NOON, by="tester")
    theirs = Schedule.objects.create(name="theirs", func="os.getpid")
    job = Job.objects.get(name="note-repeatable")
    for state in RunState:
        RunFactory(job=job, state=state)

    changes = setting_up.remove([], now=NOON, by="tester")

    assert {change.action for change in changes} == {"removed"}
    assert list(Schedule.objects.all()) == [theirs]
    reasons = dict(Run.objects.exclude(error="").values_list("error", "state"))
    assert reasons == {"the schedule was removed": RunState.SKIPPED}
    assert Run.objects.filter(state=RunState.SKIPPED).count() == 3


def test_remove_by_name_and_by_mode() -> None:
    setting_up.set_up("test", now=NOON, by="tester")

    assert [change.name for change in setting_up.remove(["work-repeatable"], now=NOON, by="tester")] == [
        "work-repeatable"
    ]
    assert setting_up.remove(["production"], now=NOON, by="tester") == []
    assert len(setting_up.remove(["test"], now=NOON, by="tester")) == 2
    assert setting_up.remove([], now=NOON, by="tester") == []


def test_removing_a_name_that_is_not_ours_removes_nothing() -> None:
    setting_up.set_up("test", now=NOON, by="tester")
    Schedule.objects.create(name="theirs", func="os.getpid")

    with pytest.raises(UnknownNameError, match="'theirs'"):
        setting_up.remove(["note-repeatable", "theirs"], now=NOON, by="tester")

    assert Schedule.objects.count() == 4


def test_what_was_removed_can_be_set_up_again_and_keeps_its_runs() -> None:
    setting_up.set_up("test", now=NOON, by="tester")
    RunFactory(job=Job.objects.get(name="note-repeatable"), state=RunState.SUCCEEDED)
    setting_up.remove([], now=NOON, by="tester")

    setting_up.set_up("test", now=NOON, by="tester")

    assert schedules() == TEST_MODE
    assert Job.objects.get(name="note-repeatable").runs.count() == 1


def test_a_mode_that_is_none_is_named_with_those_that_are() -> None:
    with pytest.raises(UnknownNameError, match="no mode 'prod'; the modes are test, production"):
        setting_up.set_up("prod", now=NOON, by="tester")


def test_the_database_refuses_a_second_schedule_of_one_name() -> None:
    Schedule.objects.create(name="twice", func="os.getpid")

    with pytest.raises(IntegrityError), transaction.atomic():
        Schedule.objects.create(name="twice", func="os.getpid")
