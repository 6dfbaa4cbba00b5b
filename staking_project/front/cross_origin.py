"""Reading the API from pages of other sites (CORS): anybody's numbers, nobody's session."""

from collections.abc import Callable
from typing import Final

from corsheaders.middleware import CorsMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from staking_project.front.api_addresses import is_of_api

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class ReadingAcrossOrigins(CorsMiddleware):
    """Middleware, before the throttle, so that a page may read its refusals too.

    What a cookie had a part in is never for other sites: browsers send none where credentials are not
    allowed, and what comes with one all the same is answered as before.
    """

    def is_enabled(self, request: HttpRequest) -> bool:
        return request.method in READING and not request.COOKIES and super().is_enabled(request)

    def check_preflight(self, request: HttpRequest) -> HttpResponseBase | None:
        """Answered by `Preflights`, behind the throttle."""
        return None


class Preflights:
    """Middleware, behind the throttle: what a browser asks before it asks costs no view, and counts."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asks_first = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        if asks_first and is_of_api(request.path):
            return HttpResponse(status=204)
        return self._get_response(request)
