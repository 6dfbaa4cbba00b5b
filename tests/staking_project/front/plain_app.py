"""What a web server is asked for where the pages are no matter."""

from collections.abc import Callable, Iterable
from typing import Any

LARGE = b"x" * 8_000_000


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Says what it was asked, and how long a body came with it.

    /large is more than any socket takes, /for says who is said to ask.
    """
    path, body = environ["PATH_INFO"], environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    answer = LARGE if path == "/large" else f"{path} {len(body)}".encode()
    if path == "/for":
        answer = f"{path} {environ['HTTP_X_FORWARDED_FOR']}".encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(answer)))])
    return [answer]
