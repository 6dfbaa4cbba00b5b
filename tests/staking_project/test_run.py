"""`manage.py run`: the whole stack on one machine, as a newcomer starts it."""

import contextlib
import fcntl
import json
import os
import pty
import signal
import socket
import sqlite3
import subprocess
import sys
import termios
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
import requests
from django.conf import settings

from staking_project.stack import free_port
from tests.docs.on_a_stack import start_the_bots, type_the_tours
from tests.installation import alive, wait_until
from tests.staking_project.privacy import open_to_others
from validators.simulator.temperaments import SMALLEST_CLUSTER_WITH_RARE_ONES

pytestmark = pytest.mark.processes

# For what does not depend on how many validators there are; the fifteen hundred keep a processor busy.
SMALL = ("-m", "tests.staking_project.small_run")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """As a shell has it that knows nothing of Redis, Solana or a database; the path has a space."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    without = {"REDIS_URL", "DATABASE_URL", "SOLANA_RPC_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE"}
    kept = {name: value for name, value in os.environ.items() if name not in without}
    return kept | {"STATE_DIR": str(folder), "PORT": str(free_port())}


def run(
    environment: dict[str, str], *words: str, program: Sequence[str] = ("manage.py",)
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *program, "run", *words],
        env=environment,
        cwd=settings.BASE_DIR,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def started(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = run(environment, program=SMALL)
    yield process
    end(process)


def end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
    process.communicate()


def descendants(pid: int) -> set[int]:
    """Every process below this one."""
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            below = {int(child) for child in task.read_text().split()}
            waiting += below
            found |= below
    return found


def has_scored(environment: dict[str, str]) -> bool:
    """Whether a scoring run of this copy has succeeded, by its own database."""
    path = Path(environment["STATE_DIR"]) / "db.sqlite3"
    asked = (
        "SELECT 1 FROM scheduling_run run JOIN scheduling_job job ON job.id = run.job_id "
        "WHERE job.name = 'score-repeatable' AND run.state = 'succeeded'"
    )
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=20)
        ) as database:
            return database.execute(asked).fetchone() is not None
    except sqlite3.OperationalError:  # not there yet, or without its tables
        return False


@pytest.mark.storm
def test_two_copies_at_once_each_fetch_score_are_toured_report_and_end_on_either_signal_leaving_nothing(
    environment: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    other = environment | {"PORT": str(free_port()), "STATE_DIR": str(tmp_path / "other")}
    (tmp_path / "other").mkdir()
    environments = [environment, other]
    # One as a newcomer starts it; two of these would keep two processors busy for minutes.
    programs: list[Sequence[str]] = [("manage.py",), SMALL]
    copies = [
        run(each, "--seconds", "600", "--json", program=program)
        for each, program in zip(environments, programs, strict=True)
    ]
    for copy in copies:
        request.addfinalizer(partial(end, copy))
    wait_until(lambda: all(map(has_scored, environments)), seconds=300, saying="a score of each")
    everyone = set().union(*(descendants(copy.pid) for copy in copies))
    assert len(everyone) >= 2 * 9
    for each in environments:
        page = f"http://127.0.0.1:{each['PORT']}/admin/login/"
        assert requests.get(page, timeout=20).status_code == 200
        state = Path(each["STATE_DIR"])
        assert open_to_others(state) == []
        assert {"db.sqlite3", "secret_key", "redis.log"} <= {path.name for path in state.iterdir()}
    assert_it_ends_well(copies[0], signal.SIGINT, validators=1500)
    type_the_tours(other)
    start_the_bots(f"http://127.0.0.1:{other['PORT']}", tmp_path)
    assert_it_ends_well(copies[1], signal.SIGTERM, validators=SMALLEST_CLUSTER_WITH_RARE_ONES)
    assert [pid for pid in everyone if alive(pid)] == []
    assert not [left for each in environments for left in Path(each["STATE_DIR"]).glob("run-*.json")]


def assert_it_ends_well(copy: subprocess.Popen[str], stop: signal.Signals, *, validators: int) -> None:
    """On a signal it prints what it did: every run on time, everybody scored, nothing left."""
    copy.send_signal(stop)
    out, err = copy.communicate(timeout=120)
    assert copy.returncode == 0, err
    document = json.loads(out)
    assert document["orphans"] == 0
    assert document["validators"] == validators
    assert document["scores"] > validators / 2
    for name in ("fetch-repeatable", "score-repeatable"):
        assert document["runs"][name]["succeeded"] >= 1
        assert document["runs"][name]["failed"] == 0
        assert set(document["runs"][name]["lateness_ms"]) == {"p50", "p99", "max"}
    assert "This talks to the built-in simulated cluster; for mainnet: SOLANA_RPC_URL=" in err
    assert "shown this once" in err
    assert err.endswith("Everything has ended.\n")


@pytest.mark.parametrize("nohup", [False, True])
def test_a_terminal_that_is_closed_ends_it_in_order_but_not_under_nohup(
    environment: dict[str, str], request: pytest.FixtureRequest, nohup: bool
) -> None:
    started = subprocess.Popen(
        [*(["nohup"] if nohup else []), sys.executable, *SMALL, "run"],
        env=environment,
        cwd=settings.BASE_DIR,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    request.addfinalizer(partial(end, started))
    state = Path(environment["STATE_DIR"]) / f"run-{environment['PORT']}.json"
    wait_until(state.exists, seconds=60, saying="the file of its state")

    started.send_signal(signal.SIGHUP)
    if nohup:
        wait_until(lambda: len(descendants(started.pid)) >= 9, seconds=60, saying="the whole stack")
        started.terminate()

    assert started.communicate(timeout=60)[1].endswith("Everything has ended.\n")
    assert started.returncode == 0
    assert not state.exists()


def test_a_terminal_that_takes_no_words_any_more_leaves_the_exit_code_of_an_orderly_end(
    environment: dict[str, str], request: pytest.FixtureRequest
) -> None:
    ours, its = pty.openpty()
    started = subprocess.Popen(
        [sys.executable, *SMALL, "run"],
        env=environment,
        cwd=settings.BASE_DIR,
        stdin=its,
        stdout=its,
        stderr=its,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(2, termios.TIOCSCTTY, 0),
    )
    request.addfinalizer(partial(end, started))
    os.close(its)
    told = b""
    while b"Ctrl-C ends everything." not in told:
        told += os.read(ours, 4096)

    os.close(ours)

    assert started.wait(60) == 0
    assert not (Path(environment["STATE_DIR"]) / f"run-{environment['PORT']}.json").exists()


def test_killing_it_outright_leaves_no_process_behind_and_a_second_start_works_at_once(
    started: subprocess.Popen[str], environment: dict[str, str]
) -> None:
    wait_until(lambda: len(descendants(started.pid)) >= 9, seconds=60, saying="the whole stack")
    everyone = descendants(started.pid)

    started.kill()

    wait_until(lambda: not any(map(alive, everyone)), seconds=10, saying="the end of every process")
    again = run(environment, "--seconds", "1", "--json", program=SMALL)
    _, err = again.communicate(timeout=60)

    assert "password as shown when it was created" in err
    assert "shown this once" not in err
    assert "\nEverything has ended.\n" in err


def test_of_two_that_start_at_once_on_one_port_the_second_leaves_the_first_its_redis(
    environment: dict[str, str],
) -> None:
    copies = [run(environment, program=SMALL) for _ in range(2)]
    try:
        [second] = wait_until(lambda: [one for one in copies if one.poll() is not None], saying="a refusal")
        first = copies[1 - copies.index(second)]

        assert f"Port {environment['PORT']} of 127.0.0.1 cannot be had" in second.communicate()[1]
        assert second.returncode == 1
        assert first.poll() is None
        folder = Path(environment["STATE_DIR"])
        assert json.loads((folder / f"run-{environment['PORT']}.json").read_text())["pid"] == first.pid
        with socket.socket(socket.AF_UNIX) as redis:
            redis.connect(str(folder / f"redis-{environment['PORT']}.sock"))
    finally:
        for one in copies:
            end(one)


def test_a_port_that_is_taken_is_named_with_the_way_out(environment: dict[str, str]) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", int(environment["PORT"])))
        listener.listen()
        process = run(environment)
        _, err = process.communicate(timeout=60)

    assert process.returncode == 1
    assert f"Port {environment['PORT']} of 127.0.0.1 cannot be had" in err
    assert f"PORT={int(environment['PORT']) + 1} make run" in err


def test_a_folder_that_cannot_be_written_is_named(environment: dict[str, str]) -> None:
    """As root may write everywhere, a folder stands where the file belongs."""
    lock = Path(environment["STATE_DIR"]) / "run.lock"
    lock.mkdir()
    process = run(environment)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 1
    assert f"STATE_DIR {lock.parent}: Is a directory ({lock}); name a folder that can be written" in err
    assert "Traceback" not in err


def test_without_a_single_success_it_says_so_and_exits_1(environment: dict[str, str]) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}/a-key-of-the-provider"
    process = run(environment | {"SOLANA_RPC_URL": endpoint}, "--seconds", "5", "--json")
    found = Path(environment["STATE_DIR"]) / f"run-{environment['PORT']}.json"
    wait_until(found.exists, seconds=60, saying="where the embedded Redis is")
    told = json.loads(found.read_text())
    out, err = process.communicate(timeout=90)

    # What the environment holds stays there.
    assert set(told) == {"pid", "database", "redis_url"}

    assert process.returncode == 1
    document = json.loads(out)
    assert document["runs"]["fetch-repeatable"]["succeeded"] == 0
    assert document["validators"] == 0
    assert "No run of fetch-repeatable and score-repeatable succeeded in this time." in err


def test_it_keeps_the_mode_that_the_schedules_are_in(environment: dict[str, str]) -> None:
    for words in (("migrate", "-v0"), ("scheduler", "setup", "production")):
        argv = [sys.executable, "manage.py", *words]
        subprocess.run(argv, env=environment, cwd=settings.BASE_DIR, check=True, stdout=subprocess.DEVNULL)

    process = run(environment, "--seconds", "0.1", program=SMALL)
    _, err = process.communicate(timeout=120)

    assert "The schedules stay in mode production; `scheduler setup test` switches. Ctrl-C" in err
    path = Path(environment["STATE_DIR"]) / "db.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT DISTINCT mode FROM scheduling_job").fetchall() == [("production",)]
