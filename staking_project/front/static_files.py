"""Style sheets and scripts, compressed once and kept, for there is no step that would do it before."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from whitenoise.middleware import WhiteNoiseMiddleware

from staking_project.front.compression import KINDS, SMALLEST, coding_of, compressed, mark_as


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]
    """Middleware: WhiteNoise, which compresses nothing that no collectstatic has put beside it."""

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        # (tag, address, coding) -> what is sent
        self._bodies: dict[tuple[str, str, str], bytes] = {}

    def serve(self, static_file: Any, request: HttpRequest) -> Any:
        # Of what was compressed the client has a weak tag, maybe one of several; WhiteNoise compares letters.
        known = {tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))}
        etag = getattr(static_file, "etag", "")
        if known & {etag, "*"}:
            request.META["HTTP_IF_NONE_MATCH"] = etag
        response = WhiteNoiseMiddleware.serve(static_file, request)
        if response.headers.get("Content-Type", "").partition(";")[0] in KINDS or response.status_code == 304:
            patch_vary_headers(response, ["Accept-Encoding"])
            coding = coding_of(request)
            length = int(response.headers.get("Content-Length", 0))
            if coding and response.status_code == 200 and length >= SMALLEST:
                return self._in_fewer_bytes(request, response, coding)
        return response

    def _in_fewer_bytes(self, request: HttpRequest, response: Any, coding: str) -> Any:
        if request.method == "HEAD":
            # Of what GET would send; a client can do without.
            del response.headers["Content-Length"]
            return response
        key = (response.headers.get("ETag", ""), request.path_info, coding)
        if key not in self._bodies:
            self._bodies[key] = compressed(b"".join(response.streaming_content), coding, of_a_file=True)
        # Only the file: closing the response would end the request, connections to the database and all.
        response.file_to_stream.close()
        smaller = HttpResponse(self._bodies[key])
        for name, value in response.items():
            smaller.headers[name] = value
        mark_as(smaller, coding)
        return smaller
