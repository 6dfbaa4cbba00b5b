"""What every answer under /api/ has in common, whoever gave it: problems are JSON, and HEAD is GET."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from django.http import HttpRequest, HttpResponse

from scheduling.api.errors import problem
from scheduling.api.replies import JSON_TYPE
from staking_project.front.api_addresses import address_meant, is_of_api

DOCUMENTATION: Final = "/api/docs"
_LED_ON: Final = HTTPStatus.MOVED_PERMANENTLY


class ApiProblems:
    """Middleware: what no operation answered is told like every other problem, never as a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        # Django would lead /api to the same address with a slash, where nothing is either.
        is_answer = response.status_code < HTTPStatus.BAD_REQUEST and response.status_code != _LED_ON
        if is_answer or response.headers.get("Content-Type") == JSON_TYPE or not is_of_api(request.path):
            return response
        told = _problem_of(request, response)
        # It was, as what it is.
        told._has_been_logged = True  # type: ignore[attr-defined]
        return told


class ApiHead:
    """Middleware: under /api/ HEAD is answered as GET; django-ninja knows no HEAD.

    In front of whatever makes an answer another one, so that its headers are those of GET.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "HEAD" or not is_of_api(request.path):
            return self._get_response(request)
        request.method = "GET"
        response = self._get_response(request)
        request.method = "HEAD"
        if response.streaming:
            response.streaming_content = ()  # type: ignore[attr-defined]
        return response


def _problem_of(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    status = response.status_code
    if status in (HTTPStatus.NOT_FOUND, _LED_ON):
        return problem(404, code="not_found", detail=_nothing_here(request))
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        # From a set, whose order is another one in each process.
        allowed = ", ".join(sorted(response.headers["Allow"].split(", "))).replace("GET", "GET, HEAD")
        return problem(405, code="method_not_allowed", detail=f"Allowed: {allowed}.", Allow=allowed)
    if status == HTTPStatus.BAD_REQUEST:
        detail = "This is no request that can be understood, or it names a host that this site is not called."
        return problem(400, code="malformed", detail=detail)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return problem(status, code="internal", detail="This is a fault of ours; it was recorded.")
    return problem(status, code="refused", detail=f"{HTTPStatus(status).phrase}.")


def _nothing_here(request: HttpRequest) -> str:
    meant = address_meant(request.path_info)
    if meant is not None:
        return f"There is nothing at this address; did you mean {meant}?"
    return f"There is nothing at this address; {DOCUMENTATION} names all there are."
