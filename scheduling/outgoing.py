"""Talking to strangers over HTTP: the only place that does, and with bounds on all that they can cost.

A deadline for the whole, however slowly bytes come; no redirects, since one would take a key to another
host; and nothing from the environment or `~/.netrc`: a proxy is named by `OUTGOING_PROXY`, or there is none.
"""

import ipaddress
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from scheduling.exceptions import SchedulingError, UnreachableError
from scheduling.public_addresses import NotPublicError, addresses

CHUNK: Final = 256 * 1024

# Where a host and a port lead; raises UnreachableError for where they must not, or lead nowhere.
Resolve = Callable[[str, int], Sequence[str]]

# Names that are looked up at once. Nothing ends a look-up that nobody answers, for up to half a minute.
MOST_LOOKED_UP: Final = 32
_LOOKING_UP: Final = threading.BoundedSemaphore(MOST_LOOKED_UP)


class TooLargeError(SchedulingError):
    """An answer is larger than any that is wanted, as it was sent or as it inflates."""


class _CuttableAdapter(HTTPAdapter):
    """Knows its sockets, so that a watchdog can end a reply that drips for ever.

    requests' read timeout starts anew with each byte, in the headers too.
    """

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._sockets: list[socket.socket] = []
        self._is_cut = False
        super().__init__(max_retries=0)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        make = type(pool).ConnectionCls

        def remembering(*args: Any, **kwargs: Any) -> Any:
            connection = make(*args, **kwargs)
            # What urllib3 itself replaces for SOCKS: it opens the socket, and TLS comes after.
            connection._new_conn = partial(_opened, connection, self._resolve)
            connection.connect = self._remembering(connection, connection.connect)
            return connection

        pool.ConnectionCls = remembering
        return pool

    def _remembering(self, connection: Any, connect: Callable[[], None]) -> Callable[[], None]:
        def connect_and_remember() -> None:
            connect()
            # Not the connection: it lets go of the socket while a reply without a length is read.
            self._sockets.append(connection.sock)
            if self._is_cut:  # connecting may have taken all the time there was
                self.cut()

        return connect_and_remember

    def cut(self) -> None:
        """Shut every socket; whoever reads from one gets an end of file at once."""
        self._is_cut = True
        for opened in self._sockets:
            # It may be closed already, which is what we want.
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)


