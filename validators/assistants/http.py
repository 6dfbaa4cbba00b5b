"""The same over HTTP: for programs of this machine, and for others only with a token."""

import hmac
import socket
from collections.abc import Collection, Iterator
from ipaddress import ip_address
from typing import Any, Final

import uvicorn
from mcp.server import Server
from mcp.server.transport_security import TransportSecuritySettings
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

PATH: Final = "/mcp"
_OF_THIS_MACHINE: Final = ("localhost", "127.0.0.1", "[::1]")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it; a name other than localhost is taken for reachable."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def serve_http(app: ASGIApp, listening: socket.socket) -> None:
    """Until it is told to stop."""
    uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False)).run(sockets=[listening])


def application(served: Server[Any], *, names: Collection[str], token: str) -> ASGIApp:
    """`names` are what others call this machine; without a token anybody may ask who reaches it."""
    hosts = list(_spelt({*_OF_THIS_MACHINE, *names}))
    security = TransportSecuritySettings(
        allowed_hosts=hosts,
        allowed_origins=[f"{scheme}://{host}" for scheme in ("http", "https") for host in hosts],
    )
    app: ASGIApp = served.streamable_http_app(
        streamable_http_path=PATH, json_response=True, stateless_http=True, transport_security=security
    )
    return _for_bearers(app, token) if token else app


def _spelt(names: Collection[str]) -> Iterator[str]:
    """As a Host header may say them; patterns of names are passed over, and so allow nobody."""
    for name in sorted(names):
        if "*" not in name and not name.startswith("."):
            yield from (name, f"{name}:*")


def _for_bearers(app: ASGIApp, token: str) -> ASGIApp:
    expected = f"Bearer {token}".encode()

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope.get("headers", ())).get(b"authorization", b"")
        if scope["type"] == "http" and not hmac.compare_digest(given, expected):
            refusal = Response("This needs the token.\n", 401, headers={"WWW-Authenticate": "Bearer"})
            await refusal(scope, receive, send)
        else:
            await app(scope, receive, send)

    return guarded
