"""How log lines look: sentences for people, or one JSON object a line for programs (`LOG_FORMAT=json`)."""

import json
import logging
import socket
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from scheduling.context import current_run
from scheduling.management.tables import printable

FORMS = ("text", "json")
LOGGERS = ("scheduling", "validators")
# Nobody reads further, and a reply that stands in a message may have ten megabytes.
LONGEST_MESSAGE = 2_000
LONGEST_TRACE = 8_000


class SentenceFormatter(logging.Formatter):
    """Time, level, logger and a sentence, which ends somewhere and steers no terminal."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = printable(shortened(record.message))
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:
        return printable(super().formatException(ei)[-LONGEST_TRACE:], kept="\n")


class JsonFormatter(logging.Formatter):
    """One object a line: time, level, logger, message, host, and of a run its schedule, run and attempt."""

    def __init__(self, *, host: str) -> None:
        super().__init__()
        self._host = host

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": shortened(record.getMessage()),
            "host": self._host,
            "pid": record.process,
        }
        run = current_run()
        if run is not None:
            line |= {"job": run.job, "run": run.run_id, "occurrence": run.occurrence, "attempt": run.attempt}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)[-LONGEST_TRACE:]
        return json.dumps(line, ensure_ascii=False)


class BriefFailures(logging.Filter):
    """Of what django-q2 says a task failed with, the first line: a traceback stands in the ledger."""

    def filter(self, record: logging.LogRecord) -> bool:
        first_line, _, rest = record.getMessage().partition("\n")
        if "scheduling.tasks.execute_run" in first_line and record.levelno == logging.ERROR:
            return False  # the run has said so itself, in a line of its own
        if rest:
            record.msg, record.args = first_line, ()
        return True


def shortened(text: str) -> str:
    """The beginning of a text, and how much there is more."""
    if len(text) <= LONGEST_MESSAGE:
        return text
    return f"{text[:LONGEST_MESSAGE]}… ({len(text) - LONGEST_MESSAGE} characters more)"


def logging_of(*, form: str, level: str, django_q_level: str, host: str) -> dict[str, Any]:
    """What `LOGGING` is: everything to stderr; `form` is text or json, an empty `host` the machine's."""
    if form not in FORMS:
        raise ImproperlyConfigured(f"LOG_FORMAT: {form!r} is none of {', '.join(FORMS)}.")
    formatters: dict[str, dict[str, Any]] = {
        "text": {"()": "staking_project.logs.SentenceFormatter"},
        "json": {"()": "staking_project.logs.JsonFormatter", "host": host or socket.gethostname()},
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatters[form]},
        "filters": {"brief": {"()": "staking_project.logs.BriefFailures"}},
        "handlers": {"stderr": {"class": "staking_project.log_stream.UnwaitingHandler", "formatter": "line"}},
        "loggers": {
            "": {"handlers": ["stderr"], "level": "WARNING"},
            **{name: {"level": level} for name in LOGGERS},
            "django-q": {"level": django_q_level, "filters": ["brief"]},
            # Its warnings hold whole addresses, with the keys in them; whoever asked says what went wrong.
            "urllib3": {"level": "ERROR"},
        },
    }
