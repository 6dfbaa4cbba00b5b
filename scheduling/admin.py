"""Schedules, their runs and django-q2's own history, as an operator sees them."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator

# Its pages are registered first, then replaced by ours.
from django_q.admin import FailAdmin, TaskAdmin
from django_q.models import Failure, Schedule, Success

from scheduling import operations
from scheduling.clock import database_now
from scheduling.forms import CadenceForm
from scheduling.history_admin import HistoryAdmin, ReadOnlyAdmin
from scheduling.models import Job, Run
from scheduling.selectors import cadence_text

admin.site.unregister((Schedule, Success, Failure))

ERROR_LENGTH = 80


@admin.register(Schedule)
class ScheduleAdmin(ReadOnlyAdmin):
    """When each job is due. Only the cadence and the next run of our own schedules can be edited."""

    form = CadenceForm
    list_display = ("name", "cadence", "next_run", "last_run", "func")
    list_select_related = ("job",)
    search_fields = ("name",)
    ordering = ("name",)
    readonly_fields = ("name", "func", "last_run")
    fieldsets = (
        (None, {"fields": ("name", "func", "last_run")}),
        ("When", {"fields": ("schedule_type", "minutes", "every_seconds", "cron", "time_zone", "next_run")}),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Schedule]":
        newest = Run.objects.filter(job__schedule=OuterRef("pk")).order_by("-occurrence")
        schedules: QuerySet[Schedule] = super().get_queryset(request)
        annotated: QuerySet[Schedule] = schedules.annotate(
            last_run_id=Subquery(newest.values("pk")[:1]),
            last_run_state=Subquery(newest.values("state")[:1]),
            last_run_occurrence=Subquery(newest.values("occurrence")[:1]),
        )
        return annotated

    def has_change_permission(self, request: HttpRequest, obj: Schedule | None = None) -> bool:
        """Somebody else's schedule is shown, but nothing here runs it."""
        may_change = admin.ModelAdmin.has_change_permission(self, request, obj)
        return may_change and (obj is None or _job_of(obj) is not None)

    def get_fieldsets(self, request: HttpRequest, obj: Schedule | None = None) -> Any:
        if obj is not None and _job_of(obj) is None:
            return ((None, {"fields": ("name", "func", "schedule_type", "minutes", "cron", "next_run")}),)
        return super().get_fieldsets(request, obj)

    def get_form(self, request: HttpRequest, obj: Schedule | None = None, *args: Any, **kwargs: Any) -> Any:
        if obj is None or _job_of(obj) is None:
            kwargs["form"] = ModelForm
        return super().get_form(request, obj, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Schedule, form: "ModelForm[Any]", change: bool) -> None:
        """Write the timing alone, and only when it was edited: the dispatcher moves it on meanwhile."""
        assert isinstance(form, CadenceForm), "schedules are edited through their own form"
        if form.changes_timing:
            now, chosen = database_now(), form.chosen_next_run
            operations.reschedule(
                form.job,
                # An instant that has passed would count everything since as missed.
                next_run=max(chosen, now) if chosen else None,
                by=request.user.get_username(),
                now=now,
            )

    @admin.display(description="cadence")
    def cadence(self, schedule: Schedule) -> str:
        job = _job_of(schedule)
        return cadence_text(job) if job else "not ours: nothing here runs it"

    @admin.display(description="last run")
    def last_run(self, schedule: Any) -> str | None:
        if schedule.last_run_id is None:
            return None
        return format_html(
            '<a href="{}">{}Z {}</a>',
            reverse("admin:scheduling_run_change", args=[schedule.last_run_id]),
            f"{schedule.last_run_occurrence:%Y-%m-%d %H:%M:%S}",
            schedule.last_run_state,
        )


@admin.register(Run)
class RunAdmin(HistoryAdmin):
    """What became of each occurrence."""

    list_display = ("when", "job", "state", "why", "attempt", "late", "took", "missed_before", "worker")
    list_filter = ("state", "job")
    list_select_related = ("job",)

    @admin.display(description="occurrence (UTC)")
    def when(self, run: Run) -> str:
        return f"{run.occurrence:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="lateness")
    def late(self, run: Run) -> str | None:
        return _milliseconds(run.lateness)

    @admin.display(description="duration")
    def took(self, run: Run) -> str | None:
        return _milliseconds(run.duration)

    @admin.display(description="error or reason")
    def why(self, run: Run) -> str:
        return Truncator(run.error.partition("\n")[0]).chars(ERROR_LENGTH)


@admin.register(Success)
class SuccessAdmin(HistoryAdmin, TaskAdmin):  # type: ignore[misc]
    """Django-q2's own record. Its action to submit tasks again is gone: a run is executed once."""

    actions = None
    ordering = ("-stopped",)
    list_filter = ("group",)
    search_fields = ("name", "group")


@admin.register(Failure)
class FailureAdmin(HistoryAdmin, FailAdmin):  # type: ignore[misc]
    """As `SuccessAdmin`, for what failed."""

    actions = None
    ordering = ("-stopped",)
    list_filter = ("group",)
    search_fields = ("name", "group")


def _job_of(schedule: Schedule) -> Job | None:
    job: Job | None = getattr(schedule, "job", None)
    return job


def _milliseconds(duration: timedelta | None) -> str | None:
    return None if duration is None else f"{duration.total_seconds() * 1000:,.1f} ms"
