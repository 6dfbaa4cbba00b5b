"""The API: the apps' routers under one roof, and what every reply of theirs has in common."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Swagger
from ninja.errors import AuthenticationError, HttpError, ValidationError

from scheduling.api.errors import ApiError
from scheduling.api.replies import JSON_TYPE, json_reply
from scheduling.api.routes import router as scheduling_router
from scheduling.exceptions import ConflictError, RefusedError, UnknownNameError
from validators.api.comparison import router as comparison_router
from validators.api.event_routes import router as events_router
from validators.api.routes import router as validators_router

logger = logging.getLogger(__name__)

DESCRIPTION: Final = """\
Validators of a Solana cluster with their scores and history, and the schedules that keep them up to date.

Lamports are strings, because they exceed what a double holds. Rates are fractions, times are UTC, and
null is unknown. Lists are CSV with `?format=csv` or `Accept: text/csv`. Replies carry an `ETag`: sent
back as `If-None-Match`, it makes an unchanged answer a 304.
"""

# The documentation draws itself with inline styles and a few pictures in its style sheet.
DOCS_CONTENT_SECURITY: Final = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
View = Callable[..., HttpResponse]


def _self_contained(view: View) -> View:
    """The browser loads nothing from elsewhere for it."""

    @wraps(view)
    def shown(*args: Any, **kwargs: Any) -> HttpResponse:
        response = view(*args, **kwargs)
        response.headers["Content-Security-Policy"] = DOCS_CONTENT_SECURITY
        return response

    return shown


api = NinjaAPI(
    title="Solana staking",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    docs=Swagger(settings={"validatorUrl": None}),
    docs_decorator=_self_contained,
)
api.add_router("/v1", validators_router)
api.add_router("/v1", comparison_router)
api.add_router("/v1", events_router)
api.add_router("/v1", scheduling_router)


def problem(status: int, *, code: str, detail: str, **headers: str) -> HttpResponse:
    response = json_reply({"detail": detail, "code": code})
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


@api.exception_handler(ApiError)
def _refused_by_us(request: HttpRequest, exc: ApiError) -> HttpResponse:
    return problem(exc.status, code=exc.code, detail=exc.detail)


@api.exception_handler(UnknownNameError)
def _unknown_name(request: HttpRequest, exc: UnknownNameError) -> HttpResponse:
    return problem(404, code="unknown_schedule", detail=str(exc))


@api.exception_handler(ConflictError)
def _changed_meanwhile(request: HttpRequest, exc: ConflictError) -> HttpResponse:
    return problem(409, code="changed_meanwhile", detail=str(exc))


@api.exception_handler(RefusedError)
def _refused_operation(request: HttpRequest, exc: RefusedError) -> HttpResponse:
    return problem(409, code="refused", detail=str(exc))


@api.exception_handler(AuthenticationError)
def _unauthenticated(request: HttpRequest, exc: AuthenticationError) -> HttpResponse:
    detail = "This needs a token that is neither wrong nor revoked, as `Authorization: Bearer …`."
    return problem(401, code="unauthenticated", detail=detail, WWW_Authenticate="Bearer")


@api.exception_handler(HttpError)
def _malformed(request: HttpRequest, exc: HttpError) -> HttpResponse:
    """A body that is no JSON, say."""
    return problem(exc.status_code, code="malformed", detail=str(exc))


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, exc: ValidationError) -> HttpResponse:
    return problem(422, code="invalid", detail="; ".join(map(_complaint, exc.errors)))


@api.exception_handler(DatabaseError)
def _unavailable(request: HttpRequest, exc: DatabaseError) -> HttpResponse:
    logger.exception("The database refused %s.", request.path)
    detail = "The database does not answer; try again."
    return problem(503, code="unavailable", detail=detail, Retry_After="5")


@api.exception_handler(Exception)
def _broken(request: HttpRequest, exc: Exception) -> HttpResponse:
    logger.exception("%s broke.", request.path)
    return problem(500, code="internal", detail="This is a fault of ours; it was recorded.")


class ApiProblems:
    """Middleware: under /api/ an address or a method that there is not is told like every other problem."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        ours = response.headers.get("Content-Type") == JSON_TYPE
        if ours or not request.path.startswith("/api/"):
            return response
        if response.status_code == 404:
            return problem(404, code="not_found", detail="There is nothing at this address.")
        if response.status_code == 405:
            allowed = response.headers["Allow"].replace("GET", "GET, HEAD")
            return problem(405, code="method_not_allowed", detail=f"Allowed: {allowed}.", Allow=allowed)
        return response


class ApiHead:
    """Middleware: under /api/ HEAD is answered as GET, without the body; django-ninja knows no HEAD."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "HEAD" or not request.path.startswith("/api/"):
            return self._get_response(request)
        request.method = "GET"
        response = self._get_response(request)
        request.method = "HEAD"
        if not response.streaming:
            response.headers.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response


def _complaint(error: dict[str, Any]) -> str:
    """`limit: Input should be greater than or equal to 1`; which parameter is the last word of `loc`.

    Behind it there may be the place in a list.
    """
    name = next((part for part in reversed(error["loc"]) if isinstance(part, str)), "")
    return f"{name}: {error['msg']}"
