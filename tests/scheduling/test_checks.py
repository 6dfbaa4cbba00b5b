"""Wrong settings and a database that lost a promise are found."""

from dataclasses import replace

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django_q.models import Schedule
from pytest_django.fixtures import Settings

from scheduling.checks import MOST_NAMED
from scheduling.exceptions import CadenceError
from scheduling.models import Run, RunState
from scheduling.modes import JobDeclaration
from scheduling.monitoring.readiness import schedules_problem
from scheduling.operations.changing import change
from scheduling.timing.cadence import Cron
from tests.scheduling.factories import NOON, JobFactory, RunFactory

BROKEN = (
    JobDeclaration(
        name="twice",
        task="tests.scheduling.tasks.no_such_task",
        description="",
        every_seconds={"test": 0, "production": 60},
        start_after_seconds={"test": 1, "production": 1},
    ),
    JobDeclaration(
        name="twice",
        task="tests.scheduling.tasks.succeed",
        description="",
        every_seconds={"test": 10, "production": 60},
        start_after_seconds={"test": 1, "production": 1},
    ),
)

LONELY = (replace(BROKEN[1], needs=("nobody",)),)


def ids(**options: object) -> set[str | None]:
    return {message.id for message in run_checks(**options) if str(message.id).startswith("scheduling")}  # type: ignore[arg-type]


def test_the_project_as_it_is_has_no_problem() -> None:
    assert ids() == set()


def test_jobs_that_cannot_run_are_found(settings: Settings) -> None:
    settings.SCHEDULED_JOBS = ["tests.scheduling.test_checks.BROKEN"]

    assert ids() == {"scheduling.E002", "scheduling.E003", "scheduling.E005"}


@pytest.mark.parametrize(
    "words",
    [
        ("scheduler", "setup"),
        ("scheduler", "backfill", "fetch", "--from", "2026-11-23T12:00Z", "--to", "2026-11-23T13:00Z"),
        ("qcluster",),
        ("cleanup",),
        ("health",),
        ("monitor",),
    ],
)
def test_who_calls_what_settings_name_looks_first_whether_it_is_there(
    settings: Settings, words: tuple[str, ...]
) -> None:
    settings.SCHEDULED_JOBS = ["tests.scheduling.test_checks.BROKEN"]

    with pytest.raises(SystemCheckError, match=r"scheduling\.E002"):
        call_command(*words, skip_checks=False)


def test_a_need_that_nobody_declares_is_found(settings: Settings) -> None:
    settings.SCHEDULED_JOBS = ["tests.scheduling.test_checks.LONELY"]

    assert ids() == {"scheduling.E010"}


def test_a_list_of_jobs_that_is_not_there_is_found(settings: Settings) -> None:
    settings.SCHEDULED_JOBS = ["nowhere.JOBS"]

    assert ids() == {"scheduling.E001"}


@pytest.mark.parametrize(
    ("setting", "value", "id"),
    [
        ("METRICS", ["nowhere.metrics"], "scheduling.E006"),
        ("ALERT_RULES", {"late": "scheduling.monitoring.alert_rules.nothing"}, "scheduling.E006"),
        ("ALERT_WEBHOOK_URL", "hooks.example.org", "scheduling.E007"),
        ("ALERT_WEBHOOK_URL", "http://hooks.example.org/", "scheduling.E007"),
        ("ALERT_WEBHOOK_SECRET", "", "scheduling.E008"),
        ("ALERT_WEBHOOK_URL", "https://hooks.example.org/a https://hooks.example.org/b", "scheduling.E007"),
        ("HEARTBEAT_URL", "ping.example.org", "scheduling.E011"),
        ("HEARTBEAT_URL", "https://", "scheduling.E011"),
        ("HEARTBEAT_URL", "https://ping.example.org/a # why", "scheduling.E011"),
        ("ALERT_EMAILS", ["ops@example.org", "ops"], "scheduling.E014"),
        ("ALERT_EMAILS", ["ops@example.org lee@example.org"], "scheduling.E014"),
        ("DEFAULT_FROM_EMAIL", "Staking", "scheduling.E014"),
    ],
)
def test_settings_that_cannot_work_are_found(
    settings: Settings, setting: str, value: object, id: str
) -> None:
    settings.ALERT_WEBHOOK_URL, settings.ALERT_WEBHOOK_SECRET = "https://hooks.example.org", "secret"
    settings.ALERT_EMAILS, settings.DEFAULT_FROM_EMAIL = ["root@localhost"], "Staking <us@example.org>"
    assert ids() == set()

    setattr(settings, setting, value)

    assert ids() == {id}


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a_lost_unique_index_is_found_and_the_hint_brings_it_back() -> None:
    assert ids(databases=["default"]) == set()
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX scheduling_unique_schedule_name")

    assert ids(databases=["default"]) == {"scheduling.E004"}

    with connection.cursor() as cursor:
        cursor.execute("CREATE UNIQUE INDEX scheduling_unique_schedule_name ON django_q_schedule (name)")
    assert ids(databases=["default"]) == set()


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a_lost_constraint_on_runs_is_found_and_the_hint_brings_it_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [constraint] = Run._meta.constraints
    with monkeypatch.context() as patch, connection.schema_editor() as editor:
        patch.setattr(Run._meta, "constraints", [])  # SQLite makes the table anew by these
        editor.remove_constraint(Run, constraint)

    [found] = [message for message in run_checks(databases=["default"]) if message.id == "scheduling.E015"]

    with connection.cursor() as cursor:
        cursor.execute(str(found.hint))
    assert ids(databases=["default"]) == set()
    with connection.schema_editor() as editor:  # for the tests after this one, as it was
        editor.execute("DROP INDEX scheduling_run_once_per_occurrence")
        editor.add_constraint(Run, constraint)


