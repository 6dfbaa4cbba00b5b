"""One picture, one rendering: answers for anybody, kept until the picture is another one."""

import hashlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, NamedTuple
from weakref import WeakValueDictionary

import brotli
from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers

from scheduling.api.replies import wanted_format
from staking_project.front.api_addresses import is_of_api
from staking_project.front.compression import SMALLEST, coding_of, compressed, is_compressible, mark_as
from validators.api.answers import next_disturbance
from validators.pages.rows import staleness
from validators.reading.picture import picture_version

# What says the same to everybody who brings neither cookie nor token, while the picture is the same.
FOR_ANYBODY: Final = (
    *("/validators/", "/compare/", "/selection/", "/scores/", "/cluster/", "/events/", "/rules/"),
    *("/api/docs", "/api/openapi.json", "/api/openapi-3.0.json", "/llms.txt"),
    *(
        "/api/v1/validators",
        "/api/v1/selection",
        "/api/v1/scores/",
        "/api/v1/scoring-runs",
        "/api/v1/cluster",
        "/api/v1/pools",
        "/api/v1/events",
        "/api/v1/rules",
        "/api/v1/verdicts",
    ),
)
LARGEST: Final = 4 * 1024 * 1024
# Bytes in all, in each process: the pages of 2,000 validators take a third of it. And what an answer takes
# beside its key and its content.
MOST_BYTES: Final = 64 * 1024 * 1024
OVERHEAD: Final = 2 * 1024
# Up to here an answer is kept compressed alone: unpacking it takes a fraction of a millisecond, a list 6.
PACKED: Final = 256 * 1024
# Of an address that many would ask with. Longer ones are made up by somebody.
LONGEST_KEY: Final = 768
# How long what the clock says is taken to be the same, so that it is not asked for each time.
CLOCK_SECONDS: Final = 5.0
_MAX_AGE: Final = re.compile(r"max-age=(\d+)")


class Clock(NamedTuple):
    """What answers rest on beside the picture, and when it was read (seconds), of which picture."""

    words: str = ""
    # Until when nothing is going to change; None where it may at any moment.
    disturbed_at: datetime | None = datetime.max.replace(tzinfo=UTC)
    picture: str = ""
    read_at: float = 0.0


class Kept:
    """An answer with its headers, and its bytes in each coding that somebody asked for; "" is as it is.

    Of a 304, which was all that was made, there are no bytes.
    """

    def __init__(self, response: HttpResponse, version: str) -> None:
        self.version, self.made_at = version, time.monotonic()
        is_whole = response.status_code == 200
        if is_whole and "ETag" not in response.headers:
            # Only what has one of its own says how long it holds.
            response.headers["ETag"] = f'W/"{hashlib.sha256(response.content).hexdigest()[:32]}"'
            response.headers.setdefault("Cache-Control", "no-cache")
        self._shrinks = is_whole and is_compressible(response) and len(response.content) >= SMALLEST
        if response.status_code == 304 or is_compressible(response):
            patch_vary_headers(response, ["Accept-Encoding"])
        self.headers = dict(response.items())
        promised = _MAX_AGE.search(self.headers.get("Cache-Control", ""))
        self._max_age = int(promised[1]) if promised else 0
        self.bodies = {"": response.content} if is_whole else {}
        if self._shrinks and len(response.content) <= PACKED:
            self.bodies = {"br": compressed(response.content, "br")}

    @property
    def is_fresh(self) -> bool:
        seconds: float = settings.ANSWERS_KEPT_SECONDS
        return time.monotonic() - self.made_at < seconds

    def holds(self, disturbed_at: datetime | None) -> bool:
        """Whether it promises no more than is true now: somebody may have asked for a run."""
        left = self._max_age - (time.monotonic() - self.made_at)
        if left <= 0 or disturbed_at is None:
            return left <= 0
        return left <= (disturbed_at - timezone.now()).total_seconds()

    @property
    def weight(self) -> int:
        return sum(map(len, self.bodies.values())) + OVERHEAD

    def answer(self, request: HttpRequest) -> HttpResponse | None:
        """None where nothing but "you have it" was kept, and this client has another one."""
        # With headers of its own, for what stands before us writes into them.
        whole = HttpResponse(headers=self.headers)
        told = get_conditional_response(request, etag=self.headers["ETag"], response=whole) or whole
        if told is whole:
            if not self.bodies:
                return None
            coding = coding_of(request) if self._shrinks else ""
            whole.content = self._body(coding)
            if coding:
                mark_as(whole, coding)
            if request.method == "HEAD":
                whole.headers["Content-Length"] = str(len(whole.content))
                whole.content = b""
        age = int(time.monotonic() - self.made_at)
        if age and self._max_age:
            told.headers["Age"] = str(age)
        return told

    def _body(self, coding: str) -> bytes:
        found = self.bodies.get(coding)
        if found is None:
            plain = self.bodies[""] if "" in self.bodies else bytes(brotli.decompress(self.bodies["br"]))
            if not coding:
                return plain
            found = self.bodies[coding] = compressed(plain, coding)
        return found


