"""Reports and traces of attempts, with libraries that stand in for those that are not installed."""

import sys
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest
from django.core.checks import run_checks
from pytest_django.fixtures import Settings

from scheduling.context import RunContext, attempt_began, attempt_ended
from scheduling.engine.execution import execute_run
from scheduling.wording import pip_install
from staking_project import telemetry
from tests.scheduling.factories import RunFactory

RUN = RunContext(job="fetch", run_id=7, occurrence="2026-11-23T12:00:00Z", attempt=2)
TAGS = {"job": "fetch", "run": 7, "occurrence": "2026-11-23T12:00:00Z", "attempt": 2}


class Sentry(ModuleType):
    """As much of `sentry_sdk` as is used."""

    def __init__(self) -> None:
        super().__init__("sentry_sdk")
        self.tags: dict[str, Any] = {}
        self.captured: list[BaseException] = []

    @contextmanager
    def new_scope(self) -> Any:
        yield self

    def set_tag(self, key: str, value: Any) -> None:
        self.tags[key] = value

    def capture_exception(self, exception: BaseException) -> None:
        self.captured.append(exception)


class Span:
    """What a tracer begins."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def start_span(self, name: str, *, attributes: dict[str, Any]) -> "Span":
        self.told += [name, attributes]
        return self

    def record_exception(self, exception: BaseException) -> None:
        self.told.append(exception)

    def end(self) -> None:
        self.told.append("end")


def test_what_an_attempt_raised_is_reported_with_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    sentry, error = Sentry(), ValueError("no")
    monkeypatch.setitem(sys.modules, "sentry_sdk", sentry)

    telemetry.report_failure(run=RUN, exception=None)
    telemetry.report_failure(run=RUN, exception=error)

    assert (sentry.captured, sentry.tags) == ([error], TAGS)


def test_an_attempt_is_a_span(monkeypatch: pytest.MonkeyPatch) -> None:
    span, error = Span(), ValueError("no")
    monkeypatch.setattr(telemetry, "_tracer", lambda: span)

    telemetry.begin_span(run=RUN)
    telemetry.end_span(run=RUN, exception=error)
    telemetry.end_span(run=RUN, exception=None)

    assert span.told == ["fetch", TAGS, error, "end"]


def test_what_is_asked_for_and_not_installed_is_named(settings: Settings) -> None:
    assert not [message for message in run_checks(databases=[]) if message.id == "staking.E004"]
    settings.SENTRY_DSN = "https://key@sentry.example.org/1"
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:4318"

    assert [message.hint for message in run_checks(databases=[]) if message.id == "staking.E004"] == [
        pip_install("sentry-sdk"),
        pip_install("opentelemetry-sdk opentelemetry-exporter-otlp"),
    ]


@pytest.mark.django_db(transaction=True)
def test_who_listens_hears_of_each_attempt_and_can_harm_none() -> None:
    heard: list[Any] = []

    def listen(run: RunContext, exception: BaseException | None = None, **_: Any) -> None:
        heard.append((run.job, type(exception)))
        raise RuntimeError("a broken listener")

    attempt_began.connect(listen)
    attempt_ended.connect(listen)
    try:
        good, bad = RunFactory(), RunFactory(job__task="tests.scheduling.tasks.fail")
        execute_run(good.pk)
        with pytest.raises(ValueError, match="wheel"):
            execute_run(bad.pk)
    finally:
        attempt_began.disconnect(listen)
        attempt_ended.disconnect(listen)

    none = type(None)
    assert heard == [
        *((good.job.name, none), (good.job.name, none)),
        *((bad.job.name, none), (bad.job.name, ValueError)),
    ]
