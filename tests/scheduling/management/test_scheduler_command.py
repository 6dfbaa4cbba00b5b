"""`manage.py scheduler`, as people and programs use it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, ManagementUtility
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import Schedule
from pytest_django.fixtures import Settings

from scheduling.clock import database_now
from scheduling.ledger.editions import edition_of
from scheduling.models import Job, Run, RunState
from scheduling.pages.dashboard import dashboard
from tests.commands import printed
from tests.scheduling.factories import JobFactory, RunFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_jobs(settings: Settings) -> None:
    settings.SCHEDULED_JOBS = ["tests.scheduling.effects.JOBS"]


def scheduler(*words: str) -> str:
    return printed("scheduler", *words)


def as_json(*words: str) -> Any:
    return json.loads(scheduler(*words, "--json"))


@pytest.mark.database
def test_of_many_hosts_that_change_one_schedule_each_waits_for_those_before_it() -> None:
    if connection.vendor == "sqlite":
        return  # has no locks of rows
    scheduler("setup")
    failed = RunFactory(job=Job.objects.get(name="note-repeatable"), state=RunState.FAILED)
    for words in (
        *("set NAME --every 45s", "pause NAME", "resume NAME", "pause --all", "resume --all", "cancel NAME"),
        *(f"retry {failed.pk}", "trigger NAME", "setup", "remove NAME"),
    ):
        with CaptureQueriesContext(connection) as asked:
            scheduler(*words.replace("NAME", "note-repeatable").split())
        waits = [query["sql"] for query in asked if "FOR UPDATE" in query["sql"]]
        assert any("3000ms" in sql for sql in waits), words
        assert not any("'300ms'" in sql for sql in waits), words


def test_setup_sets_test_mode_up_in_an_empty_database_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert "created  every 1 s" in scheduler("setup")
    assert as_json("list")["mode"] == "test"
    assert capsys.readouterr().err == (
        "No mode is given: set up for test, the default where nothing was set up yet.\n"
    )


def test_what_an_upgrade_brings_is_named_until_it_is_set_up(settings: Settings) -> None:
    scheduler("setup", "production")
    assert "never set up" not in scheduler("list") + printed("health") + printed("monitor")
    settings.SCHEDULED_JOBS = ["tests.scheduling.effects.JOBS", "tests.scheduling.effects.LATER"]

    told = "later-repeatable: declared, and never set up; `manage.py scheduler setup` does it."
    assert told in scheduler("list")
    assert f"new        {told}" in printed("health")
    assert f"{told}\n" in printed("monitor")
    for command in (("monitor",), ("scheduler", "list")):
        assert json.loads(printed(*command, "--json"))["never_set_up"] == ["later-repeatable"]
    assert told in dashboard(now=timezone.now()).never_set_up

    assert "later-repeatable    created" in scheduler("setup")
    scheduler("remove", "later-repeatable")
    assert "never set up" not in scheduler("list") + printed("health") + printed("monitor")
    assert dashboard(now=timezone.now()).never_set_up == ""


@pytest.mark.parametrize("mode", ["test", "production"])
def test_setup_without_a_mode_keeps_the_one_that_the_schedules_are_in(
    mode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scheduler("setup", mode)
    scheduler("set", "work-repeatable", "--every", "45s")
    before = as_json("list")
    Schedule.objects.get(name="note-repeatable").delete()
    assert capsys.readouterr().err == ""

    done = {change["name"]: change["action"] for change in as_json("setup")}

    assert done == {
        "note-repeatable": "created",
        "work-repeatable": "left alone",
        "cleanup-repeatable": "left alone",
    }
    after = as_json("list")
    assert after["mode"] == before["mode"] == mode
    assert [row["cadence"] for row in after["schedules"]] == [row["cadence"] for row in before["schedules"]]
    said = capsys.readouterr().err
    assert said == f"No mode is given: set up for {mode}, which the schedules are in.\n"


def test_setup_without_a_mode_gives_removed_schedules_back_as_they_were(
    capsys: pytest.CaptureFixture[str],
) -> None:
    scheduler("setup", "production")
    scheduler("remove")

    scheduler("setup")

    assert as_json("list")["mode"] == "production"
    said = capsys.readouterr().err
    assert said == "No mode is given: set up for production, which the removed schedules were in.\n"


def test_setup_without_a_mode_changes_nothing_where_schedules_are_in_several() -> None:
    scheduler("setup", "production")
    Job.objects.filter(name="work-repeatable").update(mode="test")
    before = as_json("list")

    with pytest.raises(CommandError) as refused:
        scheduler("setup")

    assert str(refused.value) == (
        "The schedules are not in one mode (production: cleanup-repeatable, note-repeatable; "
        "test: work-repeatable). Say which is meant: `scheduler setup test` or `scheduler setup production`."
    )
    assert refused.value.returncode == 2
    assert as_json("list") == before


def test_setup_without_a_mode_says_of_removed_schedules_that_they_were_in_several() -> None:
    scheduler("setup", "production")
    scheduler("remove")
    Job.objects.filter(name="work-repeatable").update(mode="test")

    with pytest.raises(CommandError, match=r"^The removed schedules were not in one mode \(production: "):
        scheduler("setup")


def test_setup_says_what_it_created_changed_and_left_alone() -> None:
    scheduler("setup", "test")
    Schedule.objects.filter(name="work-repeatable").update(minutes=7)

    assert as_json("setup", "test") == [
        {"name": "note-repeatable", "action": "left alone", "cadence": "every 1 s", "halted": None},
        {"name": "work-repeatable", "action": "changed", "cadence": "every 3 s", "halted": None},
        {"name": "cleanup-repeatable", "action": "left alone", "cadence": "every 1 min", "halted": None},
    ]


def test_list_shows_mode_cadence_next_and_last_run() -> None:
    scheduler("setup", "production")
    job = Job.objects.get(name="note-repeatable")
    RunFactory(job=job, state=RunState.SUCCEEDED)
    run = RunFactory(job=job, state=RunState.FAILED, error="ValueError: no")

    document = as_json("list")

    assert document["mode"] == "production"
    assert [row["name"] for row in document["schedules"]] == [
        "cleanup-repeatable",
        "note-repeatable",
        "work-repeatable",
    ]
    assert job.schedule is not None
    assert job.schedule.next_run is not None
    assert document["schedules"][1] == {
        "name": "note-repeatable",
        "task": "tests.scheduling.effects.note",
        "cadence": "every 6 h",
        "attempts": "8 in 2h24min",
        "max_attempts": 20,
        "backoff_seconds": 1.0,
        "paused_at": None,
        "overrides": {},
        "edition": edition_of(job),
        "paused_until": None,
        "pause_note": None,
        "next_run_at": job.schedule.next_run.isoformat().replace("+00:00", "Z"),
        "last_run": {
            "id": run.pk,
            "occurrence": run.occurrence.isoformat().replace("+00:00", "Z"),
            "trigger": "schedule",
            "state": "failed",
            "attempt": 0,
            "started_at": None,
            "lateness_ms": None,
            "duration_ms": None,
            "missed_before": 0,
            "variant": None,
            "worker": None,
            "error": "ValueError: no",
            "failed_attempts": [],
            "result": None,
        },
    }
    assert document["schedules"][0]["last_run"] is None
    assert "every 6 h  8 in 2h24min" in scheduler("list")


def test_list_with_nothing_set_up_says_what_to_do() -> None:
    assert scheduler("list") == "No schedules. `scheduler setup` makes them.\n"
    assert as_json("list") == {"mode": None, "schedules": [], "never_set_up": [], "removed": []}


@pytest.mark.parametrize("words", [["remove"], ["setup", "remove"], ["remove", "test"]])
def test_remove_is_also_written_setup_remove(words: list[str]) -> None:
    scheduler("setup")

    assert [row["action"] for row in as_json(*words)] == ["removed"] * 3
    assert not Schedule.objects.exists()
    assert scheduler("remove") == "Nothing to remove.\n"


def test_who_removes_one_is_told_that_set_up_brings_it_back() -> None:
    scheduler("setup", "test")
    [name, *_] = [row["name"] for row in as_json("list")["schedules"]]

    said = f"{name}: removed until the next `manage.py scheduler setup`; a pause lasts."
    assert said in scheduler("remove", name)

    assert as_json("list")["removed"] == [name]
    assert said in scheduler("list")
    assert as_json("remove", name) == [
        {"name": name, "action": "removed before", "cadence": None, "halted": None}
    ]
    assert [row["name"] for row in as_json("setup") if row["action"] == "created"] == [name]
    assert as_json("list")["removed"] == []


def test_what_never_had_a_schedule_was_not_removed_before() -> None:
    scheduler("setup", "test")
    JobFactory(name="alert-email", schedule=None)

    with pytest.raises(CommandError, match="There is no schedule of ours named 'alert-email'"):
        scheduler("remove", "alert-email")


def test_of_what_is_declared_no_longer_nobody_is_told_that_it_comes_back() -> None:
    scheduler("setup", "test")
    JobFactory(schedule__name="former-repeatable")

    assert "removed until" not in scheduler("remove", "former-repeatable")


@pytest.mark.parametrize(("mode", "is_far"), [("production", True), ("test", False)])
def test_who_resumes_what_comes_hours_later_is_told_how_it_runs_now(mode: str, is_far: bool) -> None:
    scheduler("setup", mode)
    name = "work-repeatable"
    Schedule.objects.filter(name=name).update(next_run=database_now() + timedelta(hours=6) * is_far)
    scheduler("pause", name)

    said = scheduler("resume", name)

    assert said.startswith(f"{name} goes on; its next run is at ")
    assert (f"`manage.py scheduler trigger {name}` runs it now." in said) == is_far


def test_who_retries_within_a_time_that_ends_before_it_begins_is_not_told_that_nothing_failed() -> None:
    with pytest.raises(CommandError, match="2026-11-23 00:00:00Z is none: it ends before it begins"):
        scheduler("retry", "--failed", "--from", "2026-11-24", "--to", "2026-11-23")


def test_one_that_does_not_run_says_why_beside_its_cadence() -> None:
    scheduler("setup", "test")
    [name, *_] = [row["name"] for row in as_json("list")["schedules"]]
    scheduler("pause", name)

    [told] = [row for row in as_json("setup", "test") if row["name"] == name]

    assert (told["action"], told["halted"]) == ("left alone", "paused")
    assert f"{told['cadence']}, paused" in scheduler("setup", "test")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["setup", "staging"], "There is no mode 'staging'"),
        (["setup", "test", "production"], "setup takes one mode of test, production, not 2"),
        (["remove", "nothing-repeatable"], "no schedule of ours named 'nothing-repeatable'"),
    ],
)
def test_unknown_words_get_a_clear_error_and_exit_code_2(words: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message) as caught:
        scheduler(*words)

    assert caught.value.returncode == 2
    assert "\n" not in str(caught.value)
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    "words",
    [
        *(["sestup"], ["list", "everything"], ["pause"], ["set"]),
        *(["next", "fetch", "--count", number] for number in ("-1", "0", "1" * 30, "x")),
        # As of a script's variable that is not set: one meant to run after another would lose that.
        *(["set", "fetch", option, ""] for option in ("--every", "--after", "--condition", "--end")),
        *(["pause", "fetch", "--until", ""], ["audit", "--from", ""], ["explain", "fetch", "--at", ""]),
        # Without a value it means all.
        ["retry", "--failed", ""],
    ],
)
def test_words_that_mean_nothing_end_with_exit_code_2_and_change_nothing(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        ManagementUtility(["manage.py", "scheduler", *words]).execute()

    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err
    assert not Job.objects.exists()


@pytest.mark.parametrize("time", ["0001-01-01", "9999-12-31T23:59:59Z"])
def test_a_time_beyond_reckoning_is_refused_in_one_line(time: str) -> None:
    scheduler("setup", "test")

    with pytest.raises(CommandError, match="beyond what is reckoned with") as caught:
        scheduler("explain", "note-repeatable", "--at", time)

    assert caught.value.returncode == 2


def test_an_end_that_is_over_leaves_no_next_run_to_be_told() -> None:
    scheduler("setup", "test")

    said = scheduler("set", "note-repeatable", "--end", "2020-01-01")

    assert said.endswith("\nIt has no next run.\n")
    assert as_json("set", "note-repeatable")["next_run_at"] is None
    assert "It has no next run: its end or count is reached" in scheduler("explain", "note-repeatable")

    scheduler("set", "note-repeatable", "--end", "none")
    assert as_json("set", "note-repeatable")["next_run_at"] is not None


def test_help_names_every_action() -> None:
    for words in (["help"], []):
        text = scheduler(*words)
        assert all(action in text for action in ("setup", "list", "remove", "explain", "help"))


def test_help_is_a_json_document_too() -> None:
    assert json.loads(printed("scheduler", "help", "--json"))["help"] == printed("scheduler", "help").strip()


def test_listing_costs_the_same_number_of_queries_however_long_the_history(
    django_assert_num_queries: Any,
) -> None:
    scheduler("setup")
    for job in Job.objects.all():
        RunFactory.create_batch(5, job=job)
    assert Run.objects.count() == 15

    with django_assert_num_queries(3):
        scheduler("list")
