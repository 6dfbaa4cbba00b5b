"""Which process is which, and whether it still lives (Linux)."""

import ctypes
import hashlib
import os
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings

# The ledger keeps a hundred characters of an identity.
LONGEST_NAME = 60

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process, told apart from every other one that ever had its pid.

    `started` is the process's start in clock ticks since boot, so a pid that the kernel gave
    away again is not mistaken for it. `machine` tells apart hosts that were given one name by
    mistake, and a host from itself before it was booted; empty when it was not written down.
    """

    host: str
    pid: int
    started: int
    machine: str = ""

    def __str__(self) -> str:
        return "/".join(filter(None, (self.host, str(self.pid), str(self.started), self.machine)))

    @classmethod
    def parse(cls, text: str) -> "ProcessIdentity | None":
        """Read back what `str` wrote; None for anything else."""
        host, pid, started, machine = (*text.split("/"), "", "", "", "")[:4]
        if not (host and pid.isdigit() and started.isdigit()):
            return None
        return cls(host, int(pid), int(started), machine)

    @property
    def is_local(self) -> bool:
        return self.host == host_name() and self.machine in ("", machine_tag())

    @property
    def is_alive(self) -> bool:
        """Whether the process runs on this host now. A stopped process lives; a zombie does not."""
        fields = _stat_fields(self.pid)
        return fields is not None and int(fields[19]) == self.started and fields[0] not in "ZX"


def host_name() -> str:
    """The name under which this host's processes are known to the others."""
    return str(settings.HOST_NAME or socket.gethostname()).replace("/", "-")[:LONGEST_NAME]


def machine_tag() -> str:
    """What no other machine has, nor another container on it: its boot and its namespace of pids."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()
    namespace = os.readlink("/proc/self/ns/pid")
    return hashlib.sha256(f"{boot} {namespace}".encode()).hexdigest()[:8]


def this_process() -> ProcessIdentity:
    started, machine = _birth(os.getpid())
    return ProcessIdentity(host_name(), os.getpid(), started, machine)


@lru_cache(maxsize=1)
def _birth(pid: int) -> tuple[int, str]:
    """When and where this process was started: every run asks. A child of it has another pid."""
    fields = _stat_fields(pid)
    if fields is None:
        raise RuntimeError("/proc is not readable; workers need Linux.")
    return int(fields[19]), machine_tag()


def children_of(pid: int) -> list[int]:
    """The pids of a process's children, whichever of its threads started them; none when it is gone."""
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            # Not by pathlib: every run asks twice.
            with (
                suppress(FileNotFoundError, ProcessLookupError),
                open(f"/proc/{pid}/task/{thread}/children", "rb", 0) as children,
            ):
                found += map(int, children.read().split())
    return found


def is_running(pid: int) -> bool:
    """Whether some process has this pid and has not ended."""
    fields = _stat_fields(pid)
    return fields is not None and fields[0] not in "ZX"


def is_stopped(pid: int) -> bool:
    """Whether a process stands still by a signal, until another one has it go on."""
    fields = _stat_fields(pid)
    return fields is not None and fields[0] == "T"


def adopt_orphans() -> None:
    """Have grandchildren become this process's children when their parent ends, not init's."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


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
