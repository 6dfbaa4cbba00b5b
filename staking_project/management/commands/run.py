import fcntl
import json
import os
import signal
import stat
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from scheduling.clock import database_now
from scheduling.exceptions import RefusedError
from scheduling.ledger import selectors
from scheduling.management.command import WRONG_USAGE, WorkingCommand
from scheduling.modes import DEFAULT_MODE
from scheduling.operations import setting_up
from staking_project import accounts, stack, trial
from staking_project.home import run_words
from validators.jobs import PIPELINE
from validators.models import TrustScore, Validator

STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Command(WorkingCommand):
    help = "Runs everything on this machine: Redis, workers, dispatcher, web server, until it is stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seconds", type=float, help="end by itself after this long")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout at the end")

    def handle(self, *args: Any, seconds: float | None, **options: Any) -> None:
        # Written so that nan fails too.
        if seconds is not None and not seconds > 0:
            raise CommandError("--seconds must be more than 0.", returncode=WRONG_USAGE)
        with _signals_heeded():
            self._run(seconds, **options)

    def _run(self, seconds: float | None, **options: Any) -> None:
        whole = stack.Stack()
        started_at, orphans = None, 0
        left = ExitStack()
        try:
            with _one_at_a_time(tell=self.stderr.write):
                stack.require_free_port(settings.PORT)
                call_command("migrate", verbosity=0, interactive=False)
                if accounts.is_published() and accounts.has_first_password():
                    raise CommandError(accounts.STILL_FIRST)
                if settings.SOLANA_RPC_IS_OUR_OWN and trial.import_past(stack.own_environment()):
                    self.stderr.write("The simulated cluster has got its past; this was done once.")
                folder = left.enter_context(stack.socket_folder())
                environment = self._start_what_it_talks_to(whole, folder)
                mode, _ = setting_up.mode_to_keep()
                setting_up.set_up(mode, now=database_now(), by="run")
                password = accounts.create_admin()
                started_at = database_now()
                self._start_ours(whole, environment)
            self._say_where_to_look(password, mode=mode, simulated=settings.SOLANA_RPC_IS_OUR_OWN)
            _supervise(whole, seconds=seconds)
        except (stack.StackError, RefusedError) as exc:
            raise CommandError(str(exc)) from exc
        except KeyboardInterrupt:
            pass
        finally:
            # A second signal must not interrupt the clearing up.
            for number in STOPS:
                signal.signal(number, signal.SIG_IGN)
            orphans = whole.stop()
            stack.remove_state()
            left.close()
        self.stderr.write("Everything has ended.")
        if started_at is not None:
            self._report(started_at, orphans=orphans, timed=seconds is not None, **options)

    def _start_what_it_talks_to(self, whole: stack.Stack, folder: Path) -> dict[str, str]:
        """Start Redis and the simulated cluster unless others are named; returns the others' environment."""
        environment, found = stack.own_environment(), {}
        if not os.environ.get("REDIS_URL", "").strip():
            path = folder / stack.socket_name()
            redis = stack.redis_service(path)
            whole.start(redis)
            stack.wait_until_listening(path, service=redis)
            found["redis_url"] = environment["REDIS_URL"] = stack.socket_url(path)
        if settings.SOLANA_RPC_IS_OUR_OWN:
            port = stack.free_port()
            simulator = stack.command_service(
                "the simulated cluster",
                "simulate_cluster",
                *trial.cluster_words(),
                f"--port={port}",
                environment=environment,
                patience=stack.STOP_PATIENCE,
            )
            whole.start(simulator)
            stack.wait_until_listening(port, service=simulator)
            found["rpc_url"] = environment["SOLANA_RPC_URL"] = f"http://{stack.HOST}:{port}"
            if not os.environ.get("ASN_DATABASE", "").strip():
                found["asn_database"] = environment["ASN_DATABASE"] = str(trial.networks_file())
        stack.write_state(**found)
        return environment

    def _start_ours(self, whole: stack.Stack, environment: dict[str, str]) -> None:
        patience = settings.STOP_GRACE_SECONDS + stack.STOP_PATIENCE
        whole.start(stack.command_service("qcluster", "qcluster", environment=environment, patience=patience))
        web = stack.web_service(settings.PORT, environment=environment)
        whole.start(web)
        stack.wait_until_listening(settings.PORT, service=web)

    def _say_where_to_look(self, password: str | None, *, mode: str, simulated: bool) -> None:
        url = f"http://{stack.HOST}:{settings.PORT}"
        lines = [f"validators  {url}/", f"admin       {url}/admin/  {accounts.login_told(password)}"]
        if simulated:
            lines.append(
                "This talks to the built-in simulated cluster; for mainnet: "
                f"SOLANA_RPC_URL=https://api.mainnet-beta.solana.com {run_words()}"
            )
        soon = "The first scores are there within half a minute."
        kept = f"The schedules stay in mode {mode}; `scheduler setup {DEFAULT_MODE}` switches."
        lines.append(f"{soon if mode == DEFAULT_MODE else kept} Ctrl-C ends everything.")
        # Standard output is for the JSON document alone, when there is to be one.
        print("\n".join(lines), file=sys.stderr, flush=True)  # noqa: T201

    def _report(self, started_at: datetime, *, orphans: int, timed: bool, **options: Any) -> None:
        outcomes = selectors.outcomes_since(started_at)
        if options["json"]:
            runs = {name: asdict(outcome) for name, outcome in outcomes.items()}
            self.stdout.write(json.dumps({"runs": runs, **_stored_counts(), "orphans": orphans}, indent=2))
        idle = [job.name for job in PIPELINE if job.name not in outcomes or not outcomes[job.name].succeeded]
        if timed and idle:
            raise CommandError(f"No run of {' and '.join(idle)} succeeded in this time.")


def _stored_counts() -> dict[str, int]:
    return {"validators": Validator.objects.present().count(), "scores": TrustScore.objects.told().count()}


@contextmanager
def _signals_heeded() -> Iterator[None]:
    """Whoever calls the command in a process of its own hears signals as before when it has ended."""
    # A terminal was closed; under `nohup` it may be.
    is_nohup = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    heeded = [number for number in STOPS if not (is_nohup and number == signal.SIGHUP)]
    former = {number: signal.signal(number, _leave) for number in heeded}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _leave(signum: int, frame: FrameType | None) -> NoReturn:
    if signum == signal.SIGHUP:
        _speak_to_nobody()
    raise KeyboardInterrupt


def _speak_to_nobody() -> None:
    """Instead of to a terminal that was closed: to write there is an error, and would be the end of ours."""
    nobody = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        # It is no terminal any more by its own account.
        if stat.S_ISCHR(os.fstat(descriptor).st_mode):
            os.dup2(nobody, descriptor)
    os.close(nobody)


def _supervise(whole: stack.Stack, *, seconds: float | None) -> None:
    ends_at = None if seconds is None else time.monotonic() + seconds
    while ends_at is None or time.monotonic() < ends_at:
        time.sleep(0.5)
        whole.restart_dead()


@contextmanager
def _one_at_a_time(*, tell: Callable[[str], object]) -> Iterator[None]:
    """Of two copies that start on one database at once the second waits until the first has its port.

    It would have the Redis of the first, too, whose socket is named by the port.
    """
    folder = Path(settings.STATE_DIR)
    try:
        lock = (folder / "run.lock").open("w")
    except OSError as exc:
        reason = f"{exc.strerror} ({exc.filename}); name a folder that can be written"
        raise CommandError(f"STATE_DIR {folder}: {reason}") from exc
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("Another copy is starting here; this one waits for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
