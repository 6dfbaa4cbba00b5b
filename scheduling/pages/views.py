"""What machines ask: does this process live, is everything as it should be, and the numbers."""

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from scheduling.monitoring.documents import readiness_document
from scheduling.monitoring.metrics import exposition
from scheduling.monitoring.readiness import readiness


@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """This process answers. It asks nobody else, so that nobody else's fault restarts it."""
    return JsonResponse({"status": "alive"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 when everything is as it should be, 503 with the reasons when it is not."""
    found = readiness()
    return JsonResponse(readiness_document(found), status=200 if found.ready else 503)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """What Prometheus scrapes, of all hosts; 503 while the database, which knows it, is away."""
    try:
        return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)
    except DatabaseError as exc:
        text = f"The database does not answer ({type(exc).__name__}).\n"
        return HttpResponse(text, content_type="text/plain", status=503)
