"""The stars: which validators somebody watches, and where that is kept.

A visitor's are in a cookie of the browser. Staff who may change the watched validators see and set these: the
rows that alerts are about, which are of the whole site.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from scheduling.clock import database_now
from scheduling.exceptions import RefusedError, UnknownNameError
from validators.models import Validator
from validators.models.watching import watched_accounts
from validators.services.watching import unwatch, watch

# With keys of 44 letters that is 2 KB of the 4 that browsers keep of a cookie.
MOST_STARRED: Final = 50
KEPT_SECONDS: Final = 365 * 86_400
_KEY: Final = re.compile(r"[0-9A-Za-z]{1,44}")
_LONGEST_WAY_BACK: Final = 8_000
_PERMISSIONS: Final = ("validators.add_watchedvalidator", "validators.delete_watchedvalidator")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stars:
    """`fixed` are those that the settings watch; `action` is where a form sends another star."""

    accounts: Collection[str]
    fixed: Collection[str]
    are_for_alerts: bool
    action: str


def stars_of(request: HttpRequest) -> Stars:
    """Without a query for a visitor."""
    if _may_watch(request):
        action, fixed = reverse("validators:watch"), settings.WATCHED_VALIDATORS
        return Stars(accounts=watched_accounts(), fixed=fixed, are_for_alerts=True, action=action)
    action = reverse("validators:star")
    return Stars(accounts=_starred(request), fixed=(), are_for_alerts=False, action=action)


@csrf_exempt
@require_POST
def star_view(request: HttpRequest) -> HttpResponse:
    """Keep a star in a visitor's cookie, or take it out.

    Without a token, which would be a cookie for everybody and keep pages from being kept: nothing is written
    here, and a page of another site is known by its origin.
    """
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.get_host():
        return render(request, "403_csrf.html", status=403)
    account, taken = _asked(request)
    starred = [one for one in _starred(request) if one not in (account, taken)]
    if account:
        starred.append(_known(account))
    if len(starred) > MOST_STARRED:
        return _refused(request, f"A browser keeps {MOST_STARRED} stars at most; take one away first.")
    response = _way_back(request)
    if starred:
        response.set_cookie(
            _cookie(),
            ".".join(starred),
            max_age=KEPT_SECONDS,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    else:
        response.delete_cookie(_cookie(), samesite="Lax")
    return response


@require_POST
def watch_view(request: HttpRequest) -> HttpResponse:
    """Have alerts tell of a validator, or no more."""
    if not _may_watch(request):
        return render(request, "403.html", status=403)
    account, taken = _asked(request)
    try:
        if account and account not in watched_accounts():
            watch(_known(account), by=request.user.get_username(), note="", now=database_now())
        if taken:
            unwatch(taken)
    except UnknownNameError:
        # Somebody else took it out.
        pass
    except RefusedError as exc:
        return _refused(request, str(exc))
    return _way_back(request)


def _may_watch(request: HttpRequest) -> bool:
    return request.user.is_staff and request.user.has_perms(_PERMISSIONS)


def _cookie() -> str:
    """Over TLS of this host alone, as the others are."""
    return "__Host-stars" if settings.SESSION_COOKIE_SECURE else "stars"


def _starred(request: HttpRequest) -> list[str]:
    """In the order they came; what is no key, or too much, is what somebody wrote there."""
    words = request.COOKIES.get(_cookie(), "").split(".")
    return [word for word in dict.fromkeys(words) if _KEY.fullmatch(word)][:MOST_STARRED]


def _asked(request: HttpRequest) -> tuple[str, str]:
    """The vote account to watch, and the one not to."""
    return request.POST.get("star", ""), request.POST.get("unstar", "")


def _known(account: str) -> str:
    if not _KEY.fullmatch(account) or Validator.objects.of_account(account) is None:
        raise Http404(f"No fetch ever saw {account[:44]}.")
    return account


def _way_back(request: HttpRequest) -> HttpResponse:
    """To the row it was given in."""
    given = request.POST.get("next", "")[:_LONGEST_WAY_BACK]
    place = given if url_has_allowed_host_and_scheme(given, None) else reverse("validators:standings")
    account = "".join(_asked(request))
    return redirect(f"{place}#{account}" if _KEY.fullmatch(account) else place)


def _refused(request: HttpRequest, said: str) -> HttpResponse:
    about = {"heading": "Not possible", "said": said}
    return render(request, "validators/refusal.html", about, status=409)
