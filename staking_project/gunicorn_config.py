"""What gunicorn is told beside its command line: `--config python:staking_project.gunicorn_config`."""

import logging
import os
import signal
import socket
import sys
from typing import Any

from gunicorn.glogging import Logger
from gunicorn.http import message

from scheduling.engine.processes import die_with_parent
from staking_project.log_stream import UnwaitingHandler


class UnwaitingLogger(Logger):  # type: ignore[misc]
    """gunicorn's own lines do not wait for a reader either; its first one comes before it listens."""

    def _set_handler(
        self, log: logging.Logger, output: str | None, fmt: logging.Formatter, stream: Any = None
    ) -> None:
        if log is not self.error_log or output != "-":
            super()._set_handler(log, output, fmt, stream)
            return
        handler: Any = UnwaitingHandler()
        handler.setFormatter(fmt)
        handler._gunicorn = True  # by which it finds its own
        log.addHandler(handler)


logger_class = UnwaitingLogger

# Whole requests alone get a thread; connections that say little hold none.
worker_class = "staking_project.front.worker.PatientWorker"
threads = 4
# The process may open 1,024 files, its connections among them.
worker_connections = 800
# Seconds that a connection may stay open between two requests.
keepalive = 15
# Two hundred vote accounts stand in an address of the API, or what one holds, their commas as three letters.
# gunicorn takes no more than this constant of its own, whatever is set.
message.MAX_REQUEST_LINE = limit_request_line = 16_380
limit_request_fields = 50
limit_request_field_size = 8_190
# A worker begins anew after so many requests, not all at once.
max_requests = 20_000
max_requests_jitter = 2_000
# Nobody asks it, and the home of its user may be read-only.
control_socket_disable = True


# A thread would wait five seconds for the first word of a connection that says nothing.
SECONDS_TO_SAY_SOMETHING = 10


# A thread that computes gives way to others after so long, so that what is quick is answered quickly.
SECONDS_BETWEEN_THREADS = 0.001


def when_ready(server: Any) -> None:
    """The kernel hands out connections that said something, and drops the others."""
    for listener in server.LISTENERS:
        if listener.sock.family in (socket.AF_INET, socket.AF_INET6):
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, SECONDS_TO_SAY_SOMETHING)


def pre_fork(server: Any, worker: Any) -> None:
    """A new worker has the master's handlers until it sets its own, and would lose what it is told before."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _heed_again() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


os.register_at_fork(after_in_parent=_heed_again)


def post_fork(server: Any, worker: Any) -> None:
    """A worker whose master was killed would go on holding the port."""
    die_with_parent(server.pid)
    sys.setswitchinterval(SECONDS_BETWEEN_THREADS)
