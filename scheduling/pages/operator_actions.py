"""What the buttons of pages and admin do in common: an operation, and a sentence on what came of it."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest

from scheduling.clock import database_now
from scheduling.exceptions import RefusedError, SchedulingError
from scheduling.ledger.presentation import trigger_text
from scheduling.operations import changing
from scheduling.operations.retrying import Retried
from scheduling.timing.instants import parse_instant
from scheduling.wording import counted

# Characters of a time as people type it.
LONGEST_INSTANT = 40
# So many refusals of one request are told each; more are counted.
REFUSALS_TOLD = 5


def perform(request: HttpRequest, operation: Callable[[], Any], *, done: str | Callable[[Any], str]) -> None:
    """Do one thing and say what came of it; what is refused is said too, and is no error.

    `done` says it, or makes it of what the operation gave.
    """
    try:
        result = operation()
    except SchedulingError as exc:
        messages.error(request, str(exc))
    else:
        messages.success(request, done if isinstance(done, str) else done(result))


def ask_for_run(request: HttpRequest, name: str) -> None:
    """Ask for a run of a job now; what is said tells whether it waits, for a resumption say."""
    now = database_now()
    trigger = partial(changing.trigger, name, by=request.user.get_username(), now=now)
    perform(request, trigger, done=partial(trigger_text, now=now))


def note_and_end(request: HttpRequest) -> dict[str, Any]:
    """What a form of a pause says: `note` and `until`.

    Raises `CadenceError` for a time that is none, `RefusedError` for a note that no database holds.
    """
    note, until = (request.POST.get(name, "").strip() for name in ("note", "until"))
    if "\x00" in note:
        raise RefusedError("A note holds no null characters.")
    return {"note": note, "until": parse_instant(until[:LONGEST_INSTANT]) if until else None}


def pause_as_asked(request: HttpRequest, name: str, *, by: str, now: datetime) -> None:
    changing.pause(name, by=by, now=now, **note_and_end(request))


def retried_text(retried: Retried) -> str:
    """How many begin anew, and why the others do not."""
    begun = f"Retried {retried.begun} of {counted(retried.begun + len(retried.refused), 'run')}."
    if not retried.refused:
        return begun
    rest = len(retried.refused) - REFUSALS_TOLD
    more = f" And {rest} more." if rest > 0 else ""
    return f"{begun} Not retried: {' '.join(retried.refused[:REFUSALS_TOLD])}{more}"
