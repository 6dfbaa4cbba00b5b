"""Who is sent events, how far each has got, and its log; to be paused, resumed and tested."""

from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from scheduling.admin.history import HistoryAdmin
from scheduling.clock import database_now
from scheduling.exceptions import RefusedError
from validators.models import Subscription
from validators.services import subscriptions
from validators.services.deliveries import record_test
from validators.subscriptions.sending import send_test

CHANGE = "validators.change_subscription"
MOST_SHOWN = 50


@admin.register(Subscription)
class SubscriptionAdmin(HistoryAdmin):
    """Made by tokens over the API alone. The address, which may hold a key, is for who may change it."""

    actions = ("pause", "resume", "send_test")
    list_display = ("id", "token", "host", "state", "cursor", "failures", "delivered_at")
    list_filter = ("paused",)
    list_select_related = ("token",)
    change_form_template = "admin/validators/subscription/change_form.html"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (
            *(
                "token",
                "url" if request.user.has_perm(CHANGE) else "host",
                "wanted_validators",
                "wanted_kinds",
            ),
            *("created_at", "state", "paused_at", "cursor", "failures", "failing_since", "due_at"),
            *("delivered_at", "gap"),
        )

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(CHANGE))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("validators.delete_subscription"))

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        deliveries = kwargs["obj"].deliveries.order_by("-pk")[:MOST_SHOWN]
        context |= {"deliveries": deliveries, "may_operate": self.has_operate_permission(request)}
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.action(description="Pause", permissions=["operate"])
    def pause(self, request: HttpRequest, queryset: "QuerySet[Subscription]") -> None:
        because, now = Subscription.Pause.ASKED, database_now()
        paused = sum(subscriptions.pause(one, because=because, now=now) for one in queryset)
        messages.success(request, f"Paused: {paused}.")

    @admin.action(description="Resume", permissions=["operate"])
    def resume(self, request: HttpRequest, queryset: "QuerySet[Subscription]") -> None:
        for one in queryset:
            lost = subscriptions.resume(one, now=database_now())
            told = f"; events {lost[0]} to {lost[1]} were deleted by age meanwhile" if lost else ""
            messages.success(request, f"{one} goes on from event {(lost or (0, one.cursor))[1]}{told}.")

    @admin.action(description="Send a test now, of one", permissions=["operate"])
    def send_test(self, request: HttpRequest, queryset: "QuerySet[Subscription]") -> None:
        one = queryset.select_related("token").first()
        if one is None or queryset.count() > 1:
            messages.error(request, "Choose one: each test is waited for.")
            return
        try:
            subscriptions.begin_test(one, now=database_now())
        except RefusedError as exc:
            messages.error(request, str(exc))
            return
        outcome = send_test(one, now=database_now())
        record_test(one, outcome, now=database_now())
        level = messages.ERROR if outcome.error else messages.SUCCESS
        answer = outcome.error or f"It answered {outcome.status}."
        messages.add_message(request, level, f"{one}: {answer} ({outcome.milliseconds} ms)")

    @admin.display(description="to")
    def host(self, one: Subscription) -> str:
        return urlsplit(one.url).hostname or ""

    @admin.display(description="state")
    def state(self, one: Subscription) -> str:
        return f"paused: {one.get_paused_display()}" if one.paused else "active"

    @admin.display(description="validators")
    def wanted_validators(self, one: Subscription) -> str:
        return ", ".join(one.validators) or "all"

    @admin.display(description="kinds")
    def wanted_kinds(self, one: Subscription) -> str:
        return ", ".join(one.kinds) or "all"

    @admin.display(description="lost")
    def gap(self, one: Subscription) -> str:
        return "nothing" if one.lost_to is None else f"events {one.lost_from} to {one.lost_to}"
