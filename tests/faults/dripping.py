"""A server that answers one byte at a time and never comes to an end, for tasks and for deliveries."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from itertools import count

BYTE_EVERY = 0.3
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"


@contextlib.contextmanager
def dripping_server() -> Iterator[str]:
    """Its address; every connection is dripped at until the block ends."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(BYTE_EVERY)

        def drip(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                for place in count():
                    connection.sendall(HEAD[place : place + 1] or b" ")
                    if over.wait(BYTE_EVERY):
                        return

        def accept() -> None:
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    connection, _ = listener.accept()
                    threading.Thread(target=drip, args=(connection,), daemon=True).start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            over.set()
            accepting.join()
