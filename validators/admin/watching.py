"""The validators that alerts are about."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest

from scheduling.clock import database_now
from scheduling.exceptions import RefusedError
from validators.models import WatchedValidator
from validators.models.by_bytes import ByBytes
from validators.services.watching import require_account

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[WatchedValidator]
    _ModelForm = forms.ModelForm[WatchedValidator]
else:
    _ModelAdmin = admin.ModelAdmin
    _ModelForm = forms.ModelForm


class WatchedForm(_ModelForm):
    def clean_vote_account(self) -> str:
        account: str = self.cleaned_data["vote_account"].strip()
        try:
            require_account(account)
        except RefusedError as exc:
            raise forms.ValidationError(str(exc)) from exc
        return account


@admin.register(WatchedValidator)
class WatchedValidatorAdmin(_ModelAdmin):
    """Beside these, alerts are about those that the setting WATCHED_VALIDATORS names."""

    form = WatchedForm
    list_display = ("vote_account", "note", "added_by", "added_at")
    ordering = (ByBytes("vote_account"),)
    search_fields = ("vote_account", "note")

    def save_model(self, request: HttpRequest, obj: WatchedValidator, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        if not change:
            obj.added_by, obj.added_at = request.user.get_username(), database_now()
        super().save_model(request, obj, form, change)
