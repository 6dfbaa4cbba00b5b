"""A terminal that is drawn upon again and again until somebody presses q, and is then as it was."""

import logging
import os
import select
import signal
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from rich.console import Console, RenderableType
from rich.live import Live

QUIT = b"qQ"
# What a terminal that does not tell its size is taken for.
SIZE = (80, 24)

Picture = Callable[[int, int], RenderableType]


class Interruptions:
    """What ends a wait: keys, a new size of the terminal, and signals that end everything."""

    def __init__(self) -> None:
        self.stopped_by: int | None = None
        self.quit = False
        self._wake, self._woken = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self._woken, False)
        self._sources = [self._wake]

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Every signal and key counts meanwhile, at once and never in the middle of a picture."""
        former = {
            number: signal.signal(number, self._note)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGWINCH)
        }
        former_wakeup = signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)
        try:
            with self._keys():
                yield
        finally:
            signal.set_wakeup_fd(former_wakeup)
            for number, handler in former.items():
                signal.signal(number, handler)
            os.close(self._wake)
            os.close(self._woken)

    @property
    def are_over(self) -> bool:
        return self.quit or self.stopped_by is not None

    def wait(self, seconds: float) -> None:
        """Until something happens, or the time is over."""
        ready, _, _ = select.select(self._sources, [], [], max(0.0, seconds))
        for source in ready:
            read = os.read(source, 1_024)
            if source == self._wake:
                continue
            self.quit = self.quit or any(key in QUIT for key in read)
            if not read:
                # Nobody is at the keys any more.
                self._sources.remove(source)

    def _note(self, number: int, frame: object) -> None:
        if number != signal.SIGWINCH:
            self.stopped_by = number

    @contextmanager
    def _keys(self) -> Iterator[None]:
        """Each key as it is pressed, and none shown; of a terminal only, and it is put back as it was."""
        keyboard = sys.stdin.fileno() if sys.stdin and sys.stdin.isatty() else None
        if keyboard is None:
            yield
            return
        former = termios.tcgetattr(keyboard)
        tty.setcbreak(keyboard)
        self._sources.append(keyboard)
        try:
            yield
        finally:
            termios.tcsetattr(keyboard, termios.TCSADRAIN, former)


def may_draw(*, stream: Any) -> bool:
    """Whether that stream is the terminal, and one that can be drawn upon."""
    return (
        stream is sys.stdout
        and os.isatty(sys.stdout.fileno())
        and not _console(colors=False).is_dumb_terminal
    )


def watch(look: Callable[[], Picture], *, every: float, colors: bool) -> int:
    """Look every so many seconds and draw it, at once again when the terminal's size changes.

    Returns the exit code: 0 when somebody quit, else the one of the signal. `colors` only where the terminal
    has some, and not with NO_COLOR.
    """
    console = _console(colors=colors)
    interruptions = Interruptions()
    with ExitStack() as stack:
        stack.enter_context(interruptions.heeded())
        stack.enter_context(_quiet_logs())
        live = Live(
            console=console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )
        stack.enter_context(live)
        while not interruptions.are_over:
            picture, next_look = look(), time.monotonic() + every
            while not interruptions.are_over and (left := next_look - time.monotonic()) > 0:
                # Asked for anew: a variable of the shell may hold the size of before.
                console.size = _size()
                live.update(picture(*console.size), refresh=True)
                interruptions.wait(left)
    stopped_by = interruptions.stopped_by
    return 128 + stopped_by if stopped_by not in (None, signal.SIGINT) else 0


def _console(*, colors: bool) -> Console:
    return Console(markup=False, highlight=False, emoji=False, no_color=None if colors else True)


def _size() -> tuple[int, int]:
    try:
        columns, lines = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        return SIZE
    return columns or SIZE[0], lines or SIZE[1]


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """A line of log on the same terminal would stand across the picture; in a file it does not."""
    former = logging.root.manager.disable
    if sys.stderr.isatty():
        logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(former)
