"""What machines ask: does this process live, is everything as it should be, and the numbers."""

import logging

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from prometheus_client import CONTENT_TYPE_LATEST

from scheduling.monitoring.documents import readiness_document
from scheduling.monitoring.left_out import readable
from scheduling.monitoring.metrics import exposition
from scheduling.monitoring.readiness import readiness
from scheduling.monitoring.refusals import database_problem
from scheduling.monitoring.verdict_log import VerdictLog
from scheduling.pages.access import only_read

logger = logging.getLogger(__name__)

_log = VerdictLog()


@never_cache
@only_read
def health(request: HttpRequest) -> JsonResponse:
    """This process answers. It asks nobody else, so that nobody else's fault restarts it."""
    return JsonResponse({"status": "alive"})


@never_cache
@only_read
def ready(request: HttpRequest) -> JsonResponse:
    """200 when everything is as it should be, 503 with the reasons when it is not."""
    found = readiness()
    _log.note(found)
    response = JsonResponse(readiness_document(found), status=200 if found.ready else 503)
    # Django would log an error for each probe.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


@never_cache
@only_read
def metrics(request: HttpRequest) -> HttpResponse:
    """What Prometheus scrapes, of all hosts; 503 while the database, which knows it, is away.

    With `METRICS_TOKEN` set, for who brings it as a bearer token.
    """
    if not _brings(request, settings.METRICS_TOKEN):
        text = "This needs the token of METRICS_TOKEN, as `Authorization: Bearer …`.\n"
        headers = {"WWW-Authenticate": 'Bearer realm="metrics"'}
        return HttpResponse(text, content_type="text/plain; charset=utf-8", status=401, headers=headers)
    try:
        return HttpResponse(readable(exposition, tell=logger.error), content_type=CONTENT_TYPE_LATEST)
    except DatabaseError as exc:
        text = f"{database_problem(exc)}\n"
        return HttpResponse(text, content_type="text/plain; charset=utf-8", status=503)


def _brings(request: HttpRequest, wanted: str) -> bool:
    """Whether no token is wanted, or the request has it; how long that takes tells nothing of it."""
    if not wanted:
        return True
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return kind.lower() == "bearer" and constant_time_compare(token.strip(), wanted)
