"""Pages a part of which is asked for again and again, and costs a 304 while nothing has changed."""

from collections.abc import Mapping
from typing import Any, Protocol

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response, patch_cache_control

from scheduling.models.jobs import LONGEST_NOTE
from scheduling.pages.access import may_operate, may_read


class Seen(Protocol):
    """What a page shows; two looks that saw the same have the same fingerprint."""

    @property
    def fingerprint(self) -> str: ...


def whole_page(request: HttpRequest, template: str, seen: Seen, *, more: Mapping[str, Any]) -> HttpResponse:
    """It needs no JavaScript to be read, nor to act."""
    response = render(request, template, {**_context(request, seen), **more})
    patch_cache_control(response, private=True, no_store=True)
    return response


def live_part(request: HttpRequest, template: str, seen: Seen) -> HttpResponse:
    """304 when the caller has this already."""
    etag = f'"{seen.fingerprint}"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = render(request, template, _context(request, seen))
        response["ETag"] = etag
    patch_cache_control(response, private=True, no_cache=True)
    return response


def session_ended() -> HttpResponse:
    """No page to put in its place: the whole page is asked for again, and that leads to the login."""
    return HttpResponse(status=401, headers={"HX-Refresh": "true"})


def _context(request: HttpRequest, seen: Seen) -> dict[str, object]:
    return {
        "seen": seen,
        "may_operate": may_operate(request),
        "may_read": may_read(request),
        "longest_note": LONGEST_NOTE,
    }
