import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from tests.validators.simulator.client import ask
from validators.simulator.temperaments import SMALLEST_CLUSTER_WITH_RARE_ONES

SECONDS_TO_STOP = 5.0
# Its first answer needs no epoch drawn that has paid lamports.
QUICK = ("--alpenglow-epoch", "never")


@contextmanager
def started(*arguments: str, state: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in a process of its own and the line it printed."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "simulate_cluster", "--port", "0", *arguments],
        cwd=settings.BASE_DIR,
        env=os.environ | {"STATE_DIR": str(state)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_one_line_serves_and_ends_at_once_on_a_signal(
    stop_signal: signal.Signals, tmp_path: Path
) -> None:
    with started(*QUICK, "--validators", "30", "--epoch-seconds", "60", state=tmp_path) as (process, line):
        match = re.fullmatch(
            r"Simulated cluster of 30 validators \(seed 7\) at (http://127\.0\.0\.1:\d+)\n", line
        )
        assert match, line
        accounts = ask(match[1], "getVoteAccounts", {"keepUnstakedDelinquents": True})
        asked_to_stop = time.monotonic()
        process.send_signal(stop_signal)
        rest, complaints = process.communicate(timeout=SECONDS_TO_STOP)

    assert sum(map(len, accounts.values())) == 30 >= SMALLEST_CLUSTER_WITH_RARE_ONES
    assert time.monotonic() - asked_to_stop < SECONDS_TO_STOP
    assert (process.returncode, rest, complaints) == (0, "", "")


def test_a_request_in_flight_does_not_delay_the_end(tmp_path: Path) -> None:
    with started(*QUICK, "--validators", "3", "--fault", "hang:1", state=tmp_path) as (process, line):
        port = int(line.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
            process.terminate()
            process.wait(timeout=SECONDS_TO_STOP)

    assert process.returncode == 0


def test_it_goes_on_after_a_restart_where_the_clock_says(tmp_path: Path) -> None:
    answers = []
    for _ in range(2):
        with started(*QUICK, "--validators", "3", "--epoch-seconds", "60", state=tmp_path) as (_, line):
            url = line.split(" at ")[1].strip()
            answers.append((ask(url, "getGenesisHash"), ask(url, "getSlot")))

    assert answers[0][0] == answers[1][0]
    assert answers[0][1] < answers[1][1]


def test_by_default_it_is_mainnet_of_today(tmp_path: Path) -> None:
    with started("--validators", "24", state=tmp_path) as (_, line):
        url = line.split(" at ")[1].strip()
        slot, certificate = ask(url, "getSlot"), ask(url, "getAgGenesisCert")

    assert slot >= 1_100 * 432_000
    assert certificate["slot"] == 1_064 * 432_000 + 216_000


def test_a_replay_names_its_directory(tmp_path: Path) -> None:
    (tmp_path / "getSlot.json").write_text('{"result": 5}')
    with started("--replay", str(tmp_path), state=tmp_path) as (_, line):
        assert line.startswith(f"Replaying {tmp_path} at http://127.0.0.1:")
        assert ask(line.split(" at ")[1].strip(), "getSlot") == 5


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--validators", "0"], "--validators must be at least 1"),
        (["--epoch-seconds", "0"], "--epoch-seconds must be more than 0"),
        (["--epoch-seconds", "nan"], "--epoch-seconds must be more than 0"),
        (["--slow-seconds", "-1"], "--slow-seconds must not be negative"),
        (["--port", "70000"], "--port must be from 0 to 65535"),
        (["--fault", "503:1"], "Unknown fault '503'"),
        (["--replay", "no/such/place"], "no/such/place is not a directory"),
        (["--slot-times", "1020"], "Slot time '1020' is not an epoch and milliseconds"),
        (["--slot-times", "1020:390"], "Slot time '1020:390' is not one of 350, 300, 250, 200 ms"),
        (["--alpenglow-epoch", "soon"], "'soon' is neither the number of an epoch nor `never`"),
        (["--origin", "yesterday"], "'yesterday' is not a date and time"),
        (["--epochs", "0"], "--epochs must be from 1 to 300"),
        (["--history", "no/such/place.csv"], "Cannot write no/such/place.csv: No such file or directory"),
        (["--history", "past.csv", "--replay", "."], "a replay has none"),
    ],
)
def test_what_cannot_work_is_said_in_a_sentence(arguments: list[str], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint):
        call_command("simulate_cluster", *arguments)


def test_a_port_in_use_is_said_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(
            CommandError, match=f"Cannot listen on 127.0.0.1 port {port}: Address already in use"
        ):
            call_command("simulate_cluster", "--validators", "3", "--port", str(port))
