"""Where tokens of the API are made and revoked."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from scheduling.clock import database_now
from scheduling.models.tokens import ApiToken, Scope, issue_token, revoke_tokens

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[ApiToken]
    _ModelForm = forms.ModelForm[ApiToken]
else:
    _ModelAdmin = admin.ModelAdmin
    _ModelForm = forms.ModelForm


class TokenForm(_ModelForm):
    """Nobody grants what he may not do himself."""

    maker: User

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        for scope in Scope:
            field = f"may_{scope}"
            if found.get(field) and not self.maker.has_perm(scope.permission):
                self.add_error(field, f"You may not do that yourself ({scope.permission}).")
        return found

    def clean_expires_at(self) -> Any:
        expires_at = self.cleaned_data["expires_at"]
        if expires_at is not None and expires_at <= database_now():
            raise forms.ValidationError("That is over.")
        return expires_at


@admin.register(ApiToken)
class ApiTokenAdmin(_ModelAdmin):
    """A token is made, shown once, and revoked; it is neither edited nor deleted."""

    actions = ("revoke",)
    list_display = (
        *("name", "begins_with", "may_trigger", "may_pause", "may_resume", "may_read"),
        *("may_subscribe", "may_watch"),
        *("expires_at", "last_used_at", "created_at", "created_by", "revoked_at"),
    )
    form = TokenForm
    fields = (
        *("name", "may_trigger", "may_pause", "may_resume", "may_read"),
        *("may_subscribe", "may_watch"),
        *("schedules", "expires_at"),
    )

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)
        return type("TokenFormOfMaker", (form,), {"maker": request.user})

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """One that has got its text stays as it is."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("scheduling.change_apitoken")

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        obj.text = issue_token(  # type: ignore[attr-defined]
            obj, by=request.user.get_username(), maker=request.user, now=database_now()
        ).text

    def response_add(
        self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The text in this answer alone: a message for the next page would be kept in a cookie."""
        shown = {**self.admin_site.each_context(request), "token": obj, "title": "The new token"}
        return TemplateResponse(request, "admin/scheduling/apitoken/made.html", shown)

    @admin.action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: "QuerySet[ApiToken]") -> None:
        revoked = revoke_tokens(queryset, now=database_now())
        messages.success(request, f"Revoked: {revoked}.")
