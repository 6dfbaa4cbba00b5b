"""Runs, changes, alerts and django-q2's own history, as an operator sees them."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.text import Truncator

# Its pages are registered first, then replaced by ours.
from django_q.admin import FailAdmin, TaskAdmin
from django_q.models import Failure, Success

from scheduling.admin.history import HistoryAdmin, page_of
from scheduling.clock import database_now
from scheduling.ledger.attempts import attempt_sentences, first_line
from scheduling.ledger.journal_words import action_words, journal_words
from scheduling.ledger.presentation import milliseconds, took_ms
from scheduling.ledger.search import in_states
from scheduling.models import Alert, Job, JobChange, Run
from scheduling.operations.retrying import MOST_RETRIED, retry_all
from scheduling.pages.access import may_operate
from scheduling.pages.operator_actions import perform, retried_text

admin.site.unregister((Success, Failure))

ERROR_LENGTH = 80


@admin.register(JobChange)
class JobChangeAdmin(HistoryAdmin):
    """Who changed what about a job, and when."""

    list_display = ("at", "schedule", "by", "what", "in_detail")
    fields = ("at", "schedule", "by", "what", "in_detail")
    readonly_fields = fields
    list_filter = ("action", "job")
    list_select_related = ("job",)

    @admin.display(description="schedule")
    def schedule(self, change: JobChange) -> str:
        return page_of(change.job.name)

    @admin.display(description="what", ordering="action")
    def what(self, change: JobChange) -> str:
        return action_words(change.action)

    @admin.display(description="in detail")
    def in_detail(self, change: JobChange) -> str:
        return journal_words(change.detail)


@admin.register(Alert)
class AlertAdmin(HistoryAdmin):
    """What was found wrong, from when to when."""

    list_display = ("rule", "about", "message", "opened_at", "seen_at", "told_at", "closed_at")
    list_filter = (("closed_at", admin.EmptyFieldListFilter), "rule")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Alert]":
        alerts: QuerySet[Alert] = super().get_queryset(request)
        return alerts.annotate(is_of_schedule=Exists(Job.objects.filter(name=OuterRef("subject"))))

    @admin.display(description="subject")
    def about(self, alert: Any) -> str:
        return page_of(alert.subject) if alert.is_of_schedule else str(alert.subject)


class StateFilter(admin.ChoicesFieldListFilter):
    """The newest of a state are found without sorting all of it."""

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Run]") -> "QuerySet[Run]":
        states: Any = self.used_parameters.get(self.lookup_kwarg)
        if states:
            return in_states(queryset, states)
        others: QuerySet[Run] = super().queryset(request, queryset)  # type: ignore[assignment]
        return others


@admin.register(Run)
class RunAdmin(HistoryAdmin):
    """What became of each occurrence. One that failed may be asked to begin anew."""

    actions = ("retry",)
    list_display = ("when", "schedule", "state", "why", "attempt", "late", "took", "missed_before", "worker")
    list_filter = (("state", StateFilter), "job")
    list_select_related = ("job",)
    # As an index has the runs of each job: by primary key all of a job's would be sorted.
    ordering = ("-occurrence", "-pk")
    readonly_fields = ("failed_attempts_told",)

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return may_operate(request)

    @admin.action(description="Retry those that failed", permissions=["operate"])
    def retry(self, request: HttpRequest, queryset: "QuerySet[Run]") -> None:
        # One more than may be: too many are refused, not cut short.
        keys = list(queryset.values_list("pk", flat=True)[: MOST_RETRIED + 1])
        begin_anew = partial(retry_all, keys, by=request.user.get_username(), now=database_now())
        perform(request, begin_anew, done=retried_text)

    @admin.display(description="schedule")
    def schedule(self, run: Run) -> str:
        return page_of(run.job.name)

    @admin.display(description="occurrence (UTC)")
    def when(self, run: Run) -> str:
        return f"{run.occurrence:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="lateness")
    def late(self, run: Run) -> str | None:
        return _shown(milliseconds(run.lateness))

    @admin.display(description="duration")
    def took(self, run: Run) -> str | None:
        return _shown(took_ms(run.state, run.duration))

    @admin.display(description="failed attempts")
    def failed_attempts_told(self, run: Run) -> str:
        return format_html_join(mark_safe("<br>"), "{}", ((told,) for told in attempt_sentences(run)))

    @admin.display(description="error or reason")
    def why(self, run: Run) -> str:
        return Truncator(first_line(run.error)).chars(ERROR_LENGTH)


@admin.register(Success)
class SuccessAdmin(HistoryAdmin, TaskAdmin):  # type: ignore[misc]
    """Django-q2's own record. Its action to submit tasks again is gone: a run is executed once."""

    # Of every task of ours the function is one, and the name begins with its group.
    list_display = ("name", "started", "stopped", "time_taken")
    actions = None
    ordering = ("-stopped",)
    list_filter = ("group",)
    # A part of a name is found by reading everything; the ledger of runs is where to look for one.
    search_fields = ()


@admin.register(Failure)
class FailureAdmin(HistoryAdmin, FailAdmin):  # type: ignore[misc]
    """As `SuccessAdmin`, for what failed."""

    list_display = ("name", "started", "stopped", "short_result")
    actions = None
    ordering = ("-stopped",)
    list_filter = ("group",)
    # A part of a name is found by reading everything; the ledger of runs is where to look for one.
    search_fields = ()


def _shown(milliseconds: float | None) -> str | None:
    return None if milliseconds is None else f"{milliseconds:,.1f} ms"
