"""How long an answer of this app stays as it is."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from scheduling.api.replies import Format, conditional, wanted_format
from scheduling.ledger.selectors import undisturbed_until
from validators.jobs import JOBS
from validators.reading.picture import picture_version

# Of a browser's or a proxy's copy, however far off the next job is: somebody may ask for a run.
LONGEST_KEPT: Final = timedelta(hours=6)
# One more whenever the same rows are told otherwise than by an older release, of which callers keep ETags.
SHAPE: Final = 9
_JOB_NAMES: Final = tuple(job.name for job in JOBS)


def next_disturbance() -> datetime | None:
    """Until when an answer stays as it is; None where it may be another one at any moment."""
    return undisturbed_until(_JOB_NAMES)


def answer(
    request: HttpRequest,
    asked: Format | None,
    build: Callable[[Format], HttpResponse],
    *,
    beside: str = "",
) -> HttpResponse:
    """Build it unless the caller has it; it stays as it is at least until the next job is due.

    While one is under way it may change at any moment, and the next may be hours off.
    `beside` is the version of what it is made of beside the picture.
    """
    form = wanted_format(request, asked)
    due = next_disturbance()
    max_age = int(min(due - timezone.now(), LONGEST_KEPT).total_seconds()) if due else 0
    version = f"{picture_version()}-{SHAPE}-{beside}{form}"
    return conditional(request, version=version, max_age=max_age, build=lambda: build(form))
