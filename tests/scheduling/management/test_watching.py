"""`monitor --watch` on a real terminal: it fits, follows a new size, and leaves the terminal as it was."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import settings

from tests.installation import PATIENCE, Installation

pytestmark = pytest.mark.processes

HOME = "\x1b[H"
LEFT = "\x1b[?1049l"
CURSOR_SHOWN = "\x1b[?25h"
_STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Terminal:
    """A pseudo-terminal with a command on it, which it controls."""

    master: int
    slave: int
    process: subprocess.Popen[bytes]
    written: str = field(default="")

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def press(self, key: str) -> None:
        os.write(self.master, key.encode())

    def read_until(self, words: str) -> str:
        """What it writes from now on up to these words, and they too."""
        begun, deadline = len(self.written), time.monotonic() + PATIENCE
        while words not in self.written[begun:]:
            assert time.monotonic() < deadline, self.written
            ready, _, _ = select.select([self.master], [], [], 0.1)
            if ready:
                self.written += os.read(self.master, 65_536).decode(errors="replace")
        return self.written[begun:]

    def modes(self) -> list[Any]:
        return termios.tcgetattr(self.slave)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextmanager
def terminal(stack: Installation, *, columns: int, lines: int, **environment: str) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "manage.py", "monitor", "--watch"],
        # As some shells export the size that there was when they began.
        env=stack.environment | {"TERM": "xterm-256color", "COLUMNS": "300", "LINES": "90"} | environment,
        cwd=settings.BASE_DIR,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=_take_terminal,
    )
    try:
        yield Terminal(master, slave, process)
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)


def last_picture(written: str) -> list[str]:
    return _STEERING.sub("", written.rsplit(HOME, 1)[1]).replace("\r", "").split("\n")


def test_it_fits_the_terminal_follows_its_size_and_q_leaves_it_as_it_was(stack: Installation) -> None:
    stack.manage("scheduler", "setup", "test")
    with terminal(stack, columns=80, lines=24) as seen:
        modes = seen.modes()
        first = last_picture(seen.read_until("q quits"))
        assert (len(first), max(map(len, first))) == (24, 80)
        assert "workers: No workers are alive" in first[1]
        assert any(line.startswith("schedule ") for line in first)
        assert "\x1b[31m" in seen.written

        seen.resize(40, 12)
        seen.read_until("q quits")
        second = last_picture(seen.written)
        assert (len(second), max(map(len, second))) == (12, 40)

        seen.press("q")
        seen.read_until(LEFT)
        assert seen.process.wait(10) == 0
        assert CURSOR_SHOWN in seen.written
        assert seen.modes() == modes


def test_ctrl_c_leaves_the_terminal_as_it_was_and_no_color_is_heeded(stack: Installation) -> None:
    with terminal(stack, columns=100, lines=30, NO_COLOR="1") as seen:
        modes = seen.modes()
        seen.read_until("q quits")
        assert seen.modes() != modes
        seen.press("\x03")
        seen.read_until(LEFT)

        assert seen.process.wait(10) == 0
        assert seen.modes() == modes
        assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", seen.written)
        assert "Traceback" not in seen.written
