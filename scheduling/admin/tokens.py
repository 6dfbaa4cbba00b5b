"""Where tokens of the API are made and revoked."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from scheduling.clock import database_now
from scheduling.models.tokens import ApiToken, issue_token, revoke_tokens

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[ApiToken]
else:
    _ModelAdmin = admin.ModelAdmin


@admin.register(ApiToken)
class ApiTokenAdmin(_ModelAdmin):
    """A token is made, shown once, and revoked; it is neither edited nor deleted."""

    actions = ("revoke",)
    list_display = (
        "name",
        "begins_with",
        "may_trigger",
        "may_pause",
        "may_resume",
        "created_at",
        "created_by",
        "revoked_at",
    )
    fields = ("name", "may_trigger", "may_pause", "may_resume")

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """One that has got its text stays as it is."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("scheduling.change_apitoken")

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        made = issue_token(obj, by=request.user.get_username(), now=database_now())
        messages.warning(
            request, format_html("The token of {}, shown this once: <code>{}</code>", obj.name, made.text)
        )

    @admin.action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: "QuerySet[ApiToken]") -> None:
        revoked = revoke_tokens(queryset, now=database_now())
        messages.success(request, f"Revoked: {revoked}.")
