"""What the processes of a pool hand to each other, without a lock that a killed one could go on holding.

multiprocessing's queues and events are read under semaphores: whoever is killed with one in hand stops all
the others for ever, so its pool had to end with it. Here the kernel gives each packet to one reader, whole or
not at all, and needs no folder for semaphores either.
"""

import ctypes
import logging
import mmap
import os
import pickle
import queue
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from struct import Struct
from typing import Any

logger = logging.getLogger(__name__)

# Bytes of a packet; what is larger goes beside it, in a file that only lives in memory.
LARGEST = 16 * 1024
# Bytes; some fifty messages of ours, then whoever puts has to wait. What waits in Redis, others can take.
ROOM = 32 * 1024
# A file that is sent along, as the kernel has it. Not by Python's `send_fds` and `recv_fds`: these take flags
# and forget them (3.9 to 3.13), so that who is not to wait does.
_FILE = Struct("i")
_BESIDE = (socket.SOL_SOCKET, socket.SCM_RIGHTS)


class Mailbox:
    """A queue between processes of one parent; any number may put, any number may get."""

    def __init__(self, *, room: int = ROOM) -> None:
        self._sender, self._receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room)

    def put(self, message: Any) -> None:
        """Hand it over, if need be when there is room again."""
        self.send(pickle.dumps(message), wait=True)

    def send(self, packet: bytes, *, wait: bool) -> bool:
        """Hand over what is pickled already; False when there is no room, and none is waited for."""
        flags = 0 if wait else socket.MSG_DONTWAIT
        try:
            if len(packet) <= LARGEST:
                self._sender.send(packet, flags)
            else:
                with _in_memory(packet) as file:
                    self._sender.sendmsg([b"\0"], [(*_BESIDE, _FILE.pack(file))], flags)
        except BlockingIOError:
            return False
        return True

    def get(self, timeout: float | None = None) -> Any:
        """The next message; raises queue.Empty when none came in time."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            if deadline is not None and not self._is_readable(max(deadline - time.monotonic(), 0.0)):
                raise queue.Empty
            try:
                flags = 0 if deadline is None else socket.MSG_DONTWAIT
                packet, beside, _, _ = self._receiver.recvmsg(LARGEST, socket.CMSG_LEN(_FILE.size), flags)
            except BlockingIOError:
                continue  # another reader was faster
            for _, _, file in beside:
                packet = _read_out(*_FILE.unpack(file))
            return pickle.loads(packet)  # noqa: S301 - from our own processes

    def empty(self) -> bool:
        return not self._is_readable(0.0)

    def qsize(self) -> int:
        """0, or 1 for any number; the kernel does not count packets."""
        return int(not self.empty())

    def close(self) -> None:
        """What was put is there already."""

    def join_thread(self) -> None:
        """There is none."""

    def _is_readable(self, seconds: float) -> bool:
        watched = select.poll()
        watched.register(self._receiver, select.POLLIN)
        return bool(watched.poll(seconds * 1_000))


class Outbox:
    """One process's way into a mailbox that never makes it wait: what finds no room follows from a thread."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._waiting: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._thread: threading.Thread | None = None

    def put(self, message: Any) -> None:
        """What cannot be handed over is said in the log, and costs nothing else."""
        name = message.get("name")
        try:
            packet = pickle.dumps(message)
            if not self._waiting.unfinished_tasks and self._mailbox.send(packet, wait=False):
                return
        except Exception:
            _say_lost(name)
            return
        self._waiting.put((name, packet))
        if self._thread is None:
            self._thread = threading.Thread(target=self._send, daemon=True)
            self._thread.start()

    def flush(self) -> None:
        """Return when all is handed over."""
        self._waiting.join()

    def _send(self) -> None:
        while True:
            name, packet = self._waiting.get()
            try:
                self._mailbox.send(packet, wait=True)
            except Exception:  # no file left, say: those behind it and whoever flushes go on
                _say_lost(name)
            finally:
                self._waiting.task_done()


def _say_lost(name: str) -> None:
    logger.exception("The result of %s cannot be handed over.", name)


class Shared:
    """A number that a process and its children see: django-q2's `Event` and `Value`, with one writer each."""

    def __init__(self, value: float = 0.0) -> None:
        self._number = ctypes.c_double.from_buffer(mmap.mmap(-1, mmap.PAGESIZE))
        self._number.value = value

    @property
    def value(self) -> float:
        return self._number.value

    @value.setter
    def value(self, value: float) -> None:
        self._number.value = value

    def set(self) -> None:
        self.value = 1.0

    def is_set(self) -> bool:
        return bool(self.value)

    @contextmanager
    def get_lock(self) -> Iterator[None]:
        yield


@contextmanager
def _in_memory(packet: bytes) -> Iterator[int]:
    file = os.memfd_create("message")
    try:
        with os.fdopen(os.dup(file), "wb") as writer:
            writer.write(packet)
        yield file
    finally:
        os.close(file)


def _read_out(file: int) -> bytes:
    with os.fdopen(file, "rb") as reader:
        reader.seek(0)
        return reader.read()
