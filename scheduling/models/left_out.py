"""Jobs that readers are told nothing of for a while: a row of theirs cannot be read.

Who asks for rows of jobs, by the managers here, is given those of the others then: see
`scheduling.monitoring.left_out`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ClassVar, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)
# Key -> name.
_LEFT_OUT: ContextVar[Mapping[int, str] | None] = ContextVar("left_out", default=None)


def left_out() -> Mapping[int, str]:
    """Their names by key; most often there is none."""
    return _LEFT_OUT.get() or {}


@contextmanager
def leaving_out(names: Mapping[int, str]) -> Iterator[None]:
    """Of this process or thread alone."""
    token = _LEFT_OUT.set(names)
    try:
        yield
    finally:
        _LEFT_OUT.reset(token)


class _Readable(models.Manager[Row]):
    key: ClassVar[str]

    def get_queryset(self) -> "models.QuerySet[Row]":
        rows, jobs = super().get_queryset(), left_out()
        return rows.exclude(**{f"{self.key}__in": list(jobs)}) if jobs else rows


class ReadableJobs(_Readable[Row]):
    key = "pk"


class ReadableOfJobs(_Readable[Row]):
    """Rows that belong to a job."""

    key = "job"
