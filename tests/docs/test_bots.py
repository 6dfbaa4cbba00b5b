"""The bots against what is known; a running stack meets them in tests/staking_project/test_run.py."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from django.utils import timezone
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer
from pytest_httpserver import HTTPServer
from standardwebhooks.webhooks import Webhook

from staking_project.stack import free_port
from tests.docs.on_a_stack import BOT
from tests.installation import wait_until
from tests.validators.happening import Kind, happened
from tests.validators.rows import fetch, scoring_run, validator
from validators.models import Fetch, ScoringRun, Validator

SECRET = "whsec_" + "c2VjcmV0" * 4
PROGRAMS = {"bot.py": sys.executable, "bot.mjs": "node"}
FILES = (*PROGRAMS, "listen.py", "listen.mjs")
with_each = pytest.mark.parametrize(
    "file",
    [
        "bot.py",
        pytest.param(
            "bot.mjs",
            marks=pytest.mark.skipif(
                not shutil.which("node"), reason="NO NODE HERE: THE JAVASCRIPT BOT IS NOT RUN BY ANY TEST"
            ),
        ),
    ],
)


@pytest.mark.parametrize("file", FILES)
def test_a_bot_is_read_in_a_minute_and_needs_nothing_installed(file: str) -> None:
    text = (BOT / file).read_text()

    assert text.count("\n") <= 40
    assert "import requests" not in text


@pytest.fixture
def held(live_server: LiveServer, settings: Settings, tmp_path: Path) -> Path:
    """One is held, to which something happened an hour ago and the day before yesterday."""
    settings.SCORE_METHODS = ["baseline-v1"]
    now = timezone.now()
    fetch(stored_at=now)
    one, other = (validator(number, superminority=False) for number in (1, 2))
    scoring_run([(one, 90.0), (other, 80.0)], at=now)
    happened(one, Kind.LEFT, at=now - timedelta(days=2))
    happened(other, Kind.LEFT, at=now - timedelta(hours=1))
    happened(one, Kind.COMMISSION, at=now - timedelta(hours=1))
    file = tmp_path / "held.txt"
    file.write_text("vote1\n")
    return file


@with_each
def test_a_bot_tells_what_changed_since_yesterday_and_then_since_it_asked(
    file: str, held: Path, live_server: LiveServer
) -> None:
    asked = [PROGRAMS[file], str(BOT / file), live_server.url, str(held), "1"]

    first, second = (
        subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True).stdout for _ in range(2)
    )

    assert first.startswith("changed vote1: Its commission went from 5 % to 10 %: seen by one look so far.\n")
    assert first.count("changed") == 1
    assert second == ""
    assert held.read_text() == "vote1\n"


@with_each
@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("foo", 0, "leaves foo: no fetch ever saw it"),
        ("f*o", 1, "events: vote_account: “f*o” has a character, or a length, that it cannot have"),
    ],
)
def test_a_bot_says_what_the_api_says_of_a_typo(
    file: str, held: Path, live_server: LiveServer, line: str, code: int, said: str
) -> None:
    held.write_text(f"vote1\n{line}\n")

    asked = [PROGRAMS[file], str(BOT / file), live_server.url, str(held), "1"]
    bot = subprocess.run(asked, capture_output=True, text=True, timeout=60)

    assert bot.returncode == code, bot
    # Of an error one line, in the API's words, and no trace of the program.
    assert any(line.startswith(said) for line in (bot.stderr if code else bot.stdout).splitlines())
    assert len(bot.stderr.splitlines()) == code


@with_each
def test_who_is_passed_over_is_not_written_down_as_held(
    file: str, held: Path, live_server: LiveServer, tmp_path: Path
) -> None:
    """As a cap passes somebody over that a reader adds to what the bot wants."""
    Validator.objects.filter(vote_account="vote2").update(delinquent=True)
    Validator.objects.filter(vote_account="vote1").update(activated_stake=10**18)
    changed, number = re.subn('(delinquent"?: "?)false', r"\1true", (BOT / file).read_text())
    (tmp_path / file).write_text(changed)

    asked = [PROGRAMS[file], str(tmp_path / file), live_server.url, str(held), "2"]
    told = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True).stdout

    assert number == 1
    assert "passed_over vote2: " in told
    assert held.read_text() == ""


@with_each
@pytest.mark.parametrize("trouble", ["old scores", "no scores", "an old look", "nobody votes"])
def test_a_bot_moves_nothing_by_what_is_old_or_in_doubt(
    file: str, held: Path, live_server: LiveServer, trouble: str
) -> None:
    long_ago = timezone.now() - timedelta(days=2)
    if trouble == "old scores":
        ScoringRun.objects.update(finished_at=long_ago)
    elif trouble == "no scores":
        ScoringRun.objects.all().delete()
    elif trouble == "an old look":
        Fetch.objects.update(stored_at=long_ago)
    else:
        Validator.objects.update(delinquent=True)

    asked = [PROGRAMS[file], str(BOT / file), live_server.url, str(held), "1"]
    bot = subprocess.run(asked, capture_output=True, text=True, timeout=60)

    assert bot.returncode == 1
    said = "100.00 % of the stake is delinquent" if trouble == "nobody votes" else "seen "
    assert bot.stderr.startswith(f"Nothing is moved: {said}")
    assert len(bot.stderr.splitlines()) == 1
    assert held.read_text() == "vote1\n"


@with_each
def test_a_bot_that_is_called_without_a_file_says_how_it_is_called(file: str) -> None:
    bot = subprocess.run(
        [PROGRAMS[file], str(BOT / file), "http://127.0.0.1:1"], capture_output=True, text=True, timeout=60
    )

    assert bot.returncode == 1
    assert f"{file} SITE FILE [SIZE]" in bot.stderr
    assert len(bot.stderr.splitlines()) == 1


@with_each
@pytest.mark.parametrize("answer", [None, (502, "<h1>Bad gateway</h1>"), (200, "<h1>Log in first</h1>")])
def test_a_bot_says_in_a_line_that_no_api_answers(
    file: str, tmp_path: Path, httpserver: HTTPServer, answer: tuple[int, str] | None
) -> None:
    site = f"http://127.0.0.1:{free_port()}"
    if answer is not None:
        status, body = answer
        httpserver.expect_request("/api/v1/selection").respond_with_data(body, status)
        site = httpserver.url_for("").rstrip("/")

    asked = [PROGRAMS[file], str(BOT / file), site, str(tmp_path / "held.txt")]
    bot = subprocess.run(asked, capture_output=True, text=True, timeout=60)

    assert (bot.returncode, bot.stdout) == (1, "")
    assert bot.stderr.startswith("selection: ")
    assert bot.stderr.count("\n") == 1


@with_each
def test_a_bot_that_listens_believes_our_deliveries_alone(
    file: str, held: Path, live_server: LiveServer
) -> None:
    with listening(file, held, live_server.url) as (bot, process):
        answers = [delivered(bot, secret=secret) for secret in ("whsec_" + "Zm9yZ2Vk" * 4, SECRET, SECRET)]
        old = delivered(bot, secret=SECRET, age=timedelta(minutes=6))
        happened(Validator.objects.get(vote_account="vote1"), Kind.DELINQUENCY_BEGAN)
        answers.append(delivered(bot, secret=SECRET))
        process.kill()
        said = process.communicate(timeout=60)[0].splitlines()

    assert answers == [400, 204, 204, 204]
    assert old == 400
    assert [line.split(": ")[1].split()[1] for line in said] == ["commission", "last"]


@contextmanager
def listening(file: str, held: Path, site: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    port = free_port()
    with subprocess.Popen(
        [PROGRAMS[file], str(BOT / file.replace("bot", "listen")), site, str(held), "1"],
        env=os.environ | {"PORT": str(port), "WEBHOOK_SECRET": SECRET},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            bot = f"http://127.0.0.1:{port}/"
            wait_until(lambda: _answers(bot), saying="a bot that listens")
            yield bot, process
        finally:
            process.kill()


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).status_code > 0
    except requests.ConnectionError:
        return False


def delivered(bot: str, *, secret: str, age: timedelta = timedelta()) -> int:
    """The status that the bot answers to a message signed by a library of others."""
    body, at = json.dumps({"type": "validators.events", "data": {"events": []}}), timezone.now() - age
    headers = {
        "webhook-id": "message",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("message", at, body),
    }
    return requests.post(bot, data=body, headers=headers, timeout=30).status_code
