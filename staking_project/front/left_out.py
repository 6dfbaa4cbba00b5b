"""Pages and answers without what cannot be read."""

import logging
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from django.contrib import messages
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse

from scheduling.ledger.spoilt import UnreadableJob
from scheduling.monitoring.left_out import asked_without, unreadable_behind
from staking_project.front.refusals import refusal

logger = logging.getLogger(__name__)

# The names of the schedules that an answer says nothing of, each as in an address.
HEADER: Final = "Passed-Over"
_ANSWERED: Final = (Http404, PermissionDenied, SuspiciousOperation)


class WithoutUnreadable:
    """Middleware: a page that broke on a row that cannot be read is shown without its job, which is named."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse | None:
        return None if isinstance(exc, _ANSWERED) else answered_again(request, exc)


def answered_again(request: HttpRequest, exc: Exception) -> HttpResponse | None:
    """The answer without such rows, or why there is none; None where no such row is to blame."""
    unreadable = unreadable_behind(exc)
    if not unreadable:
        return None
    logger.error("%s broke. %s", request.path, _said(unreadable), exc_info=exc)
    try:
        response = asked_without(unreadable, lambda: _answer(request, unreadable))
    except Exception:
        response = None
    # A page of the job itself is none without it, and what may change something is not tried again.
    if response is None or response.status_code >= 400:
        return refusal(request, 503, code="unavailable", detail=_said(unreadable))
    response.headers[HEADER] = ",".join(quote(one.name) for one in unreadable)
    return response


def _answer(request: HttpRequest, unreadable: list[UnreadableJob]) -> HttpResponse | None:
    match = request.resolver_match
    if request.method not in ("GET", "HEAD") or match is None:
        return None
    if match.app_name == "admin":
        messages.warning(request, _said(unreadable))
    response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    return response.render() if isinstance(response, SimpleTemplateResponse) else response


def _said(unreadable: list[UnreadableJob]) -> str:
    return " ".join(one.problem for one in unreadable)
