"""Lists of jobs, schedules and runs without what cannot be read, which they name."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from scheduling.ledger.spoilt import readable, spoilt_jobs

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


class ReadableAdmin(_ModelAdmin):
    """One row that cannot be read would keep all others from whoever looks."""

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return readable(super().get_queryset(request))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        for one in spoilt_jobs():
            messages.warning(request, one.problem)
        return super().changelist_view(request, extra_context)
