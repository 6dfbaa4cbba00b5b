"""What is done to all jobs at once, and pauses that end by themselves; what is done to one: `changing`."""

import time
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import Error as DatabaseError

from scheduling.exceptions import DoneAlreadyError, RefusedError, UnknownNameError
from scheduling.ledger.ahead import jobs_ahead
from scheduling.ledger.journal import SCHEDULER
from scheduling.models import Job
from scheduling.operations.changing import pause, resume, rewind
from scheduling.operations.rules import require_to_come

# A job whose pause is over and that somebody else holds is left alone for so long (seconds): waiting for its
# row at each look would make whatever is due late.
LEFT_ALONE = 5.0
_left_alone: dict[str, float] = {}


def pause_all(*, by: str, note: str, now: datetime, until: datetime | None = None) -> list[str]:
    """Pause every schedule that is not paused yet; returns their names.

    What somebody else pauses or removes meanwhile is not among them. Raises `RefusedError`, which says which
    are paused all the same, where one of them cannot be.
    """
    require_to_come(until, now=now)
    return _each(_names(is_paused=False), partial(pause, by=by, note=note, now=now, until=until), "Paused")


def resume_all(*, by: str, now: datetime) -> list[str]:
    """Let every paused schedule go on; returns their names. Raises as `pause_all` does."""
    return _each(_names(is_paused=True), partial(resume, by=by, now=now), "Resumed")


def rewind_all(*, by: str, now: datetime) -> list[str]:
    """Let every job that ran while the clock was ahead go on from now; returns their names.

    Raises as `pause_all` does.
    """
    names = list(jobs_ahead(now=now).order_by("name").values_list("name", flat=True))
    return _each(names, partial(rewind, by=by, now=now), "Rewound")


def end_pauses(*, now: datetime, but: Collection[int] = ()) -> list[str]:
    """Let those go on whose pause is over, with the first occurrence from its end; returns their names.

    The jobs of `but` are left out.
    """
    over = Job.objects.filter(paused_until__lte=now, paused_at__isnull=False, schedule__isnull=False)
    over = over.exclude(pk__in=but)
    ended = []
    for name, until in over.order_by("name").values_list("name", "paused_until"):
        assert until is not None, "only a pause that has an end is over"
        if _left_alone.get(name, 0.0) > time.monotonic():
            continue
        try:
            resume(name, by=SCHEDULER, now=until - timedelta(microseconds=1), until=until)  # [PAUSE-1]
        # Somebody holds it, removed it, was faster, or paused it anew.
        except (RefusedError, UnknownNameError):
            _left_alone[name] = time.monotonic() + LEFT_ALONE
            continue
        ended.append(name)
    return ended


def _each(names: Sequence[str], act: Callable[[str], object], done: str) -> list[str]:
    """One that cannot be keeps none of the others back; a database that cannot ends it, and says where."""
    acted: list[str] = []
    refused: list[str] = []
    for place, name in enumerate(names):
        try:
            act(name)
        except DatabaseError as exc:
            so_far = f"{done} before that: {', '.join(acted)}. " if acted else ""
            exc.add_note(f"{so_far}Not {done.lower()}: {', '.join(names[place:])}.")
            raise
        # Somebody else was faster, or removed it.
        except (DoneAlreadyError, UnknownNameError):
            continue
        except RefusedError as exc:
            refused.append(str(exc))
        else:
            acted.append(name)
    if refused:
        # What is wrong with all of them is said once.
        told = " ".join(dict.fromkeys(refused))
        raise RefusedError(f"{told} {done} beside that: {', '.join(acted)}." if acted else told)
    return acted


def _names(*, is_paused: bool) -> list[str]:
    jobs = Job.objects.filter(schedule__isnull=False, paused_at__isnull=not is_paused)
    return list(jobs.order_by("name").values_list("name", flat=True))
