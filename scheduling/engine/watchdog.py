"""Has the kernel end this process at an instant, unless told otherwise before.

No thread and no interpreter takes part, so it strikes also while a call holds the interpreter or hangs on a
network that swallows everything; and it is set and called off for every run, which costs two calls.
"""

import ctypes
import os
import signal
import time

_CLOCK_MONOTONIC = 1
_libc = ctypes.CDLL(None, use_errno=True)
if not hasattr(_libc, "timer_create"):  # glibc before 2.34 keeps it apart
    _libc = ctypes.CDLL("librt.so.1", use_errno=True)


class _Event(ctypes.Structure):
    """`struct sigevent`: which signal to send; the kernel looks at no more of its 64 bytes."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signal", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("rest", ctypes.c_byte * 48),
    )


class _Times(ctypes.Structure):
    """`struct itimerspec`: the interval, which is none, and the time that is left."""

    _fields_ = (("interval", ctypes.c_long * 2), ("left", ctypes.c_long * 2))


class Watchdog:
    """One for a process; a child of it has to make its own."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._timer = ctypes.c_void_p()
        event = _Event(signal=signal.SIGKILL, notify=0)
        _require(_libc.timer_create(_CLOCK_MONOTONIC, ctypes.byref(event), ctypes.byref(self._timer)))

    def strike_at(self, instant: float) -> None:
        """End this process at that instant of `time.monotonic()`, and at no other."""
        self._set(max(instant - time.monotonic(), 0.001))

    def call_off(self) -> None:
        self._set(0.0)

    def _set(self, seconds: float) -> None:
        whole = int(seconds)
        times = _Times(left=(ctypes.c_long * 2)(whole, int((seconds - whole) * 1e9)))
        _require(_libc.timer_settime(self._timer, 0, ctypes.byref(times), None))


_watchdog: Watchdog | None = None


def own_watchdog() -> Watchdog:
    global _watchdog
    if _watchdog is None or _watchdog.pid != os.getpid():
        _watchdog = Watchdog()
    return _watchdog


def _require(result: int) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