class KeptAnswers:
    """Middleware, behind the throttle and the compression: gives what was rendered of this picture before.

    `ANSWERS_KEPT_SECONDS` is for rows that somebody changes with SQL; 0 keeps nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        # Of each, in bytes, and their sum.
        self._weights: dict[str, int] = {}
        self._bytes = 0
        self._lock = threading.Lock()
        self._being_made: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
        self._clock = Clock()
        # The one that was read last.
        self._version_now = ""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.ANSWERS_KEPT_SECONDS or not _is_for_anybody(request):
            return self._get_response(request)
        key = _key(request)
        if len(key) > LONGEST_KEY:
            return self._get_response(request)
        try:
            version = self._version()
        except DatabaseError:
            return self._get_response(request)
        self._version_now = version
        found = self._again(request, key, version)
        if found is not None:
            return found
        with self._lock:
            being_made = self._being_made.setdefault(key, threading.Lock())
        # Who asks for the same meanwhile waits for it, and makes it no second time.
        with being_made:
            return self._again(request, key, version) or self._made(request, key, version)

    def _version(self) -> str:
        """Read before the answer is made: that is of this picture, or of a newer one and soon forgotten."""
        picture, now = picture_version(), timezone.now().timestamp()
        clock = self._clock
        if clock.picture != picture or abs(now - clock.read_at) >= CLOCK_SECONDS:
            clock = self._clock = Clock(staleness(), next_disturbance(), picture, now)
        return f"{picture} {clock.words}"

    def _again(self, request: HttpRequest, key: str, version: str) -> HttpResponse | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept.version != version or not kept.is_fresh:
                return None
            if is_of_api(request.path) and not kept.holds(self._clock.disturbed_at):
                return None
            self._kept.move_to_end(key)
            codings = len(kept.bodies)
        answer = kept.answer(request)
        if len(kept.bodies) > codings:
            self._keep(key, kept)
        return answer

    def _made(self, request: HttpRequest, key: str, version: str) -> HttpResponse:
        response = self._get_response(request)
        if not _can_be_kept(response):
            return response
        kept = Kept(response, version)
        answer = kept.answer(request) or response
        self._keep(key, kept)
        return answer

    def _keep(self, key: str, kept: Kept) -> None:
        with self._lock:
            # Of a picture that is over by now; those of the newer one would have to go for it.
            if kept.version != self._version_now:
                return
            self._forget(key)
            self._kept[key] = kept
            self._weights[key] = len(key) + kept.weight
            self._bytes += self._weights[key]
            # Those first that nobody asked for longest; before them stand all of an older picture.
            while self._kept and (self._bytes > MOST_BYTES or self._is_over(kept.version)):
                self._forget(next(iter(self._kept)))

    def _is_over(self, version: str) -> bool:
        first = next(iter(self._kept.values()))
        return first.version != version or not first.is_fresh

    def _forget(self, key: str) -> None:
        if self._kept.pop(key, None):
            self._bytes -= self._weights.pop(key)


def _is_for_anybody(request: HttpRequest) -> bool:
    asked = request.path == "/" or request.path.startswith(FOR_ANYBODY)
    if not asked or request.method not in ("GET", "HEAD") or request.COOKIES:
        return False
    # What no answer here has a date or a strong tag for.
    return not any(name in request.headers for name in ("Authorization", "If-Match", "If-Unmodified-Since"))


def _key(request: HttpRequest) -> str:
    """By the host too, which is refused here where it is none of ours; and as it is asked, to the letter.

    `get_full_path` writes letters that nobody encoded as two addresses would that are read in another way.
    """
    place = f"{request.scheme}://{request.get_host()}{request.path}?{request.META.get('QUERY_STRING', '')}"
    return f"{wanted_format(request, None)} {place}"


def _can_be_kept(response: HttpResponse) -> bool:
    is_for_one = response.cookies or "Content-Encoding" in response.headers
    if response.streaming or is_for_one or len(response.content) > LARGEST:
        return False
    return response.status_code == 200 or (response.status_code == 304 and "ETag" in response.headers)
