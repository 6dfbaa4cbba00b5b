"""The files in docs/proxy, run by a real nginx and a real Caddy where they are installed."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from staking_project.front.sizes import LARGEST_BODY
from tests.installation import wait_until

PROXIES = Path(__file__).parents[3] / "docs" / "proxy"

pytestmark = pytest.mark.processes


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found: int = free.getsockname()[1]
    return found


@contextmanager
def running(argv: list[str], port: int, folder: Path) -> Iterator[None]:
    home = {"XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    process = subprocess.Popen(argv, env=os.environ | home)
    try:
        wait_until(lambda: listens(port), seconds=20)
        yield
    finally:
        process.terminate()
        process.wait()


def listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def site(tmp_path: Path) -> Iterator[int]:
    port = free_port()
    argv = ["gunicorn", "tests.staking_project.front.plain_app", "--bind", f"127.0.0.1:{port}"]
    argv += ["--config", "python:staking_project.gunicorn_config", "--log-level", "error"]
    with running([sys.executable, "-m", *argv], port, tmp_path):
        yield port


def in_nginx(folder: Path, port: int, site: int, more: str = "") -> list[str]:
    text = (PROXIES / "nginx.conf").read_text().replace("127.0.0.1:8000", f"127.0.0.1:{site}")
    text = text.replace("    location / {", f"{more}\n    location / {{", 1)
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    text = text.replace("listen 80;", f"listen 127.0.0.1:{free_port()};")
    text = re.sub(r"ssl_certificate\w* .*;", "", text)
    folders = (f"{name}_temp_path {folder};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    before = f"daemon off; pid {folder}/pid; error_log stderr crit; events {{}}\n"
    # Else it would give its folders to nobody.
    before = f"user root; {before}" if os.geteuid() == 0 else before
    made = folder / "nginx.conf"
    made.write_text(f"{before}http {{ access_log off; {' '.join(folders)}\n{text} }}")
    return ["nginx", "-c", str(made)]


def in_caddy(folder: Path, port: int, site: int) -> list[str]:
    text = (PROXIES / "Caddyfile").read_text().replace("127.0.0.1:8000", f"127.0.0.1:{site}")
    text = text.replace(
        "staking.example.org {", f"http://127.0.0.1:{port}, http://staking.example.org:{port} {{"
    )
    text = text.replace("{\n\tservers", "{\n\tadmin off\n\tservers", 1)
    made = folder / "Caddyfile"
    made.write_text(text)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(made)]


def installed(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


class NobodyIsLoggedIn(BaseHTTPRequestHandler):
    """Stands in for oauth2-proxy: whoever brings the word is let in."""

    def do_GET(self) -> None:
        self.send_response(202 if self.headers["Cookie"] == "second=factor" else 401)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_staff_pages_may_want_a_second_factor(site: int, tmp_path: Path) -> None:
    nginx, port = installed("nginx"), free_port()
    with ThreadingHTTPServer(("127.0.0.1", 0), NobodyIsLoggedIn) as asks:
        Thread(target=asks.serve_forever, daemon=True).start()
        own = (PROXIES / "nginx-staff.conf").read_text().replace(":4180", f":{asks.server_port}")
        argv = in_nginx(tmp_path, port, site, own)
        with running([nginx, *argv[1:]], port, tmp_path):
            for path in ("/admin/", "/operations/", "/operations/runs/?text=x"):
                assert asked(port, path)[0] == 302
                assert asked(port, path, cookie="second=factor")[0] == 200
            for path in ("/", "/api/v1/validators", "/administrator"):
                assert asked(port, path)[0] == 200
            assert asked(port, "/oauth2/auth")[0] == 404
        asks.shutdown()


@pytest.mark.parametrize("made_for", [in_nginx, in_caddy], ids=["nginx", "caddy"])
def test_what_the_proxy_promises_holds(made_for: object, site: int, tmp_path: Path) -> None:
    assert callable(made_for)
    port = free_port()
    argv = made_for(tmp_path, port, site)
    argv[0] = installed(argv[0])
    with running(argv, port, tmp_path):
        for probe in ("/healthz", "/readyz", "/metrics"):
            assert asked(port, probe)[0] == 404
        assert asked(port, "/", b"x" * 900_000) == (200, b"/ 900000")
        if made_for is in_nginx:
            assert asked(port, "/", b"x" * (LARGEST_BODY + 100_000))[0] == 413
        # TRUSTED_PROXIES=1 takes the last word, which the client did not write.
        assert asked(port, "/for", forwarded="10.0.0.1")[1].endswith(b" 127.0.0.1")


def asked(
    port: int, path: str, body: bytes | None = None, forwarded: str = "", cookie: str = ""
) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    given = {"Host": f"staking.example.org:{port}", "X-Forwarded-For": forwarded, "Cookie": cookie}
    headers = {name: value for name, value in given.items() if value}
    try:
        connection.request("POST" if body else "GET", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
