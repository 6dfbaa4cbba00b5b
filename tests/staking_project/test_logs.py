"""Log lines for people and for programs."""

import json
import logging
import sys
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured

from scheduling.clock import database_now
from scheduling.context import current_run
from scheduling.engine.execution import execute_run
from scheduling.outgoing import ask_status
from staking_project.logs import BriefFailures, JsonFormatter, SentenceFormatter, logging_of
from tests.scheduling.factories import RunFactory
from tests.validators.endpoints import bare_endpoint, hangs_up_after


def record(message: str, *, name: str = "scheduling", level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord(name, level, __file__, 1, message, (), None)


def say_who_runs() -> None:
    logging.getLogger("validators").warning("asked %s endpoints", 2)
    raise ValueError("no\nsecond line")


@pytest.mark.django_db(transaction=True)
def test_a_line_of_json_names_run_job_attempt_and_host(caplog: pytest.LogCaptureFixture) -> None:
    occurrence = database_now() - timedelta(seconds=1)
    run = RunFactory(job__task="tests.staking_project.test_logs.say_who_runs", occurrence=occurrence)
    caplog.handler.setFormatter(JsonFormatter(host="host-a"))

    with pytest.raises(ValueError, match="no"):
        execute_run(run.pk)

    asked, failed = (json.loads(line) for line in caplog.text.splitlines())
    known = {"host": "host-a", "job": run.job.name, "run": run.pk, "attempt": 1}
    assert known.items() <= asked.items()
    assert known.items() <= failed.items()
    assert asked["message"] == "asked 2 endpoints"
    assert asked["occurrence"] == f"{occurrence:%Y-%m-%dT%H:%M:%SZ}"
    assert "attempt 1 of 3 failed, the next is in 1" in failed["message"]
    assert current_run() is None


def test_a_line_of_json_outside_a_run_names_none_and_keeps_the_traceback() -> None:
    one = record("it broke")
    try:
        raise KeyError("x")
    except KeyError:
        one.exc_info = sys.exc_info()

    line = json.loads(JsonFormatter(host="host-a").format(one))

    assert set(line) == {"time", "level", "logger", "message", "host", "pid", "traceback"}
    assert line["traceback"].endswith("KeyError: 'x'")


@pytest.mark.parametrize("formatter", [SentenceFormatter(), JsonFormatter(host="a")])
def test_a_message_of_megabytes_is_shortened(formatter: logging.Formatter) -> None:
    line = formatter.format(record("x" * 10_000_000))

    assert len(line) < 2_300
    assert "9998000 characters more" in line


def test_what_a_run_said_itself_is_not_said_again_with_a_traceback() -> None:
    brief = BriefFailures()
    ours = record("Failed 'scheduling.tasks.execute_run' (fetch) - no : Traceback\n  a", level=logging.ERROR)
    theirs = record("Failed 'somebody.task' (x) - no : Traceback\n  a\n  b", level=logging.ERROR)

    assert not brief.filter(ours)
    assert brief.filter(theirs)
    assert theirs.getMessage() == "Failed 'somebody.task' (x) - no : Traceback"


def test_a_format_that_is_none_is_named() -> None:
    with pytest.raises(ImproperlyConfigured, match="LOG_FORMAT: 'xml' is none of text, json"):
        logging_of(form="xml", level="INFO", django_q_level="INFO", host="")


def test_what_strangers_wrote_steers_no_terminal_and_begins_no_line() -> None:
    one = record("the endpoint said \x1b[2J\x9b\nWARNING all is well")
    try:
        raise ValueError("\x1b]0;title\x07")
    except ValueError:
        one.exc_info = sys.exc_info()

    first, *trace = SentenceFormatter().format(one).splitlines()

    assert first.endswith(r"the endpoint said \x1b[2J\x9b\nWARNING all is well")
    assert trace[-1] == r"ValueError: \x1b]0;title\x07"


def test_an_address_with_a_key_stands_in_no_line_of_the_http_library(
    caplog: pytest.LogCaptureFixture,
) -> None:
    odd = b"HTTP/1.1 200 OK\r\nA\x00b\r\nContent-Length: 0\r\n\r\n"

    with bare_endpoint(hangs_up_after(odd)) as url:
        assert ask_status("GET", f"{url}?api-key=SECRET", seconds=30, patience=(5.0, 5.0)) == (200, True)

    assert "SECRET" not in caplog.text
