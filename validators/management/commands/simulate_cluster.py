"""`manage.py simulate_cluster`: a JSON-RPC endpoint without a chain behind it."""

import signal
import sys
from argparse import ArgumentParser
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from validators.simulator.clock import DEFAULT_EPOCH_SECONDS
from validators.simulator.faults import Fault, FaultSpecError, parse_fault_plan
from validators.simulator.replay import ReplayError
from validators.simulator.running import DEFAULT_SLOW_SECONDS, cluster_answers
from validators.simulator.server import RpcServer


class Command(BaseCommand):
    help = "Serves a simulated Solana cluster, or recorded replies, over JSON-RPC until it is stopped."
    # It needs no database, and must start where none is.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--validators", type=int, default=1500, help="How many vote accounts it has.")
        parser.add_argument("--seed", type=int, default=7, help="The same seed gives the same cluster.")
        parser.add_argument("--host", default="127.0.0.1", help="The address to listen on.")
        parser.add_argument("--port", type=int, default=8899, help="The port; 0 picks a free one.")
        parser.add_argument(
            "--epoch-seconds",
            type=float,
            default=DEFAULT_EPOCH_SECONDS,
            help="How long an epoch of 432,000 slots lasts (default: two days).",
        )
        parser.add_argument(
            "--alpenglow-epoch",
            type=int,
            metavar="N",
            help="Migrate to Alpenglow in the middle of epoch N: rewards instead of vote credits.",
        )
        parser.add_argument("--replay", type=Path, metavar="DIR", help="Serve the recorded replies in DIR.")
        parser.add_argument(
            "--fault",
            default="",
            metavar="SPEC",
            help=f"Faults with probabilities, as in 429:0.1,slow:0.05. Known: {', '.join(Fault)}.",
        )
        parser.add_argument(
            "--slow-seconds",
            type=float,
            default=DEFAULT_SLOW_SECONDS,
            help="How long the fault `slow` takes (default: %(default)s).",
        )

    def handle(self, **options: Any) -> None:
        _check_numbers(options)
        server = _server(options)
        for stop_signal in (signal.SIGTERM, signal.SIGINT):
            signal.signal(stop_signal, _exit)
        self.stdout.write(f"{_title(options)} at {server.url}")
        self.stdout.flush()
        try:
            server.serve_forever()
        finally:
            server.close()


def _check_numbers(options: dict[str, Any]) -> None:
    if options["validators"] < 1:
        raise CommandError("--validators must be at least 1.")
    # Written so that nan fails too.
    if not 0 < options["epoch_seconds"] < float("inf"):
        raise CommandError("--epoch-seconds must be more than 0.")
    if not 0 <= options["slow_seconds"] < float("inf"):
        raise CommandError("--slow-seconds must not be negative.")
    if not 0 <= options["port"] <= 65_535:
        raise CommandError("--port must be from 0 to 65535.")


def _server(options: dict[str, Any]) -> RpcServer:
    try:
        faults = parse_fault_plan(options["fault"])
        answers = cluster_answers(
            seed=options["seed"],
            validators=options["validators"],
            epoch_seconds=options["epoch_seconds"],
            replay=options["replay"],
            alpenglow_epoch=options["alpenglow_epoch"],
        )
    except (FaultSpecError, ReplayError) as exc:
        raise CommandError(f"{exc}.") from exc
    address = (options["host"], options["port"])
    try:
        return RpcServer(
            address, answers, faults=faults, seed=options["seed"], slow_seconds=options["slow_seconds"]
        )
    except OSError as exc:
        raise CommandError(f"Cannot listen on {address[0]} port {address[1]}: {exc.strerror}.") from exc


def _title(options: dict[str, Any]) -> str:
    if options["replay"]:
        return f"Replaying {options['replay']}"
    return f"Simulated cluster of {options['validators']} validators (seed {options['seed']})"


def _exit(signum: int, frame: FrameType | None) -> None:
    sys.exit(0)
