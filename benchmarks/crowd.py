"""Two hundred clients that keep their connections, on a running product: what /healthz takes beside them.

    python -m benchmarks.crowd [--clients 200] [--seconds 60] [--think 1.0] [--one-address]

`manage.py run` with a simulated cluster, in a folder of its own. Each client asks pages and the API in turn,
and waits for `--think` seconds on the mean between two questions; /healthz is asked ten times a second
meanwhile. With --one-address all of them are one, which RATE_LIMIT soon refuses. The exit code is 1 for any
answer of 500 and more; the 99th percentile of /healthz is told beside its bar.
"""

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any

from benchmarks.bars import tell
from benchmarks.fetch_and_score import PROJECT

PATHS = (
    *("/", "/?sort=apy", "/cluster/", "/selection/", "/scores/", "/scores/compare/"),
    *("/api/v1/validators?limit=100", "/api/v1/scores/compare?limit=500", "/api/v1/runs", "/api/v1/cluster"),
)
# Of the 99th percentile of /healthz, in milliseconds.
BAR = 250.0
HEALTH_EVERY = 0.1
PATIENCE = 180.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--think", type=float, default=1.0)
    parser.add_argument("--one-address", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crowd-") as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        environment = {**os.environ, "STATE_DIR": folder, "PORT": str(port), "TRUSTED_PROXIES": "1"}
        argv = [sys.executable, "manage.py", "run"]
        with subprocess.Popen(argv, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL) as run:
            try:
                _wait_for(port, run)
                report = asyncio.run(_measured(port, options))
            finally:
                run.terminate()
    print(json.dumps(report, indent=2))
    tell(f"/healthz beside {options.clients} clients, p99", report["healthz_p99_ms"], "ms", most=BAR)
    sys.exit(1 if report["5xx"] else 0)


def _wait_for(port: int, run: subprocess.Popen[bytes]) -> None:
    """Until everything was fetched and scored."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and run.poll() is None:
        with suppress(OSError):
            connection = HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == HTTPStatus.OK:
                return
        time.sleep(0.5)
    sys.exit("the product did not become ready")


async def _measured(port: int, options: Any) -> dict[str, Any]:
    statuses: Counter[str] = Counter()
    healths: list[float] = []
    took: list[float] = []
    until = time.monotonic() + options.seconds
    clients = [_client(port, number, until, options, statuses, took) for number in range(options.clients)]
    await asyncio.gather(*clients, _health(port, until, healths, statuses))
    return {
        "clients": options.clients,
        "answers": sum(statuses.values()),
        "statuses": dict(sorted(statuses.items())),
        "5xx": sum(many for status, many in statuses.items() if status >= "500"),
        "answer_p50_ms": _percentile(took, 50),
        "answer_p99_ms": _percentile(took, 99),
        "healthz_p50_ms": _percentile(healths, 50),
        "healthz_p99_ms": _percentile(healths, 99),
        "load": round(os.getloadavg()[0], 1),
    }


async def _client(
    port: int, number: int, until: float, options: Any, statuses: Counter[str], took: list[float]
) -> None:
    rng = random.Random(number)
    address = "10.0.0.1" if options.one_address else f"10.1.{number // 250}.{number % 250}"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.monotonic() < until:
        await asyncio.sleep(rng.expovariate(1 / options.think) if options.think else 0)
        began = time.perf_counter()
        try:
            statuses[await _asked(reader, writer, rng.choice(PATHS), address)] += 1
        except (asyncio.IncompleteReadError, ConnectionError):
            # Kept for as long as the server likes.
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            continue
        took.append((time.perf_counter() - began) * 1_000)
    writer.close()


async def _health(port: int, until: float, healths: list[float], statuses: Counter[str]) -> None:
    while time.monotonic() < until:
        began = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        statuses[f"{await _asked(reader, writer, '/healthz', '10.2.0.1')} /healthz"] += 1
        healths.append((time.perf_counter() - began) * 1_000)
        writer.close()
        await asyncio.sleep(HEALTH_EVERY)


async def _asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, address: str) -> str:
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {address}\r\n\r\n"
    writer.write(head.encode())
    answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    fields = dict(line.lower().split(": ", 1) for line in answer.split("\r\n")[1:] if ": " in line)
    if fields.get("transfer-encoding") == "chunked":
        while size := int((await reader.readline()).split(b";")[0], 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    else:
        await reader.readexactly(int(fields.get("content-length", 0)))
    return answer.split(" ", 2)[1]


def _percentile(values: list[float], share: int) -> float:
    return round(sorted(values)[-(-len(values) * share // 100) - 1], 1) if values else 0.0


if __name__ == "__main__":
    main()
