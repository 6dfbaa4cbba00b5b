"""Which process is which, and whether it still lives (Linux)."""

import ctypes
import os
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process, told apart from every other one that ever had its pid.

    `started` is the process's start in clock ticks since boot, so a pid that the kernel gave
    away again, or a host that was booted again, is not mistaken for it.
    """

    host: str
    pid: int
    started: int

    def __str__(self) -> str:
        return f"{self.host}/{self.pid}/{self.started}"

    @classmethod
    def parse(cls, text: str) -> "ProcessIdentity | None":
        """Read back what `str` wrote; None for anything else."""
        host, _, rest = text.partition("/")
        pid, _, started = rest.partition("/")
        if not (host and pid.isdigit() and started.isdigit()):
            return None
        return cls(host, int(pid), int(started))

    @property
    def is_local(self) -> bool:
        return self.host == host_name()

    @property
    def is_alive(self) -> bool:
        """Whether the process runs on this host now. A stopped process lives; a zombie does not."""
        fields = _stat_fields(self.pid)
        return fields is not None and int(fields[19]) == self.started and fields[0] not in "ZX"


def host_name() -> str:
    """The name under which this host's processes are known to the others."""
    return str(settings.HOST_NAME or socket.gethostname()).replace("/", "-")


def this_process() -> ProcessIdentity:
    fields = _stat_fields(os.getpid())
    if fields is None:
        raise RuntimeError("/proc is not readable; workers need Linux.")
    return ProcessIdentity(host_name(), os.getpid(), int(fields[19]))


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent ends, however it ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:
        os._exit(1)  # the parent was gone before the kernel knew


def _stat_fields(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on; the name before them may hold anything."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text[text.rindex(")") + 2 :].split()