@pytest.mark.parametrize(("generated", "expected"), [(True, {"scheduling.W001"}), (False, set())])
def test_a_generated_key_is_a_warning_when_deploying(
    settings: Settings, generated: bool, expected: set[str]
) -> None:
    settings.SECRET_KEY_IS_GENERATED = generated

    assert ids(include_deployment_checks=True) == expected


def warnings() -> list[str]:
    found = run_checks(databases=["default"], tags=["database"])
    return [str(message.msg) for message in found if str(message.id).startswith("scheduling.W")]


@pytest.mark.database
@pytest.mark.django_db
def test_rows_that_will_never_run_are_named() -> None:
    Schedule.objects.create(name="theirs", func="math.sqrt", args="4")
    JobFactory(name="gone-repeatable", task="nowhere.at.all")
    removed = JobFactory(name="waiting-repeatable", task="tests.scheduling.factories", schedule=None)
    JobFactory(name="removed-repeatable", task="nowhere.at.all", schedule=None)
    RunFactory(job=removed, state=RunState.PENDING)
    JobFactory(name="sound-repeatable", task="tests.scheduling.tasks.succeed", condition="fresh_data")
    JobFactory(name="unasked-repeatable", task="tests.scheduling.tasks.succeed", condition="withdrawn")

    foreign, gone, unasked, waiting = warnings()
    assert foreign == "The schedule 'theirs' of django-q2 (math.sqrt) never runs: it is not ours."
    assert gone.startswith("gone-repeatable cannot run: 'nowhere.at.all' is no task of this project;")
    assert waiting.startswith(
        "waiting-repeatable cannot run: 'tests.scheduling.factories' is no task of this"
    )
    assert unasked.startswith("unasked-repeatable cannot run: There is no condition 'withdrawn'; there are:")
    assert schedules_problem(now=NOON).startswith(f"{gone} {unasked}")


@pytest.mark.database
@pytest.mark.django_db
def test_of_many_rows_with_one_fault_ten_are_named_and_the_others_counted() -> None:
    for number in range(MOST_NAMED + 2):
        Schedule.objects.create(name=f"theirs-{number:02}", func="math.sqrt")
        JobFactory(name=f"gone-{number:02}", task="nowhere.at.all")

    foreign, gone = warnings()[: MOST_NAMED + 1], warnings()[MOST_NAMED + 1 :]
    for told, last in (foreign, "'theirs-09'"), (gone, "gone-09"):
        assert len(told) == MOST_NAMED + 1
        assert last in told[-2]
        assert told[-1] == "The same is wrong with 2 more."
    sentence = schedules_problem(now=NOON)
    assert "gone-09" in sentence
    assert "gone-10" not in sentence
    assert "2 more cannot run." in sentence


@pytest.mark.database
@pytest.mark.django_db
def test_a_stored_zone_by_a_former_name_is_named_and_runs_on() -> None:
    job = JobFactory(name="old-repeatable", time_zone="US/Eastern")
    cron = {"schedule_type": Schedule.CRON, "cron": "0 12 * * *", "minutes": None}
    Schedule.objects.filter(pk=job.schedule_id).update(**cron)

    (warning,) = warnings()

    assert warning.endswith("There is no time zone 'US/Eastern'; write America/New_York.")
    change("old-repeatable", by="ada", now=NOON, fields={"max_attempts": 3})
    change("old-repeatable", by="ada", now=NOON, cadence=Cron("0 13 * * *", "US/Eastern"))
    with pytest.raises(CadenceError, match="write America/Chicago"):
        change("old-repeatable", by="ada", now=NOON, cadence=Cron("0 13 * * *", "US/Central"))


def test_a_queue_that_would_call_the_schedules_itself_is_found(settings: Settings) -> None:
    settings.Q_CLUSTER = {"name": "another", "redis": "redis://127.0.0.1:6379/0"}

    [found] = [message for message in run_checks(databases=[]) if message.id == "scheduling.E020"]

    assert found.msg.startswith("Q_CLUSTER has broker_class and scheduler and max_attempts of its own")
