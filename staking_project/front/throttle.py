"""So much a minute for each address, whatever it asks for; and few tries of a password."""

import logging
import time
from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from staking_project.front.addresses import client_address
from staking_project.front.api_addresses import is_of_api
from staking_project.front.counting import WINDOW_SECONDS, SlidingCount
from staking_project.front.refusals import refusal

logger = logging.getLogger(__name__)

# Seconds of a processor that one unit of the limit stands for. A plain answer takes less.
UNIT_SECONDS: Final = 0.02
# A token that opens nothing is a guess, or a program that goes on in vain.
REFUSED_UNITS: Final = 10
# Passwords tried a minute, from one address and for one account.
LOGINS: Final = 10
# It costs nothing, and who does not get it ends the process.
UNCOUNTED: Final = frozenset({"/healthz"})
# Asked by who looks after the site, whose questions are counted apart: what else his address asks for, or
# one behind the same, must not look like a site that is down.
PROBES: Final = frozenset({"/readyz", "/metrics"})
_LONGEST_NAME: Final = 150

View = Callable[[HttpRequest], HttpResponse]


class Throttle:
    """Middleware: `RATE_LIMIT` units a minute and address, 0 for no limit.

    A request is one unit, and one more for each 20 ms of processor it took; a refused token is ten more.
    """

    def __init__(self, get_response: View) -> None:
        self._get_response = get_response
        self._count = SlidingCount()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        limit: int = settings.RATE_LIMIT
        if request.path in UNCOUNTED:
            return self._get_response(request)
        response, spent = self._counted_answer(request, limit)
        if limit and is_of_api(request.path):
            # As draft-ietf-httpapi-ratelimit-headers has them.
            response.headers["RateLimit-Policy"] = f'"address";q={limit};w={WINDOW_SECONDS}'
            response.headers["RateLimit"] = f'"address";r={max(0, int(limit - spent))}'
        return response

    def _counted_answer(self, request: HttpRequest, limit: int) -> tuple[HttpResponse, float]:
        """The answer, and how much this address has spent within the minute; 0 without a limit."""
        asked = 0.0
        address = client_address(request)
        key = f"{'probes' if request.path in PROBES else 'requests'}:{address}"
        if limit and (asked := self._count.add(key, 1)) > limit:
            if asked - 1 <= limit:
                logger.warning("Too many requests from %s.", address, extra={"action": "throttled"})
            return _refusal(request, "Too many requests from your address"), asked
        if self._is_one_try_too_many(request, address):
            return _refusal(request, "Too many tries to log in"), asked
        began = time.thread_time()
        response = self._get_response(request)
        units = int((time.thread_time() - began) / UNIT_SECONDS)
        units += REFUSED_UNITS if response.status_code == 401 else 0
        if limit and units:
            asked = self._count.add(key, units)
        return response, asked

    def _is_one_try_too_many(self, request: HttpRequest, address: str) -> bool:
        """Counted before the password is looked at, so that tries at once are no way around."""
        if request.method != "POST" or request.path != reverse("admin:login"):
            return False
        name = request.POST.get("username", "")[:_LONGEST_NAME].casefold()
        counts = [self._count.add(f"logins:{whose}", 1) for whose in (f"from:{address}", f"as:{name}")]
        if max(counts) <= LOGINS:
            return False
        logger.warning("Too many tries to log in from %s, last as %r.", address, name)
        return True


@receiver(user_login_failed)
def _log_failed_login(
    sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
) -> None:
    address = client_address(request) if request is not None else "this machine"
    name = str(credentials.get("username", ""))[:_LONGEST_NAME]
    # With !r, for what a stranger writes must not end the line.
    logger.warning("Nobody logged in as %r from %s.", name, address, extra={"action": "login_failed"})


def _refusal(request: HttpRequest, what: str) -> HttpResponse:
    wait = f"{max(1, round(WINDOW_SECONDS / 4))}"
    detail = f"{what}; go on in {wait} s."
    return refusal(request, 429, code="too_many_requests", detail=detail, Retry_After=wait)
