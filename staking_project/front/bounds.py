"""How much somebody may say at once; nothing here is sent files or long texts."""

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from staking_project.front.refusals import refusal
from staking_project.front.sizes import LARGEST_BODY

_URLENCODED: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"


class Bounds:
    """Middleware, before whatever reads a body: 413 for one that is too large, 400 for too many fields."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _announced(request) > LARGEST_BODY:
            detail = f"That is too large: a request may have {LARGEST_BODY:,} bytes."
            return refusal(request, 413, code="too_large", detail=detail)
        most: int = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        if request.META.get("QUERY_STRING", "").count("&") >= most or _fields(request) > most:
            detail = f"Those are too many: a request may have {most:,} fields."
            return refusal(request, 400, code="too_many_fields", detail=detail)
        return self._get_response(request)


def _announced(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _fields(request: HttpRequest) -> int:
    """At least as many as there are, as they are counted without reading what they say."""
    if request.content_type == _URLENCODED:
        return request.body.count(b"&") + 1
    return request.body.lower().count(b"form-data") if request.content_type == _MULTIPART else 0
