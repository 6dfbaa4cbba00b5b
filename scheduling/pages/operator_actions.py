"""What an operator may do to the jobs ticked in a list of the admin."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest

from scheduling.clock import database_now
from scheduling.exceptions import RefusedError, SchedulingError
from scheduling.ledger.presentation import overrides_text, trigger_text
from scheduling.models import Job
from scheduling.operations import changing
from scheduling.operations.options import instant
from scheduling.operations.retrying import Retried
from scheduling.wording import counted

# Characters of a time as people type it.
LONGEST_INSTANT = 40
# So many refusals of one request are told each; more are counted.
REFUSALS_TOLD = 5

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


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
    return {"note": note, "until": instant(until[:LONGEST_INSTANT]) if until else None}


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


class NotedActionForm(ActionForm):
    """The bar of actions, with room to say why, and until when."""

    note = forms.CharField(
        required=False,
        max_length=Job._meta.get_field("pause_note").max_length,
        label="Note",
        widget=forms.TextInput({"placeholder": "why it is paused"}),
    )
    until = forms.CharField(
        required=False,
        max_length=LONGEST_INSTANT,
        label="Until",
        # Django shows no help text in the bar of actions.
        widget=forms.TextInput({"placeholder": "2026-11-23T12:00Z", "title": "empty: until it is resumed"}),
    )


class OperatorActions(_ModelAdmin):
    """Run now, pause and resume, on a list whose rows stand for jobs."""

    action_form = NotedActionForm
    actions = ("run_now", "pause", "resume")

    @admin.display(description="set by")
    def set_by(self, row: Any) -> str:
        """Who set what otherwise than declared, and when."""
        job = row if isinstance(row, Job) else getattr(row, "job", None)
        return overrides_text(job) if job else ""

    def job_names(self, rows: QuerySet[Any]) -> Iterable[str]:
        raise NotImplementedError

    @admin.action(description="Run now, beside the schedule", permissions=["change"])
    def run_now(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for name in self.job_names(queryset):
            ask_for_run(request, name)

    @admin.action(description="Pause, with the note and the end", permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._each(request, queryset, partial(pause_as_asked, request), "{} is paused.")

    @admin.action(description="Resume", permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._each(request, queryset, changing.resume, "{} goes on.")

    def _each(
        self, request: HttpRequest, rows: QuerySet[Any], operation: Callable[..., object], done: str
    ) -> None:
        by = request.user.get_username()
        for name in self.job_names(rows):
            perform(request, partial(operation, name, by=by, now=database_now()), done=done.format(name))
