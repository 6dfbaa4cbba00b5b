"""Scoring runs, and what they said."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from scheduling.admin.history import HistoryAdmin
from validators.models import ScoringRun, TrustScore


@admin.register(ScoringRun)
class ScoringRunAdmin(HistoryAdmin):
    """Each application of a scoring method."""

    list_display = (
        "id",
        "finished_at",
        "method",
        "version",
        "epoch",
        "status",
        "scored_count",
        "fetch",
        "its_scores",
        "reason",
    )
    list_filter = ("status",)
    list_select_related = ("fetch",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScoringRun]:
        return super().get_queryset(request).exclude(status=ScoringRun.Status.STORING)

    @admin.display(description="scores")
    def its_scores(self, run: ScoringRun) -> str:
        url = reverse("admin:validators_trustscore_changelist")
        return format_html('<a href="{}?run__id__exact={}">scores</a>', url, run.pk)


@admin.register(TrustScore)
class TrustScoreAdmin(HistoryAdmin):
    """What each run said of each validator: the newest run first, by rank."""

    list_display = ("run", "rank", "validator", "score")
    list_display_links = ("rank",)
    list_select_related = ("run", "validator")
    ordering = ("-run_id", "rank")
    search_fields = ("validator__vote_account__exact",)
    search_help_text = "A whole vote account"
    fields = ("run", "validator", "score", "rank", "made_of")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TrustScore]:
        return super().get_queryset(request).exclude(run__status=ScoringRun.Status.STORING)

    @admin.display(description="made of")
    def made_of(self, score: TrustScore) -> str:
        return components_shown(score.components)


def components_shown(components: dict[str, Any] | None) -> str:
    """What a score is made of, a line for each, as it is stored."""
    if not components:
        return "-"
    lines = (
        (name.replace("_", " "), value if isinstance(value, str) else json.dumps(value))
        for name, value in components.items()
    )
    return format_html_join("", "{}: {}<br>", lines)
