"""Who may see and do what on the pages for staff."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from scheduling.models.tokens import OPERATE, READ

View = Callable[..., HttpResponse]


def only_read(view: View) -> View:
    """A page that takes nothing: who sends it something gets a 405 that says so.

    Without it Django asks first for the token that forms of ours have; nothing that is sent reaches the view.
    """
    return csrf_exempt(require_safe(view))


def is_staff(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_staff)


def may_operate(request: HttpRequest) -> bool:
    return request.user.has_perm(OPERATE)


def may_read(request: HttpRequest) -> bool:
    """Whether errors that are not ours, notes, hosts and names of people are for this reader."""
    return request.user.has_perm(READ)


def staff_only(view: View) -> View:
    """A page of which strangers get the login, and then the page."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_staff(request):
            return redirect_to_login(request.get_full_path(), resolve_url(settings.LOGIN_URL))
        return view(request, *args, **kwargs)

    return guarded


def operators_only(view: View) -> View:
    """What changes something: everybody else is refused."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not (is_staff(request) and may_operate(request)):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded
