"""`manage.py simulate_cluster`: a JSON-RPC endpoint without a chain behind it."""

import signal
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from scheduling.management.command import WRONG_USAGE
from scheduling.management.options import given
from scheduling.wording import counted
from validators.management.files import replaced
from validators.simulator.answers import SimulatedAnswers
from validators.simulator.cluster import Cluster
from validators.simulator.faults import Fault, FaultSpecError, parse_fault_plan
from validators.simulator.history import history_lines
from validators.simulator.hosting import network_lines
from validators.simulator.jsonrpc import Answers
from validators.simulator.replay import ReplayError
from validators.simulator.running import DEFAULT_SLOW_SECONDS, cluster_answers
from validators.simulator.server import RpcServer
from validators.simulator.timeline import moment_at
from validators.simulator.world import MAINNET_TODAY, SlotTimes, SlotTimesError, World, parse_slot_times

DEFAULT_HISTORY_EPOCHS = 40
# The oldest accounts of the cluster are not much older.
MOST_HISTORY_EPOCHS = 300


class Command(BaseCommand):
    help = "Serves a simulated Solana cluster, or recorded replies, over JSON-RPC until it is stopped."
    # It needs no database, and must start where none is.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--validators", type=int, default=1500, help="How many vote accounts it has.")
        parser.add_argument("--seed", type=int, default=7, help="The same seed gives the same cluster.")
        parser.add_argument("--host", type=given, default="127.0.0.1", help="The address to listen on.")
        parser.add_argument("--port", type=int, default=8899, help="The port; 0 picks a free one.")
        _add_calendar(parser)
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
        parser.add_argument(
            "--history",
            type=Path,
            metavar="FILE",
            help="Write the ended epochs as a history file (CSV), and serve nothing.",
        )
        parser.add_argument(
            "--epochs",
            type=int,
            default=DEFAULT_HISTORY_EPOCHS,
            help="How many ended epochs --history writes (default: %(default)s).",
        )

        parser.add_argument(
            "--networks",
            type=Path,
            metavar="FILE",
            help="Write a made-up database of its networks, for ASN_DATABASE, and serve nothing.",
        )

    def handle(self, **options: Any) -> None:
        _check_numbers(options)
        if options["networks"]:
            self._write(options["networks"], network_lines())
            self.stdout.write(f"Wrote the networks of simulated clusters to {options['networks']}")
            return
        world = _world(options)
        if options["history"]:
            self._write_history(world, options)
            return
        answers = _answers(world, options)
        server = _server(answers, options)
        for stop_signal in (signal.SIGTERM, signal.SIGINT):
            signal.signal(stop_signal, _exit)
        if isinstance(answers, SimulatedAnswers):
            answers.warm_up()
        self.stdout.write(f"{_title(options)} at {server.url}")
        self.stdout.flush()
        try:
            server.serve_forever()
        finally:
            server.close()

    def _write_history(self, world: World, options: dict[str, Any]) -> None:
        cluster = Cluster(seed=options["seed"], count=options["validators"], world=world)
        running = moment_at(time.time(), world).epoch
        epochs = range(running - options["epochs"], running)
        self._write(options["history"], history_lines(cluster, epochs))
        self.stdout.write(f"Wrote epochs {epochs[0]} to {epochs[-1]} to {options['history']}")

    def _write(self, path: Path, lines: Iterable[str]) -> None:
        try:
            with replaced(path) as file:
                file.writelines(line.encode("ascii") for line in lines)
        except OSError as exc:
            raise CommandError(f"Cannot write {path}: {exc.strerror}.") from exc


def _add_calendar(parser: ArgumentParser) -> None:
    """When the simulated chain began, how fast it goes, and when its rules change."""
    parser.add_argument(
        "--epoch-seconds",
        type=float,
        metavar="X",
        help="How long every epoch of 432,000 slots lasts on the wall clock, whatever its slot time "
        "(default: as long as its slots, a day at 200 ms). The chain's own clock keeps the slot time.",
    )
    parser.add_argument(
        "--origin",
        type=_instant,
        default=f"{MAINNET_TODAY.origin:%Y-%m-%dT%H:%M:%SZ}",
        metavar="ISO8601",
        help=f"When its first epoch, {MAINNET_TODAY.first_epoch}, began; UTC unless it says otherwise "
        "(default: %(default)s). Kept, slots never go backwards.",
    )
    parser.add_argument(
        "--slot-times",
        type=_slot_times,
        default=",".join(f"{epoch}:{ms}" for epoch, ms in MAINNET_TODAY.slot_times),
        metavar="EPOCH:MS,...",
        help="The slot time in ms in effect from each epoch, 400 before the first; '' is 400 for ever "
        "(default, as on mainnet: %(default)s).",
    )
    parser.add_argument(
        "--alpenglow-epoch",
        type=_alpenglow_epoch,
        default=MAINNET_TODAY.alpenglow_epoch,
        metavar="N",
        help="It migrates to Alpenglow in the middle of epoch N: lamports instead of vote credits "
        "(default, as on mainnet: %(default)s; `never` is Tower for ever).",
    )
    parser.add_argument(
        "--patch-epoch",
        type=int,
        metavar="N",
        help="From epoch N on a node that was restarted runs a newer patch release (default: never).",
    )


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a date and time, as in 2026-11-20T00:00:00Z") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _slot_times(text: str) -> SlotTimes:
    try:
        return parse_slot_times(text)
    except SlotTimesError as exc:
        raise ArgumentTypeError(str(exc)) from exc


def _alpenglow_epoch(text: str) -> int | None:
    if text == "never":
        return None
    if not (text.isascii() and text.isdigit()):
        raise ArgumentTypeError(f"{text!r} is neither the number of an epoch nor `never`")
    return int(text)


def _world(options: dict[str, Any]) -> World:
    return replace(
        MAINNET_TODAY,
        origin=options["origin"],
        slot_times=options["slot_times"],
        alpenglow_epoch=options["alpenglow_epoch"],
        epoch_seconds=options["epoch_seconds"],
        patch_epoch=options["patch_epoch"],
    )


def _wrong(problem: str) -> CommandError:
    return CommandError(problem, returncode=WRONG_USAGE)


def _check_numbers(options: dict[str, Any]) -> None:
    if options["validators"] < 1:
        raise _wrong("--validators must be at least 1.")
    # Written so that nan fails too.
    if options["epoch_seconds"] is not None and not 0 < options["epoch_seconds"] < float("inf"):
        raise _wrong("--epoch-seconds must be more than 0.")
    if not 0 <= options["slow_seconds"] < float("inf"):
        raise _wrong("--slow-seconds must not be negative.")
    if not 0 <= options["port"] <= 65_535:
        raise _wrong("--port must be from 0 to 65535.")
    if not 1 <= options["epochs"] <= MOST_HISTORY_EPOCHS:
        raise _wrong(f"--epochs must be from 1 to {MOST_HISTORY_EPOCHS}.")
    if options["history"] and options["replay"]:
        raise _wrong("--history writes the past of a simulated cluster; a replay has none.")


def _answers(world: World, options: dict[str, Any]) -> Answers:
    try:
        return cluster_answers(
            seed=options["seed"], validators=options["validators"], replay=options["replay"], world=world
        )
    except ReplayError as exc:
        raise _wrong(f"{exc}.") from exc


def _server(answers: Answers, options: dict[str, Any]) -> RpcServer:
    address = (options["host"], options["port"])
    try:
        return RpcServer(
            address,
            answers,
            faults=parse_fault_plan(options["fault"]),
            seed=options["seed"],
            slow_seconds=options["slow_seconds"],
        )
    except FaultSpecError as exc:
        raise _wrong(f"{exc}.") from exc
    except OSError as exc:
        raise CommandError(f"Cannot listen on {address[0]} port {address[1]}: {exc.strerror}.") from exc


def _title(options: dict[str, Any]) -> str:
    if options["replay"]:
        return f"Replaying {options['replay']}"
    return f"Simulated cluster of {counted(options['validators'], 'validator')} (seed {options['seed']})"


def _exit(signum: int, frame: FrameType | None) -> None:
    sys.exit(0)
