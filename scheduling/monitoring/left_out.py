"""One row that cannot be read keeps nobody from all others: what broke on it is asked again without its job.

Only what broke: who asks of rows that can all be read asks no more for that.
"""

from collections.abc import Callable
from typing import TypeVar

from django.db import Error as DatabaseError

from scheduling.ledger.spoilt import UnreadableJob, unreadable_jobs
from scheduling.models import Job
from scheduling.models.left_out import leaving_out, left_out
from scheduling.monitoring.refusals import is_passing

Answer = TypeVar("Answer")


def readable(ask: Callable[[], Answer], *, tell: Callable[[str], object]) -> Answer:
    """What is asked for, if need be without jobs that cannot be read; `tell` is told why of each."""
    try:
        return ask()
    except Exception as exc:
        unreadable = unreadable_behind(exc)
        if not unreadable:
            raise
    for one in unreadable:
        tell(one.problem)
    return asked_without(unreadable, ask)


def asked_without(unreadable: list[UnreadableJob], ask: Callable[[], Answer]) -> Answer:
    with leaving_out({one.id: one.name for one in unreadable}):
        return ask()


def unreadable_behind(exc: Exception) -> list[UnreadableJob]:
    """The jobs that something may have broken on, and those that run after them.

    None where it passes, or where it broke without those already.
    """
    if left_out() or is_passing(exc):
        return []
    try:
        found = {one.id: one for one in unreadable_jobs()}
        followers = list(Job.objects.exclude(after=None).values_list("pk", "name", "after")) if found else []
    except DatabaseError:
        return []
    for _ in followers:  # as long as a chain can be
        found |= {
            key: UnreadableJob(
                id=key,
                name=name,
                problem=f"{name} is passed over with {found[after].name}, after which it runs.",
            )
            for key, name, after in followers
            if after in found and key not in found
        }
    return list(found.values())
