"""Schedules and the policies of their jobs, as an operator sees and changes them."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import OuterRef, QuerySet, Subquery
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django_q.models import Schedule

from scheduling.admin.history import ReadOnlyAdmin, page_of
from scheduling.clock import database_now
from scheduling.exceptions import SchedulingError
from scheduling.ledger.attempts import attempts_text
from scheduling.ledger.presentation import overrides_text, pause_text
from scheduling.ledger.selectors import cadence_text, next_run_of
from scheduling.models import Job, Run
from scheduling.models.jobs import LONGEST_NOTE
from scheduling.models.left_out import left_out
from scheduling.operations import changing
from scheduling.pages.access import may_operate
from scheduling.pages.editing import EditedTogether, with_edition
from scheduling.pages.forms import CadenceForm
from scheduling.pages.job_form import JobForm
from scheduling.pages.operator_actions import LONGEST_INSTANT, ask_for_run, pause_as_asked, perform

admin.site.unregister(Schedule)


class NotedActionForm(ActionForm):
    """The bar of actions, with room to say why, and until when."""

    note = forms.CharField(
        required=False,
        max_length=LONGEST_NOTE,
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


class OperatedAdmin(ReadOnlyAdmin):
    """Rows that stand for jobs: what an operator may do to those that are ticked, and a form that edits one.

    The form rehearses what it is asked for, and the operation that has the rules then does it.
    """

    action_form = NotedActionForm
    actions = ("run_now", "pause", "resume")

    @admin.display(description="set by")
    def set_by(self, row: Any) -> str:
        """Who set what otherwise than declared, and when."""
        job = row if isinstance(row, Job) else _job_of(row)
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

    def save_model(self, request: HttpRequest, obj: Any, form: "ModelForm[Any]", change: bool) -> None:
        assert isinstance(form, EditedTogether), "it is edited through a form of its own"
        form.apply(by=request.user.get_username())

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What went well in the rehearsal may be refused a moment later; nothing is stored then."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except SchedulingError as exc:
            messages.error(request, str(exc))
            return redirect(request.get_full_path())

    def _each(
        self, request: HttpRequest, rows: QuerySet[Any], operation: Callable[..., object], done: str
    ) -> None:
        by = request.user.get_username()
        for name in self.job_names(rows):
            perform(request, partial(operation, name, by=by, now=database_now()), done=done.format(name))


@admin.register(Schedule)
class ScheduleAdmin(OperatedAdmin):
    """When each job is due. Only the cadence and the next run of our own schedules can be edited.

    Who may operate jobs may do that: a permission on django-q2's table would say less than it lets do.
    """

    form = CadenceForm
    list_display = ("name", "page", "cadence", "next_occurrence", "paused", "set_by", "last_run", "func")
    list_select_related = ("job__after",)
    search_fields = ("name",)
    ordering = ("name",)
    readonly_fields = ("name", "page", "func", "last_run", "paused", "set_by")
    fieldsets = (
        (None, {"fields": ("name", "page", "func", "last_run", "paused", "set_by")}),
        (
            "When",
            {
                "fields": (
                    "schedule_type",
                    "minutes",
                    "every_seconds",
                    "offset_seconds",
                    "cron",
                    "time_zone",
                    "next_run",
                )
            },
        ),
    )

    def job_names(self, rows: "QuerySet[Schedule]") -> Iterable[str]:
        """Those of ours; nothing here acts on somebody else's schedules."""
        names: Iterable[str] = rows.filter(job__isnull=False).values_list("job__name", flat=True)
        return names

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Schedule]":
        newest = Run.objects.filter(job=OuterRef("job__pk")).order_by("-occurrence")
        schedules: QuerySet[Schedule] = super().get_queryset(request)
        if jobs := left_out():
            schedules = schedules.exclude(job__in=list(jobs))
        annotated: QuerySet[Schedule] = schedules.annotate(
            last_run_id=Subquery(newest.values("pk")[:1]),
            last_run_state=Subquery(newest.values("state")[:1]),
            last_run_occurrence=Subquery(newest.values("occurrence")[:1]),
        )
        return annotated

    def has_change_permission(self, request: HttpRequest, obj: Schedule | None = None) -> bool:
        """Somebody else's schedule is shown, but nothing here runs it."""
        return may_operate(request) and (obj is None or _job_of(obj) is not None)

    def get_fieldsets(self, request: HttpRequest, obj: Schedule | None = None) -> Any:
        if obj is not None and _job_of(obj) is None:
            return ((None, {"fields": ("name", "func", "schedule_type", "minutes", "cron", "next_run")}),)
        return with_edition(super().get_fieldsets(request, obj), self.has_change_permission(request, obj))

    def get_form(self, request: HttpRequest, obj: Schedule | None = None, *args: Any, **kwargs: Any) -> Any:
        if obj is None or _job_of(obj) is None:
            kwargs["form"] = ModelForm
        return super().get_form(request, obj, *args, **kwargs)

    @admin.display(description="page")
    def page(self, schedule: Schedule) -> str:
        job = _job_of(schedule)
        return page_of(job.name, text="page") if job else ""

    @admin.display(description="next run", ordering="next_run")
    def next_occurrence(self, schedule: Schedule) -> datetime | None:
        """Of a paused one nobody knows: what its row says lies in the pause."""
        job = _job_of(schedule)
        next_run: datetime | None = next_run_of(job) if job else schedule.next_run
        return next_run

    @admin.display(description="cadence")
    def cadence(self, schedule: Schedule) -> str:
        job = _job_of(schedule)
        return cadence_text(job) if job else "not ours: nothing here runs it"

    @admin.display(description="paused")
    def paused(self, schedule: Schedule) -> str:
        job = _job_of(schedule)
        return pause_text(job) if job else ""

    @admin.display(description="last run")
    def last_run(self, schedule: Any) -> str:
        if schedule.last_run_id is None:
            return "-"
        return format_html(
            '<a href="{}">{}Z {}</a>',
            reverse("admin:scheduling_run_change", args=[schedule.last_run_id]),
            f"{schedule.last_run_occurrence:%Y-%m-%d %H:%M:%S}",
            schedule.last_run_state,
        )


