"""Log lines on stderr, where nobody waits for a reader that does not read: a full pipe, a stuck journal."""

import logging
import os
import select
import socket
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import IO, Any

# Seconds that a line waits for room. Those behind one that found none do not wait.
PATIENCE = 0.1
# Bytes that a pipe takes whole or not at all, so that the lines of several processes stay apart.
AT_ONCE = select.PIPE_BUF


class UnwaitingHandler(logging.StreamHandler[Any]):
    """Leaves out what finds no room, and says how many lines that were as soon as there is some."""

    def __init__(self) -> None:
        super().__init__()
        self._write = _write_without_waiting(self.stream)
        self._left_out = 0
        self._is_cut = False

    def emit(self, record: logging.LogRecord) -> None:
        if self._write is None:
            super().emit(record)
            return
        try:
            line = self.format(record)
            if self._left_out and self._put(self.format(_notice(self._left_out))):
                self._left_out = 0
            if not self._put(line):
                self._left_out += 1
        except Exception:
            self.handleError(record)

    def _put(self, line: str) -> bool:
        assert self._write is not None, "asked only where it is one"
        begun = self.terminator if self._is_cut else ""
        rest = whole = f"{begun}{line}{self.terminator}".encode(errors="backslashreplace")
        until = time.monotonic() + (0.0 if self._left_out else PATIENCE)
        while rest:
            try:
                rest = rest[self._write(rest[:AT_ONCE]) :]
            except BlockingIOError:
                if time.monotonic() >= until:
                    self._is_cut |= len(rest) < len(whole)
                    return False
                time.sleep(PATIENCE / 10)
        self._is_cut = False
        return True


def _notice(left_out: int) -> logging.LogRecord:
    return logging.makeLogRecord(
        {
            "name": __name__,
            "levelno": logging.WARNING,
            "levelname": "WARNING",
            "msg": "Log lines were left out, since nobody read them: %d.",
            "args": (left_out,),
        }
    )


def _write_without_waiting(stream: IO[str]) -> Callable[[bytes], int] | None:
    """What writes to the same pipe or socket, or raises `BlockingIOError`; None for anything else.

    A pipe is opened a second time: what makes a descriptor not wait is shared with all who inherited it.
    """
    with suppress(OSError, ValueError, AttributeError):  # no file, or a pipe of another user's
        descriptor = stream.fileno()
        kind = os.fstat(descriptor).st_mode
        if stat.S_ISFIFO(kind):
            again = os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            return partial(os.write, again)
        if stat.S_ISSOCK(kind):
            own = socket.socket(fileno=os.dup(descriptor))
            return lambda line: own.send(line, socket.MSG_DONTWAIT)
    return None
