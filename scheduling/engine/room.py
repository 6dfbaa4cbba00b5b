"""Jobs that ask strangers leave a worker for the others."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from scheduling.models import Run, RunState
from scheduling.modes import jobs_that_leave_a_worker

WAITS = "waits until another source has ended, so that a worker is left for the other jobs"


def taking_room() -> Q:
    """The runs of such jobs that are queued or running."""
    return Q(job__name__in=jobs_that_leave_a_worker(), state__in=(RunState.QUEUED, RunState.RUNNING))


class Room:
    """How many runs of such jobs may still be queued; of all other jobs any number may.

    By the workers of one host, on however many hosts: rather too few at once than one too many.
    """

    def __init__(self, taken: Iterable[str]) -> None:
        """`taken` are the jobs of the runs that are queued or running now."""
        self._names = jobs_that_leave_a_worker()
        most = max(settings.Q_CLUSTER["workers"] - 1, 1)
        self._left = most - sum(name in self._names for name in taken)

    @classmethod
    def for_jobs(cls, wanted: Iterable[str], *, now: datetime) -> "Room":
        """What a claim may take; one question, or none when no job of those wanted is of that kind.

        What waits already may have waited for that room, and is not overtaken: the release of the same look
        gives it to the oldest.
        """
        names = jobs_that_leave_a_worker()
        if names.isdisjoint(wanted):
            return cls(())
        waiting = Q(job__name__in=names, state=RunState.PENDING, not_before__lte=now)
        return cls(Run.objects.filter(taking_room() | waiting).values_list("job__name", flat=True))

    def take(self, name: str) -> bool:
        """Whether a run of that job may be queued; it then counts."""
        if name not in self._names:
            return True
        if self._left < 1:
            return False
        self._left -= 1
        return True
