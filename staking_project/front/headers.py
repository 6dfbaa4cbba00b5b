"""What every answer tells a browser to refuse, and that one to HEAD has no body."""

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

# Nothing from elsewhere, nothing inline: what a stranger writes into a name cannot run or load.
CONTENT_SECURITY: Final = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# Django's own page about an error, which only DEBUG shows, draws itself inline.
DEBUG_CONTENT_SECURITY: Final = f"{CONTENT_SECURITY}; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
PERMISSIONS: Final = ", ".join(
    f"{name}=()"
    for name in (
        *("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer"),
        *("microphone", "midi", "payment", "publickey-credentials-get", "screen-wake-lock", "usb"),
    )
)


class SecurityHeaders:
    """Middleware, around all others but HEAD's: a view that needs a looser policy sets its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        shown_inline = settings.DEBUG and response.status_code >= 400
        policy = DEBUG_CONTENT_SECURITY if shown_inline else CONTENT_SECURITY
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        if request.method == "POST" and request.path == reverse("admin:logout"):
            # Whoever sits down next finds nothing of it.
            response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response


class NoBodyForHead:
    """Middleware, around all that answers: else gunicorn drops the body with a warning each time."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        if request.method == "HEAD" and not response.streaming and response.content:
            response.headers.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response
