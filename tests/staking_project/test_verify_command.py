"""`manage.py verify`: how long it watches, what it prints and how it exits."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from scheduling.operations import setting_up
from staking_project.acceptance import verification
from staking_project.acceptance.results import CheckResult
from tests.staking_project.promises import NOW

pytestmark = pytest.mark.usefixtures("as_it_should_be")


def verify(*words: str) -> tuple[str, int]:
    output = StringIO()
    try:
        call_command("verify", *words, stdout=output)
    except CommandError as exc:
        return output.getvalue(), exc.returncode
    return output.getvalue(), 0


def test_every_check_is_printed_with_what_it_saw_and_a_failure_exits_1(empty_redis: Any) -> None:
    text, exit_code = verify("--seconds", "0.1")

    lines = text.splitlines()
    assert exit_code == 1
    assert [line for line in lines if line.startswith("FAILED")] == [
        "FAILED  workers are alive: 0 workers in 0 clusters, 0 messages waiting"
    ]
    assert sum(line.startswith("ok") for line in lines) == 12


def test_all_checks_passing_exits_0(monkeypatch: pytest.MonkeyPatch) -> None:
    passing = CheckResult(name="workers are alive", passed=True, saw="2 workers")
    monkeypatch.setattr(verification, "workers_are_alive", lambda window: passing)

    text, exit_code = verify("--seconds", "0.1", "--json")

    document = json.loads(text)
    assert exit_code == 0
    assert (document["passed"], document["mode"], document["watched_seconds"]) == (True, "test", 0.1)
    assert {"name": "workers are alive", "passed": True, "saw": "2 workers"} in document["checks"]


def test_it_watches_long_enough_for_each_job_of_the_mode_to_be_due() -> None:
    assert verification.default_seconds("test") == 40
    assert verification.default_seconds("production") == 0
    assert verification.default_seconds(None) == 0


def test_before_any_set_up_the_checks_fail_and_say_why(settings: Settings) -> None:
    setting_up.remove([], now=NOW, by="tester")

    text, exit_code = verify("--seconds", "0.1")

    assert exit_code == 1
    assert "FAILED  fetch-repeatable ran on time by itself: fetch-repeatable has no schedule" in text


@pytest.mark.parametrize("seconds", ["0", "-1", "nan"])
def test_no_time_at_all_is_a_usage_error(seconds: str) -> None:
    assert verify("--seconds", seconds) == ("", 2)


def test_ctrl_c_exits_130_and_not_as_if_a_check_had_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(window: object) -> CheckResult:
        raise KeyboardInterrupt

    monkeypatch.setattr(verification, "workers_are_alive", interrupt)

    _, exit_code = verify("--seconds", "0.1")

    assert exit_code == 130
