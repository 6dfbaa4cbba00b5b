"""What an operator may do to the jobs ticked in a list of the admin."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest

from scheduling.clock import database_now
from scheduling.exceptions import SchedulingError
from scheduling.models import Job
from scheduling.models.tokens import OPERATE
from scheduling.operations import changing

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


def may_operate(request: HttpRequest) -> bool:
    return request.user.has_perm(OPERATE)


def perform(request: HttpRequest, operation: Callable[[], object], *, done: str) -> None:
    """Do one thing and say what came of it; what is refused is said too, and is no error."""
    try:
        operation()
    except SchedulingError as exc:
        messages.error(request, str(exc))
    else:
        messages.success(request, done)


class NotedActionForm(ActionForm):
    """The bar of actions, with room to say why."""

    note = forms.CharField(
        required=False,
        max_length=Job._meta.get_field("pause_note").max_length,
        label="Note",
        help_text="Why it is paused.",
    )


class OperatorActions(_ModelAdmin):
    """Run now, pause and resume, on a list whose rows stand for jobs."""

    action_form = NotedActionForm
    actions = ("run_now", "pause", "resume")

    def job_names(self, rows: QuerySet[Any]) -> Iterable[str]:
        raise NotImplementedError

    @admin.action(description="Run now, beside the schedule", permissions=["change"])
    def run_now(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._each(request, queryset, changing.trigger, "{} runs as soon as a worker is free.")

    @admin.action(description="Pause, with the note", permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        note = request.POST.get("note", "")
        self._each(request, queryset, partial(changing.pause, note=note), "{} is paused.")

    @admin.action(description="Resume", permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._each(request, queryset, changing.resume, "{} goes on.")

    def _each(
        self, request: HttpRequest, rows: QuerySet[Any], operation: Callable[..., object], done: str
    ) -> None:
        by = request.user.get_username()
        for name in self.job_names(rows):
            perform(request, partial(operation, name, by=by, now=database_now()), done=done.format(name))
