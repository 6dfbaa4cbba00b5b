"""Sessions of staff end when nobody used them for a while, and leave no rows behind."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

# How often the end of a session that is in use is moved on: each time is a write.
EVERY_SECONDS: Final = 300
_MOVED_ON: Final = "moved_on_at"


class IdleSessions:
    """Middleware: a session lasts `SESSION_COOKIE_AGE` seconds from its last use."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        session = request.session
        # A visitor has none, and gets none.
        if session.accessed and not session.is_empty():
            now = time.time()
            if now - session.get(_MOVED_ON, 0) > EVERY_SECONDS:
                session[_MOVED_ON] = now
        return response


@receiver(user_logged_in)
def _begin(sender: object, request: HttpRequest, **kwargs: Any) -> None:
    # Django keeps the key of who logs in again.
    request.session.cycle_key()
    request.session[_MOVED_ON] = time.time()


def prune_sessions(*, keep: timedelta, now: datetime, dry_run: bool) -> dict[str, int]:
    """Delete the sessions that are over; how long runs are kept is no matter of theirs."""
    count = Session.objects.filter(expire_date__lt=now).count()
    if not dry_run:
        import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    return {"sessions": count}
