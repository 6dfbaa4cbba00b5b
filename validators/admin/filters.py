"""By what the validators' admin page can be narrowed."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from validators.solana.arithmetic import ALL_BPS

# The ten percent that people watch for, and what lies on both sides of it; in basis points.
COMMISSION_BUCKETS = {
    "none": ("0 %", Q(commission_bps=0)),
    "to5": ("up to 5 %", Q(commission_bps__gt=0, commission_bps__lte=500)),
    "to10": ("above 5 to 10 %", Q(commission_bps__gt=500, commission_bps__lte=1_000)),
    "above10": ("above 10 %", Q(commission_bps__gt=1_000, commission_bps__lt=ALL_BPS)),
    "all": ("100 % or more", Q(commission_bps__gte=ALL_BPS)),
    "unknown": ("unknown", Q(commission_bps=None)),
}
PRESENCE = {
    "present": ("in the cluster", Q(left_at=None)),
    "left": ("left", Q(left_at__isnull=False)),
}


class _ChoiceFilter(admin.SimpleListFilter):
    """A fixed set of choices, each with its condition."""

    choices_and_conditions: ClassVar[dict[str, tuple[str, Q]]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(key, label) for key, (label, _) in self.choices_and_conditions.items()]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        chosen = self.choices_and_conditions.get(self.value() or "")
        return queryset.filter(chosen[1]) if chosen else queryset


class CommissionFilter(_ChoiceFilter):
    title = "commission"
    parameter_name = "commission"
    choices_and_conditions = COMMISSION_BUCKETS


class PresenceFilter(_ChoiceFilter):
    title = "presence"
    parameter_name = "presence"
    choices_and_conditions = PRESENCE
