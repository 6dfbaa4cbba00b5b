"""Reports of errors to Sentry and traces by OpenTelemetry: only where the environment asks for them.

Neither is installed with the project: `pip install sentry-sdk`, or `opentelemetry-sdk` and
`opentelemetry-exporter-otlp`. The parts of OpenTelemetry are configured by its own variables.
"""

import os
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from scheduling.checks import INSTALLATION
from scheduling.context import RunContext, attempt_began, attempt_ended
from scheduling.wording import pip_install

SENTRY, TRACING, EXPORTER = (
    "sentry_sdk",
    "opentelemetry.sdk.trace",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
)


def start() -> None:
    """Listen to attempts for whatever is asked for and installed; `check` names what is not."""
    if settings.SENTRY_DSN and _is_installed(SENTRY):
        import_module(SENTRY).init(dsn=settings.SENTRY_DSN)
        attempt_ended.connect(report_failure, dispatch_uid="sentry")
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT and _is_installed(TRACING):
        attempt_began.connect(begin_span, dispatch_uid="traces")
        attempt_ended.connect(end_span, dispatch_uid="traces")


@register(INSTALLATION)
def what_is_asked_for_is_installed(**kwargs: Any) -> list[CheckMessage]:
    """A DSN without its library would report nothing, and nobody would notice."""
    wanted = {
        "SENTRY_DSN": (settings.SENTRY_DSN, SENTRY, "sentry-sdk"),
        "OTEL_EXPORTER_OTLP_ENDPOINT": (
            settings.OTEL_EXPORTER_OTLP_ENDPOINT,
            TRACING,
            "opentelemetry-sdk opentelemetry-exporter-otlp",
        ),
    }
    return [
        Error(f"{name} is set, and its library is not there.", hint=pip_install(package), id="staking.E004")
        for name, (value, module, package) in wanted.items()
        if value and not _is_installed(module)
    ]


def report_failure(*, run: RunContext, exception: BaseException | None, **_: Any) -> None:
    """Send what an attempt raised, tagged with its job, run and attempt."""
    if exception is None:
        return
    sentry = import_module(SENTRY)
    with sentry.new_scope() as scope:
        for key, value in _attributes(run).items():
            scope.set_tag(key, value)
        sentry.capture_exception(exception)


_spans: dict[int, Any] = {}
_tracers: dict[int, Any] = {}


def begin_span(*, run: RunContext, **_: Any) -> None:
    """Begin a trace of an attempt."""
    _spans[run.run_id] = _tracer().start_span(run.job, attributes=_attributes(run))


def end_span(*, run: RunContext, exception: BaseException | None, **_: Any) -> None:
    """End it, with what was raised."""
    span = _spans.pop(run.run_id, None)
    if span is None:
        return
    if exception is not None:
        span.record_exception(exception)
    span.end()


def _tracer() -> Any:
    """One for each process: the threads that send do not survive a fork."""
    if os.getpid() not in _tracers:
        tracing = import_module(TRACING)
        provider = tracing.TracerProvider()
        exporter = import_module(EXPORTER).OTLPSpanExporter()
        provider.add_span_processor(import_module(f"{TRACING}.export").BatchSpanProcessor(exporter))
        _tracers[os.getpid()] = provider.get_tracer("staking")
    return _tracers[os.getpid()]


def _attributes(run: RunContext) -> dict[str, Any]:
    return {"job": run.job, "run": run.run_id, "occurrence": run.occurrence, "attempt": run.attempt}


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of a parent
        return False
