"""How a request's thread gives its connection away; known to the worker and to whoever takes it."""

from typing import Any


class HandedOverError(OSError):
    """No error: the answer goes on elsewhere, and the connection is no longer the request's.

    As an OSError it passes through gunicorn, which otherwise would end the answer.
    """

    def __init__(self, place: Any, *, address: str, chunked: bool) -> None:
        super().__init__("handed over")
        self.place, self.address, self.chunked = place, address, chunked