class _Asking(requests.Session):
    """Reads no body by itself.

    Not following a redirect, requests still makes the next question, and reads the answer in all, inflated,
    before that.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class BoundedSession:
    """Questions to others that are all over by `deadline`, an instant of time.monotonic()."""

    def __init__(self, *, deadline: float, resolve: Resolve | None = None) -> None:
        self._deadline = deadline
        self._judge = resolve and partial(_looked_up, resolve, deadline)
        # A proxy's own address is as the operator wrote it.
        leads_to = addresses if resolve is None or settings.OUTGOING_PROXY else resolve
        self._adapter = _CuttableAdapter(partial(_looked_up, leads_to, deadline))
        self._session = _Asking()
        self._session.trust_env = False
        # The authorities of an organisation that has its own.
        self._session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
        if settings.OUTGOING_PROXY:
            self._session.proxies = dict.fromkeys(("http", "https"), settings.OUTGOING_PROXY)
        self._session.mount("http://", self._adapter)
        self._session.mount("https://", self._adapter)

    def close(self) -> None:
        self._session.close()

    @contextmanager
    def asked(
        self, method: str, url: str, *, patience: tuple[float, float], **what: Any
    ) -> Iterator[requests.Response]:
        """The answer, its body unread. Raises requests.RequestException, or UnreachableError for a name.

        `patience` are seconds to connect, and of silence within an answer, if the deadline leaves them.
        """
        if settings.OUTGOING_PROXY and self._judge is not None:
            _require_public(url, self._judge)
        left = max(0.001, self._deadline - time.monotonic())
        connect, read = patience
        with (
            self._cut_at_deadline(left),
            self._session.request(
                method,
                url,
                stream=True,
                allow_redirects=False,
                timeout=(min(connect, left), min(read, left)),
                **what,
            ) as response,
        ):
            yield response

    @contextmanager
    def _cut_at_deadline(self, seconds: float) -> Iterator[None]:
        watchdog = threading.Timer(seconds, self._adapter.cut)
        watchdog.daemon = True
        watchdog.start()
        try:
            yield
        finally:
            watchdog.cancel()


def _opened(connection: Any, looked_up: Callable[..., Sequence[str]]) -> socket.socket:
    """To the first of the addresses that answers; none but those that were judged.

    Raises what urllib3 itself would, and UnreachableError.
    """
    refusal: OSError | None = None
    for address in looked_up(connection.host, connection.port, seconds=connection.timeout):
        try:
            opened = socket.create_connection((address, connection.port), timeout=connection.timeout)
        except OSError as exc:
            refusal = exc
        else:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return opened
    if refusal is None:
        raise UnreachableError("its name leads nowhere")
    kind = ConnectTimeoutError if isinstance(refusal, TimeoutError) else NewConnectionError
    raise kind(connection, "no connection") from refusal


def _looked_up(
    resolve: Resolve, deadline: float, host: str, port: int, *, seconds: float | None = None
) -> Sequence[str]:
    """Where a name leads, unless that takes longer than there is time. Raises what `resolve` does.

    `seconds` are those that there are to connect: who is asked next needs what is left until the deadline.
    """
    found: Future[Sequence[str]] = Future()
    places = _LOOKING_UP
    if seconds is not None:
        deadline = min(deadline, time.monotonic() + seconds)

    def look_up() -> None:
        try:
            found.set_result(resolve(host, port))
        except Exception as exc:
            found.set_exception(exc)
        finally:
            places.release()

    if not places.acquire(timeout=max(0.0, deadline - time.monotonic())):
        raise UnreachableError("too many names are being looked up")
    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    try:
        return found.result(timeout=max(0.0, deadline - time.monotonic()))
    except TimeoutError:
        raise UnreachableError("nobody said in time where its name leads") from None


def _require_public(url: str, judge: Callable[[str, int], object]) -> None:
    """What can be known of where a proxy will go: it looks names up itself, maybe such as nobody here can."""
    address = urlsplit(url)
    try:
        judge(address.hostname or "", address.port or 443)
    except NotPublicError:
        raise
    except UnreachableError:
        pass


def body_of(response: requests.Response, *, largest: int) -> bytes:
    """All of it, inflated. Raises TooLargeError as soon as it is more than `largest` bytes."""
    body = bytearray()
    try:
        for chunk in response.iter_content(CHUNK):
            body += chunk
            if len(body) > largest:
                raise TooLargeError(f"more than {largest:,} bytes")
    except ValueError as exc:  # of a chunk of -11 bytes; what else is none requests says in its own words
        raise requests.exceptions.ChunkedEncodingError("it is no HTTP") from exc
    return bytes(body)


def ask_status(
    method: str,
    url: str,
    *,
    seconds: float,
    patience: tuple[float, float],
    resolve: Resolve | None = None,
    **what: Any,
) -> tuple[int, bool]:
    """Ask once for nothing but the status: that, and whether it is a 2xx. The body is left unread.

    `resolve` is for addresses that somebody else named. Raises UnreachableError.
    """
    deadline = time.monotonic() + seconds
    session = BoundedSession(deadline=deadline, resolve=resolve)
    try:
        with session.asked(method, url, patience=patience, **what) as response:
            # Headers that are cut off in the middle look like whole ones.
            if time.monotonic() >= deadline:
                raise UnreachableError(f"no whole answer in {seconds:g} s")
            return response.status_code, 200 <= response.status_code < 300
    except requests.RequestException as exc:
        # Its text holds the address, and that may hold a key.
        raise UnreachableError(type(exc).__name__) from None
    finally:
        session.close()


def is_private_enough(url: str) -> bool:
    """Whether nobody on the way reads what is sent there: https, or this machine."""
    try:
        address = urlsplit(url)
        host = address.hostname or ""
    except ValueError:
        return False
    if address.scheme == "https":
        return bool(host)
    return address.scheme == "http" and is_this_machine(host)


def is_this_machine(host: str) -> bool:
    """Whether what is sent to this host never leaves the machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
