"""How somebody is told no by no view: as the API tells of problems, by a page, or in a line of text."""

import sys
from collections.abc import Callable, Mapping
from typing import Final

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.defaults import server_error

from scheduling.api.errors import problem
from scheduling.monitoring.refusals import database_problem
from staking_project.front.api_addresses import is_of_api

# By status.
_HEADINGS: Final[Mapping[int, str]] = {
    400: "Not understood",
    405: "Not this way",
    413: "Too large",
    429: "Too much at once",
    503: "Not now",
}


def refusal(request: HttpRequest, status: int, *, code: str, detail: str, **headers: str) -> HttpResponse:
    if is_of_api(request.path):
        response = problem(status, code=code, detail=detail, **headers)
    else:
        response = _page(status, detail) if _is_browser(request) else _line(status, detail)
        response.headers["Cache-Control"] = "no-store"
        for name, value in headers.items():
            response.headers[name.replace("_", "-")] = value
    response.headers["Content-Length"] = str(len(response.content))
    # Django would write a line for each: a flood of them fills a disk.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


class NotThisWay:
    """Middleware: of a page that is asked for as it cannot be, Django's answer says nothing; this does."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        if response.status_code != 405 or response.content:
            return response
        allowed = response.headers["Allow"]
        detail = f"This address takes {allowed}, and was asked by {request.method}. Nothing has changed."
        return refusal(request, 405, code="method_not_allowed", detail=detail, Allow=allowed)


def broken(request: HttpRequest) -> HttpResponse:
    """What a page that broke is answered by: 503 where the database is at fault, which passes; else 500.

    Django calls it while it handles the exception. Neither answer asks the database.
    """
    fault = sys.exc_info()[1]
    if isinstance(fault, DatabaseError):
        detail = f"{database_problem(fault)} It is not your fault, and it is logged; try again in a while."
        response = refusal(request, 503, code="unavailable", detail=detail, Retry_After="5")
        # Django logs it yet, with the exception.
        del response._has_been_logged  # type: ignore[attr-defined]
        return response
    return server_error(request)


def _is_browser(request: HttpRequest) -> bool:
    return "text/html" in request.headers.get("Accept", "")


def _line(status: int, detail: str) -> HttpResponse:
    return HttpResponse(f"{detail}\n", status=status, content_type="text/plain; charset=utf-8")


def _page(status: int, detail: str) -> HttpResponse:
    """Not by the request, whose user would be a question to the database."""
    said = {"heading": _HEADINGS[status], "said": detail}
    return HttpResponse(render_to_string("validators/refusal.html", said), status=status)
