"""Saving what a form of ours was asked to change, by the operation that has the rules."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from scheduling.exceptions import SchedulingError
from scheduling.pages.editing import EditedTogether

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


class EditedTogetherAdmin(_ModelAdmin):
    """An admin whose form rehearses what it was asked for, and then does it."""

    def save_model(self, request: HttpRequest, obj: Any, form: "ModelForm[Any]", change: bool) -> None:
        assert isinstance(form, EditedTogether), "it is edited through a form of its own"
        form.apply(by=request.user.get_username())

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What went well in the rehearsal may be refused a moment later; nothing is stored then."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except SchedulingError as exc:
            messages.error(request, str(exc))
            return redirect(request.get_full_path())
