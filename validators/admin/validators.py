"""Validators, the best first, each with its past."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import F, OrderBy, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.text import Truncator

from scheduling.admin.history import ReadOnlyAdmin
from validators.admin.filters import CommissionFilter, PresenceFilter
from validators.admin.scores import components_shown
from validators.models import ScoringRun, SourceState, Validator
from validators.reading.cluster import sources
from validators.reading.histories import events_of, validator_history
from validators.reading.standings import with_newest_score
from validators.templatetags.units import (
    UNKNOWN,
    age,
    bps_percent,
    fraction_percent,
    grouped,
    sol,
    two_places,
)

NAME_LENGTH = 60
BY_RANK = F("rank").asc(nulls_last=True)


@admin.register(Validator)
class ValidatorAdmin(ReadOnlyAdmin):
    """Every validator that was ever seen, the best first."""

    list_display = (
        "place",
        "validator",
        "points",
        "stake",
        "commission",
        "vote_performance",
        "voting",
        "left_at",
    )
    list_display_links = ("validator",)
    list_filter = ("delinquent", PresenceFilter, CommissionFilter)
    search_fields = ("vote_account", "identity", "name", "network", "operator")
    search_help_text = "Vote account, identity, name, network or operator, or a part of it"
    fieldsets = (
        (None, {"fields": ("name", "vote_account", "identity")}),
        ("Newest score", {"fields": ("points", "place", "made_of")}),
        (
            "Now",
            {
                "fields": (
                    *("stake", "superminority", "commission", "flags", "yearly", "voting", "last_vote"),
                    *("root_slot", "epoch_vote_account", "skipped", "version", "client", "version_current"),
                )
            },
        ),
        (
            "Where and who",
            {"fields": ("address", "address_epoch", "network", "network_name", "country", "operator")},
        ),
        ("In its own words", {"fields": ("website", "icon_url", "details", "keybase")}),
        ("Age of the numbers", {"fields": ("ages",)}),
        ("Seen", {"fields": ("first_seen_at", "last_seen_at", "left_at")}),
    )

    class Media:
        css: ClassVar = {"all": ["validators/admin.css"]}

    def get_ordering(self, request: HttpRequest) -> tuple[OrderBy | str, ...]:
        """Not the attribute `ordering`, which may name fields of the table only."""
        return (BY_RANK, "-activated_stake", "vote_account")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Validator]":
        newest = ScoringRun.objects.completed().newest()
        return with_newest_score(super().get_queryset(request), run=newest)

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        history = validator_history(kwargs["obj"])
        chart = {
            "time": [int(point.scored_at.timestamp()) for point in history.scores],
            "score": [point.score for point in history.scores],
        }
        context |= {"history": history, "events": events_of(kwargs["obj"].pk), "score_chart": chart}
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="rank", ordering=BY_RANK)
    def place(self, validator: Any) -> str:
        return grouped(validator.rank)

    @admin.display(description="validator", ordering="name")
    def validator(self, validator: Validator) -> str:
        shown = Truncator(validator.name).chars(NAME_LENGTH)
        name = format_html("<bdi>{}</bdi><br>", shown) if shown else ""
        mark = validator.get_name_mark_display()
        marked = format_html("<br>{}.", mark) if mark else ""
        return format_html("{}{}{}", name, validator.vote_account, marked)

    @admin.display(description="score", ordering=F("score").asc(nulls_last=True))
    def points(self, validator: Any) -> str:
        return two_places(validator.score)

    @admin.display(description="stake (SOL)", ordering="activated_stake")
    def stake(self, validator: Validator) -> str:
        return sol(validator.activated_stake)

    @admin.display(description="commission", ordering="commission_bps")
    def commission(self, validator: Validator) -> str:
        return bps_percent(validator.commission_bps)

    @admin.display(description="vote performance")
    def vote_performance(self, validator: Any) -> str:
        return fraction_percent((validator.components or {}).get("vote_performance"))

    @admin.display(description="voting", boolean=True, ordering="delinquent")
    def voting(self, validator: Validator) -> bool:
        return not validator.delinquent

    @admin.display(description="commission flags")
    def flags(self, validator: Validator) -> str:
        return "; ".join(validator.commission_flags) or "none"

    @admin.display(description="APY", ordering="apy")
    def yearly(self, validator: Validator) -> str:
        return fraction_percent(validator.apy)

    @admin.display(description="skipped slots")
    def skipped(self, validator: Validator) -> str:
        led, made = validator.leader_slots, validator.blocks_produced
        if not led or made is None:
            return UNKNOWN
        share = fraction_percent(1 - made / led)
        return f"{share} of {grouped(led)} in epoch {validator.production_epoch}"

    @admin.display(description="source")
    def ages(self, validator: Validator) -> str:
        """Last good values stay when a source fails, so it is said how old they are."""
        return format_html_join("", "{}: {}<br>", ((state.source, _freshness(state)) for state in sources()))

    @admin.display(description="made of")
    def made_of(self, validator: Any) -> str:
        return components_shown(validator.components)


def _freshness(state: SourceState) -> str:
    known = f"{age(state.last_success_at)} old" if state.last_success_at else "never succeeded"
    return f"{known}; last: {Truncator(state.last_error).chars(NAME_LENGTH)}" if state.last_error else known
