"""What every answer under /api/ has in common, whoever gave it: problems are JSON, and HEAD is GET."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from scheduling.api.errors import problem
from scheduling.api.replies import JSON_TYPE

DOCUMENTATION: Final = "/api/docs"


class ApiProblems:
    """Middleware: what no operation answered is told like every other problem, never as a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        # Django would lead this to the same address with a slash, where nothing is either.
        is_the_root = request.path == "/api"
        if not (is_the_root or request.path.startswith("/api/")):
            return response
        if response.headers.get("Content-Type") == JSON_TYPE or not (
            is_the_root or response.status_code >= HTTPStatus.BAD_REQUEST
        ):
            return response
        told = _problem_of(request, response)
        # It was, as what it is.
        told._has_been_logged = True  # type: ignore[attr-defined]
        return told


class ApiHead:
    """Middleware: under /api/ HEAD is answered as GET, without the body; django-ninja knows no HEAD.

    In front of whatever makes an answer another one, so that its headers are those of GET.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "HEAD" or not request.path.startswith("/api/"):
            return self._get_response(request)
        request.method = "GET"
        response = self._get_response(request)
        request.method = "HEAD"
        if response.streaming:
            response.streaming_content = ()  # type: ignore[attr-defined]
        else:
            response.headers.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response


def _problem_of(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    status = response.status_code
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.MOVED_PERMANENTLY):
        return problem(404, code="not_found", detail=_nothing_here(request))
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = response.headers["Allow"].replace("GET", "GET, HEAD")
        return problem(405, code="method_not_allowed", detail=f"Allowed: {allowed}.", Allow=allowed)
    if status == HTTPStatus.BAD_REQUEST:
        detail = "This is no request that can be understood, or it names a host that this site is not called."
        return problem(400, code="malformed", detail=detail)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return problem(status, code="internal", detail="This is a fault of ours; it was recorded.")
    return problem(status, code="refused", detail=f"{HTTPStatus(status).phrase}.")


def _nothing_here(request: HttpRequest) -> str:
    shorter = request.path_info.rstrip("/")
    try:
        resolve(shorter)
    except Resolver404:
        return f"There is nothing at this address; {DOCUMENTATION} names all there are."
    if shorter == request.path_info:
        return "There is nothing at this address."
    return "There is nothing at this address, but there is without its last slash."
