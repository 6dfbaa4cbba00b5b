"""Validators and what was said of them, as an operator sees them; all of it is read-only."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import F, OrderBy, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.text import Truncator

from scheduling.history_admin import HistoryAdmin, ReadOnlyAdmin
from validators.cluster_figures import sources
from validators.filters import CommissionFilter, PresenceFilter
from validators.histories import events_of, validator_history
from validators.models import (
    ClusterEpoch,
    CommissionChange,
    DelinquencyIncident,
    Fetch,
    IdentityChange,
    ScoringRun,
    SourceState,
    TrustScore,
    Validator,
    ValidatorEpoch,
)
from validators.standings import with_newest_score
from validators.templatetags.units import (
    UNKNOWN,
    age,
    bps_percent,
    component,
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
    search_fields = ("vote_account", "identity", "name")
    search_help_text = "Vote account, identity or name, or a part of it"
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
        return format_html("{}{}", name, validator.vote_account)

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
        return fraction_percent(component(validator.components, "vote_performance"))

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
        return f"{share} of {led:,} in epoch {validator.production_epoch}"

    @admin.display(description="source")
    def ages(self, validator: Validator) -> str:
        """Last good values stay when a source fails, so it is said how old they are."""
        return format_html_join("", "{}: {}<br>", ((state.source, _freshness(state)) for state in sources()))

    @admin.display(description="made of")
    def made_of(self, validator: Any) -> str:
        return _components(validator.components)


@admin.register(ValidatorEpoch)
class ValidatorEpochAdmin(HistoryAdmin):
    """What each validator did in each epoch."""

    list_display = ("epoch", "validator", "credits", "credits_unit", "stake", "commission", "fetched_at")
    list_select_related = ("validator",)
    search_fields = ("validator__vote_account__exact",)
    search_help_text = "A whole vote account"

    @admin.display(description="stake (SOL)")
    def stake(self, row: ValidatorEpoch) -> str:
        return sol(row.activated_stake)

    @admin.display(description="commission")
    def commission(self, row: ValidatorEpoch) -> str:
        return bps_percent(row.commission_last_bps)


@admin.register(CommissionChange)
class CommissionChangeAdmin(HistoryAdmin):
    """Every commission that changed from one fetch to the next."""

    list_display = ("seen_at", "validator", "before", "after", "epoch")
    list_select_related = ("validator",)
    search_fields = ("validator__vote_account__exact",)
    search_help_text = "A whole vote account"

    @admin.display(description="from")
    def before(self, change: CommissionChange) -> str:
        return bps_percent(change.from_bps)

    @admin.display(description="to")
    def after(self, change: CommissionChange) -> str:
        return bps_percent(change.to_bps)


@admin.register(IdentityChange)
class IdentityChangeAdmin(HistoryAdmin):
    """Every vote account that another node votes for since."""

    list_display = ("seen_at", "validator", "from_identity", "to_identity", "epoch")
    list_select_related = ("validator",)
    search_fields = ("validator__vote_account__exact",)
    search_help_text = "A whole vote account"


@admin.register(DelinquencyIncident)
class DelinquencyIncidentAdmin(HistoryAdmin):
    """Times in which every fetch saw a validator delinquent."""

    list_display = ("started_at", "ended_at", "validator", "start_epoch", "fetches")
    list_select_related = ("validator",)
    search_fields = ("validator__vote_account__exact",)
    search_help_text = "A whole vote account"


@admin.register(ClusterEpoch)
class ClusterEpochAdmin(HistoryAdmin):
    """The cluster as a whole, epoch by epoch."""

    list_display = (
        *("epoch", "started_at", "ended_at", "validators", "stake", "superminority_size"),
        *("mean_credits", "credits_unit", "source"),
    )
    ordering = ("-epoch",)

    @admin.display(description="stake (SOL)")
    def stake(self, row: ClusterEpoch) -> str:
        return sol(row.total_stake)


@admin.register(SourceState)
class SourceStateAdmin(ReadOnlyAdmin):
    """Where the numbers come from, how old they are, and what went wrong last."""

    list_display = (
        "source",
        "last_success_at",
        "last_attempt_at",
        "unavailable_until",
        "rejected_count",
        "error",
    )

    @admin.display(description="last error")
    def error(self, state: SourceState) -> str:
        return Truncator(state.last_error).chars(NAME_LENGTH)


@admin.register(Fetch)
class FetchAdmin(HistoryAdmin):
    """Each stored look at the cluster."""

    list_display = ("id", "stored_at", "epoch", "validators_total", "stake", "rejected_count", "endpoint")

    @admin.display(description="stake (SOL)")
    def stake(self, fetch: Fetch) -> str:
        return sol(fetch.staked_total)


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

    @admin.display(description="made of")
    def made_of(self, score: TrustScore) -> str:
        return _components(score.components)


def _freshness(state: SourceState) -> str:
    known = f"{age(state.last_success_at)} old" if state.last_success_at else "never succeeded"
    return f"{known}; last: {Truncator(state.last_error).chars(NAME_LENGTH)}" if state.last_error else known


def _components(components: dict[str, Any] | None) -> str:
    if not components:
        return "-"
    lines = ((name.replace("_", " "), value) for name, value in components.items())
    return format_html_join("", "{}: {}<br>", lines)
