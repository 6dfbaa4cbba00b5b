"""The two receivers that docs/subscriptions.md shows, as they stand there, against what we really send."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings as configured
from pytest_django.fixtures import Settings

from scheduling.clock import database_now
from staking_project.stack import free_port
from tests.installation import wait_until
from tests.validators.rows import validator
from tests.validators.subscriptions.receiving import Kind, happens, token
from validators.reading.events import events_after
from validators.services.subscriptions import subscribe
from validators.subscriptions.sending import message_of, post

pytestmark = pytest.mark.django_db

GUIDE = Path(configured.BASE_DIR) / "docs" / "subscriptions.md"


@contextmanager
def running(language: str, folder: Path, *, secret: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    [code] = re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    interpreter, name = {"python": (sys.executable, "x.py"), "javascript": ("node", "x.mjs")}[language]
    (folder / name).write_text(code)
    port = free_port()
    with subprocess.Popen(
        [interpreter, name],
        cwd=folder,
        env=os.environ | {"PORT": str(port), "WEBHOOK_SECRET": secret},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            wait_until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, saying="a receiver")
            yield f"http://127.0.0.1:{port}/", process
        finally:
            process.kill()


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_what_the_guide_shows_takes_what_is_ours_once_and_refuses_the_rest(
    language: str, tmp_path: Path, settings: Settings
) -> None:
    if language == "javascript" and shutil.which("node") is None:
        pytest.skip("node is not installed")
    settings.SUBSCRIPTION_NETWORKS = ["127.0.0.0/8"]
    made = subscribe(token()[0], url="https://example.org", validators=[], kinds=[], now=database_now())
    happens(validator(1), Kind.LEFT)
    body, headers = message_of(made.subscription, events_after(0, limit=9), now=database_now())

    with running(language, tmp_path, secret=made.secret) as (url, process):
        answers = [
            post(url, body, headers).status,
            post(url, body, headers).status,
            post(url, body.replace(b"vote1", b"vote2"), headers).status,
            post(url, body, headers | {"webhook-timestamp": "1"}).status,
            post(url, body, {"content-type": "application/json"}).status,
            post(url, body, headers | {"webhook-signature": "v1,\u00e9"}).status,
        ]
        process.kill()
        told, complaints = process.communicate()

    assert answers == [204, 204, 400, 400, 400, 400]
    assert "Traceback" not in complaints
    assert told == "1 vote1 It left the cluster.\n"
