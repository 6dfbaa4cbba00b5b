"""The API: the apps' routers under one roof, and what every reply of theirs has in common."""

import logging
from collections.abc import Callable
from functools import wraps
from itertools import chain
from pathlib import Path
from typing import Any, Final

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Swagger
from ninja.errors import AuthenticationError, HttpError, ValidationError, ValidationErrorContext

from scheduling.api.errors import ApiError, problem
from scheduling.api.routes import router as scheduling_router
from scheduling.api.unknown import complaint, refusing_unknown
from scheduling.exceptions import ConflictError, RefusedError, UnknownNameError, WrongValueError
from scheduling.monitoring.refusals import database_problem
from scheduling.pages.access import only_read
from staking_project.front.left_out import answered_again
from staking_project.openapi.document import DocumentedApi
from staking_project.openapi.older import in_older_words
from validators.api.comparison import router as comparison_router
from validators.api.concentration_routes import router as concentration_router
from validators.api.event_routes import router as events_router
from validators.api.routes import router as validators_router
from validators.api.subscription_routes import router as subscriptions_router
from validators.api.verdict_routes import router as verdicts_router
from validators.api.watching_routes import router as watching_router

logger = logging.getLogger(__name__)

# Of the API, not of the project; docs/api-changelog.md tells what each brought.
VERSION: Final = "1.12.0"
DESCRIPTION: Final = """\
Validators of a Solana cluster with their scores and history, and the schedules that keep them up to date.

Reading needs no key, from a page of any site too. Lamports are strings, because they exceed what a double
holds. Rates and shares are fractions (0.05 is 5 %), times are UTC, null is unknown, and "min" and "max"
include what they name.

Lists come in pages: give `next_cursor` back as `cursor`. They are CSV with `?format=csv` or `Accept:
text/csv`; the next page is then in `Link`. Lamports are digits in quotes there, which spreadsheets round
to fifteen (a millionth of a SOL at most) unless they are told that the column is text.

Replies carry an `ETag`: sent back as `If-None-Match`, it makes an unchanged answer a 304.
`Accept-Encoding: br` or `gzip` makes a list a fifth as long.

`Passed-Over` among the headers names schedules that an answer says nothing of, because a row of theirs cannot
be read: most often there is none, and `/readyz` says which row.

`/api/openapi-3.0.json` is this document for programs that read no OpenAPI 3.1.

Every error is `{"detail": …, "code": …}`, the first for people, the second for programs; so it is where
there is no operation (404 `not_found`, 405 `method_not_allowed`).

`info.version` is a semantic version: answers and closed sets of words may gain, and never lose, within a
major one. What will go says so in `Deprecation` and `Sunset` headers half a year before.
"""

# The documentation draws itself with inline styles and a few pictures in its style sheet.
DOCS_CONTENT_SECURITY: Final = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
View = Callable[..., HttpResponse]


class _Documentation(Swagger):
    """With our own page: of projects that django-ninja is no app of, it would name files of another host."""

    template_cdn = str(Path(__file__).parent / "templates" / Swagger.template)


def _self_contained(view: View) -> View:
    """The browser loads nothing from elsewhere for it."""

    @wraps(view)
    def shown(*args: Any, **kwargs: Any) -> HttpResponse:
        response = view(*args, **kwargs)
        response.headers["Content-Security-Policy"] = DOCS_CONTENT_SECURITY
        return response

    return shown


class Api(DocumentedApi):
    """Whose errors name the word that was meant: of what was said, django-ninja keeps nothing."""

    def validation_error_from_error_contexts(
        self, error_contexts: list[ValidationErrorContext[Any]]
    ) -> ValidationError:
        found = [context.pydantic_validation_error.errors(include_url=False) for context in error_contexts]
        told = super().validation_error_from_error_contexts(error_contexts)
        for error, one in zip(told.errors, chain.from_iterable(found), strict=True):
            error["msg"] = complaint(error, one["input"])
        return told


api = Api(
    title="Solana staking",
    version=VERSION,
    description=DESCRIPTION,
    urls_namespace="api",
    docs=_Documentation(settings={"validatorUrl": None}),
    docs_decorator=_self_contained,
)
api.add_decorator(refusing_unknown, mode="view")
api.add_router("/v1", validators_router)
api.add_router("/v1", concentration_router)
api.add_router("/v1", comparison_router)
api.add_router("/v1", events_router)
api.add_router("/v1", verdicts_router)
api.add_router("/v1", subscriptions_router)
api.add_router("/v1", watching_router)
api.add_router("/v1", scheduling_router)


@only_read
def older_document(request: HttpRequest) -> HttpResponse:
    """The API described in the words of OpenAPI 3.0, for generators that read no 3.1."""
    return JsonResponse(in_older_words(api.get_openapi_schema()))


@api.exception_handler(ApiError)
def _refused_by_us(request: HttpRequest, exc: ApiError) -> HttpResponse:
    return problem(exc.status, code=exc.code, detail=exc.detail)


@api.exception_handler(UnknownNameError)
def _unknown_name(request: HttpRequest, exc: UnknownNameError) -> HttpResponse:
    return problem(404, code="unknown_schedule", detail=str(exc))


@api.exception_handler(ConflictError)
def _changed_meanwhile(request: HttpRequest, exc: ConflictError) -> HttpResponse:
    return problem(409, code="changed_meanwhile", detail=str(exc))


@api.exception_handler(WrongValueError)
def _wrong_value(request: HttpRequest, exc: WrongValueError) -> HttpResponse:
    return problem(422, code="invalid", detail=str(exc))


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
    wanted = ": it is to be JSON." if exc.status_code == 400 else ""
    return problem(exc.status_code, code="malformed", detail=f"{exc}{wanted}")


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, exc: ValidationError) -> HttpResponse:
    return problem(422, code="invalid", detail="; ".join(error["msg"] for error in exc.errors))


@api.exception_handler(DatabaseError)
def _unavailable(request: HttpRequest, exc: DatabaseError) -> HttpResponse:
    if response := answered_again(request, exc):
        return response
    logger.exception("The database refused %s.", request.path)
    return problem(503, code="unavailable", detail=f"{database_problem(exc)} Try again.", Retry_After="5")


@api.exception_handler(Exception)
def _broken(request: HttpRequest, exc: Exception) -> HttpResponse:
    if response := answered_again(request, exc):
        return response
    logger.exception("%s broke.", request.path)
    return problem(500, code="internal", detail="This is a fault of ours; it was recorded.")