@admin.register(Job)
class JobAdmin(OperatedAdmin):
    """The policies of each job. When it runs is edited on the page of its schedule."""

    form = JobForm
    list_display = (
        *("name", "page", "cadence", "paused", "set_by"),
        *("overlap", "catch_up", "attempts", "condition", "mode"),
    )
    list_select_related = ("schedule", "after__schedule")
    search_fields = ("name",)
    readonly_fields = ("name", "page", "task", "description", "mode", "paused", "cadence", "set_by")
    fieldsets = (
        (None, {"fields": ("name", "page", "task", "description", "mode", "paused", "set_by")}),
        ("When", {"fields": ("cadence", "after", "ends_at", "repeats", "jitter", "stretch_limit")}),
        ("Which occurrences run", {"fields": ("overlap", "catch_up", "catch_up_window", "condition")}),
        ("A run", {"fields": ("time_limit", "max_attempts", "backoff", "pause_after_failures")}),
        ("What its task is called with", {"fields": ("parameters", "parameters_b")}),
        ("How long runs are kept", {"fields": ("keep_succeeded", "keep_failed", "keep_newest")}),
    )

    def job_names(self, rows: "QuerySet[Job]") -> Iterable[str]:
        return rows.filter(schedule__isnull=False).values_list("name", flat=True)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A job whose schedule was removed is history."""
        return may_operate(request) and (obj is None or obj.schedule_id is not None)

    def get_fieldsets(self, request: HttpRequest, obj: Job | None = None) -> Any:
        return with_edition(super().get_fieldsets(request, obj), self.has_change_permission(request, obj))

    def get_form(self, request: HttpRequest, obj: Job | None = None, *args: Any, **kwargs: Any) -> Any:
        if not self.has_change_permission(request, obj):
            kwargs["form"] = ModelForm
        return super().get_form(request, obj, *args, **kwargs)

    @admin.display(description="page")
    def page(self, job: Job) -> str:
        return page_of(job.name, text="page")

    @admin.display(description="cadence")
    def cadence(self, job: Job) -> str:
        if job.schedule is None:
            return "no schedule"
        page = reverse("admin:django_q_schedule_change", args=[job.schedule.pk])
        return format_html('<a href="{}">{}</a>', page, cadence_text(job))

    @admin.display(description="paused")
    def paused(self, job: Job) -> str:
        return pause_text(job)

    @admin.display(description="attempts")
    def attempts(self, job: Job) -> str:
        return attempts_text(job)

    @admin.display(description="count")
    def repeats(self, job: Job) -> int | None:
        return job.schedule.repeats if job.schedule else None


def _job_of(schedule: Schedule) -> Job | None:
    job: Job | None = getattr(schedule, "job", None)
    return job
