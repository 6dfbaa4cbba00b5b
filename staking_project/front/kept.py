"""Answers for anybody that are kept for a moment, so that a crowd that asks the same costs one of it."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response

from staking_project.front.compression import coding_of
from validators.reading.picture import picture_version

# What says the same to everybody who brings neither cookie nor token, while the picture is the same.
FOR_ANYBODY: Final = (
    *("/validators/", "/compare/", "/selection/", "/scores/", "/cluster/", "/events/"),
    *("/api/docs", "/api/openapi.json", "/llms.txt"),
    *(
        "/api/v1/validators",
        "/api/v1/selection",
        "/api/v1/scores/",
        "/api/v1/scoring-runs",
        "/api/v1/cluster",
        "/api/v1/events",
    ),
)
LARGEST: Final = 4 * 1024 * 1024
# Bytes in all, in each process, and what an answer takes beside its key and its content.
MOST_BYTES: Final = 32 * 1024 * 1024
OVERHEAD: Final = 2 * 1024
# Of an address and an Accept that many would ask with. Longer ones are made up by somebody.
LONGEST_KEY: Final = 768


class Kept(NamedTuple):
    """An answer, of which picture it is, and when it was made (time.monotonic())."""

    response: HttpResponse
    version: str
    made_at: float

    @property
    def is_fresh(self) -> bool:
        seconds: float = settings.ANSWERS_KEPT_SECONDS
        return time.monotonic() - self.made_at < seconds

    def weight(self, key: str) -> int:
        return len(key) + len(self.response.content) + OVERHEAD


class KeptAnswers:
    """Middleware, behind the throttle: `ANSWERS_KEPT_SECONDS` and one picture long; 0 keeps nothing.

    Not longer, for pages say how old things are.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.ANSWERS_KEPT_SECONDS or not _is_for_anybody(request):
            return self._get_response(request)
        # By the host too, which is refused here where it is none of ours; and as it is sent.
        asked = f"{request.get_full_path()} {request.headers.get('Accept', '')}"
        key = f"{request.get_host()} {coding_of(request)} {asked}"
        if len(key) > LONGEST_KEY:
            return self._get_response(request)
        try:
            version = picture_version()
        except DatabaseError:
            return self._get_response(request)
        kept = self._kept.get(key)
        if kept is not None and kept.version == version and kept.is_fresh:
            return _again(request, kept.response)
        response = self._get_response(request)
        if response.status_code == 200 and not response.streaming and not response.cookies:
            self._keep(key, Kept(_copied(response), version, time.monotonic()))
        return response

    def _keep(self, key: str, kept: Kept) -> None:
        if len(kept.response.content) > LARGEST:
            return
        with self._lock:
            self._forget(key)
            self._kept[key] = kept
            self._bytes += kept.weight(key)
            # The oldest first, which are the first to be stale too.
            while self._kept and (self._bytes > MOST_BYTES or not next(iter(self._kept.values())).is_fresh):
                self._forget(next(iter(self._kept)))

    def _forget(self, key: str) -> None:
        before = self._kept.pop(key, None)
        if before:
            self._bytes -= before.weight(key)


def _is_for_anybody(request: HttpRequest) -> bool:
    asked = request.path == "/" or request.path.startswith(FOR_ANYBODY)
    return (
        asked and request.method == "GET" and not request.COOKIES and "Authorization" not in request.headers
    )


def _copied(response: HttpResponse) -> HttpResponse:
    """Its own, for what stands before us writes into the headers of what is sent."""
    copied = HttpResponse(response.content, status=response.status_code)
    for name, value in response.items():
        copied.headers[name] = value
    return copied


def _again(request: HttpRequest, kept: HttpResponse) -> HttpResponse:
    copied = _copied(kept)
    etag = copied.headers.get("ETag")
    return (get_conditional_response(request, etag=etag, response=copied) if etag else None) or copied
