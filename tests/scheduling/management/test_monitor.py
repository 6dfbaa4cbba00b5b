"""`manage.py monitor`: a look at everything that changes nothing."""

import json
import re
import signal
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_q.conf import Conf
from pytest_django.fixtures import Settings

from scheduling.models import Alert, RunState
from scheduling.operations import changing, setting_up
from tests.commands import printed
from tests.installation import Installation, wait_until
from tests.scheduling.factories import NOON, RunFactory

NOBODY_LISTENS = "redis://127.0.0.1:1/0"


def monitor(*words: str) -> str:
    return printed("monitor", *words)


@pytest.mark.django_db
def test_what_waits_is_counted_and_stays_where_it_is(broker: Any) -> None:
    for message in (b"one", b"two"):
        broker.enqueue(message)

    seen = json.loads(monitor("--json"))["queue"]

    assert (seen["problem"], seen["waiting"], seen["clusters"]) == ("", 2, [])
    [key] = seen["keys"]
    assert (key["name"], key["type"], key["length"]) == (broker.list_key, "list", 2)
    assert key["memory"] > 0
    assert broker.queue_size() == 2


@pytest.mark.django_db
def test_keys_of_others_in_the_same_redis_are_not_shown(broker: Any) -> None:
    broker.connection.set("somebody:elses", "1")

    assert json.loads(monitor("--json"))["queue"]["keys"] == []


@pytest.mark.django_db
def test_runs_schedules_and_rows_are_shown(broker: Any, settings: Settings) -> None:
    settings.SCHEDULED_JOBS = ["tests.scheduling.effects.JOBS"]
    setting_up.set_up("test", now=timezone.now(), by="tester")
    run = RunFactory(state=RunState.FAILED, error="ValueError: the wheel came off\n\nTraceback", attempt=3)
    RunFactory(job=run.job, state=RunState.QUEUED)

    seen = json.loads(monitor("--json"))

    assert (seen["mode"], seen["runs"]["failed"], seen["runs"]["queued"]) == ("test", 1, 1)
    assert [(due["name"], due["cadence"]) for due in seen["next_occurrences"]][:2] == [
        ("cleanup-repeatable", "every 1 min"),
        (run.job.name, "every 10 s"),
    ]
    assert [recent["state"] for recent in seen["recent_runs"]] == ["queued", "failed"]
    assert seen["recent_runs"][1]["error"] == "ValueError: the wheel came off"
    assert seen["database"]["rows"]["scheduling_run"] == 2
    assert seen["database"]["size"] > 0
    assert not [table for table in seen["database"]["rows"] if table.startswith(("auth_", "django_session"))]


@pytest.mark.django_db
def test_a_run_that_has_not_ended_took_no_time_yet(broker: Any) -> None:
    """Its row still tells how long its last attempt took."""
    run = RunFactory(state=RunState.FAILED, duration=timedelta(seconds=2))
    RunFactory(job=run.job, state=RunState.PENDING, attempt=1, duration=timedelta(seconds=3))

    seen = json.loads(monitor("--json"))

    assert [recent["duration_ms"] for recent in seen["recent_runs"]] == [None, 2_000.0]


@pytest.mark.django_db
def test_people_see_the_same_as_tables(broker: Any) -> None:
    RunFactory(state=RunState.SKIPPED, error="nothing fetched yet")
    broker.enqueue(b"one")
    Alert.objects.create(
        rule="late", subject="fetch", message="\x1b[2J", opened_at=NOON, seen_at=NOON, told_at=NOON
    )

    text, seen = monitor(), json.loads(monitor("--json"))

    for words in ("waiting in Redis: 1", "No workers are alive", "skipped 1", "nothing fetched yet", "MiB"):
        assert words in text
    # What is wrong comes before the schedules.
    assert -1 < text.index(r"fetch   \x1b[2J") < text.index("schedule  ")
    assert [alert["rule"] for alert in seen["alerts"]] == ["late"]
    assert "workers" in {finding["check"] for finding in seen["health"] if finding["problem"]}


@pytest.mark.django_db
def test_what_is_paused_and_which_variant_ran_is_shown(broker: Any) -> None:
    run = RunFactory(state=RunState.SUCCEEDED, variant="b")
    changing.pause(run.job.name, by="ada", note="endpoint is moving", now=NOON)

    text, seen = monitor(), json.loads(monitor("--json"))

    paused = "since 2026-11-23 12:00:00: endpoint is moving"
    assert paused in text
    assert [due["paused"] for due in seen["next_occurrences"]] == [paused]
    assert [recent["variant"] for recent in seen["recent_runs"]] == ["b"]


@pytest.mark.django_db
def test_a_redis_that_is_away_is_said_in_a_line_and_the_database_is_still_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Conf, "REDIS", NOBODY_LISTENS)
    RunFactory()

    text = monitor()

    assert "Redis does not answer." in text.splitlines()
    assert re.search(r"workers +health +unknown while Redis is away", text)
    assert "scheduling_run" in text


@pytest.mark.processes
def test_living_workers_are_seen_and_watching_ends_cleanly_with_ctrl_c(stack: Installation) -> None:
    stack.start_scheduled()
    watching = stack.start("monitor", "--watch", "--json")
    log = stack.folder / "monitor-1.log"

    def clusters() -> Any:
        return [json.loads(line)["queue"]["clusters"] for line in log.read_text().splitlines()]

    # A cluster that has only just begun has no workers yet.
    wait_until(lambda: [one["workers"] for one in (clusters() or [[]])[-1]] == [2])
    watching.send_signal(signal.SIGINT)

    assert watching.wait(timeout=10) == 0
    [cluster] = clusters()[-1]
    assert cluster["workers"] == 2
    assert cluster["age"] < 3
    assert "Traceback" not in log.read_text()


@pytest.mark.processes
def test_watching_works_on_no_jobs(stack: Installation) -> None:
    stack.manage("scheduler", "setup", "test")
    stack.start("monitor", "--watch")
    log = stack.folder / "monitor-0.log"

    # At the second look the first jobs have been due for a second and more.
    wait_until(lambda: log.read_text().count("waiting in Redis") >= 2, saying="a second look")

    assert stack.events() == []
    assert "\x1b" not in log.read_text()
