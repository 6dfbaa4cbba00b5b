"""How fast one web process on one core tells the same to many: first answers, repeated ones, a crawler.

    python -m benchmarks.reading [--database sqlite] [--seconds 20] [--before COMMIT]

2,000 validators with some history behind gunicorn with one worker, over HTTP on loopback, each request
counted in Redis as always. Of each answer it prints milliseconds until it is whole, the best and the median,
and the CPU of the web process, which on a busy machine stays what it is. A first answer is of a picture that
is new, by a process that gave the same answer of the one before; a crawler's first visit is of one picture.
While the mixed reading goes on the picture changes every ten seconds. With --before the same is measured, in
turn, of an older commit.
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.bars import tell
from benchmarks.fetch_and_score import DATABASES, PROJECT, database_url
from benchmarks.ten_years import own_redis
from benchmarks.throughput import checkout
from benchmarks.web_process import ask, changing, web

Found = dict[str, Any]

COPIED = tuple(
    f"benchmarks/{name}.py" for name in ("reading", "throughput", "ten_years", "bars", "web_process")
)
WARMING, FIRSTS, REPEATS = 2, 20, 50
# Milliseconds of an answer of 2,000 validators, the best; of mixed reading, a second and at p99.
ANSWER_BARS = {"first": 25.0, "again": 2.0, "unchanged": 1.0}
RATE_BAR, P99_BAR = 500, 50.0
# Of the tables that benchmarks.big_tables fills.
SCALE = 0.007
READERS = 16
CHANGES_EVERY = 10.0
TICKS = os.sysconf("SC_CLK_TCK")
LIST = "/api/v1/validators?limit="
ASKED: dict[str, tuple[str, dict[str, str]]] = {
    "2,000 validators, JSON": (f"{LIST}2000", {}),
    "2,000 validators, CSV": (f"{LIST}2000&format=csv", {}),
    "2,000 validators, JSON, br": (f"{LIST}2000", {"Accept-Encoding": "br"}),
    "the page of 50": ("/", {"Accept-Encoding": "gzip"}),
}
MIXED = (
    *("/", "/?sort=-apy", "/?page=2", "/cluster/", "/scores/", "/scores/compare/", "/events/", "/selection/"),
    *("/api/v1/validators", "/api/v1/validators?limit=500", "/api/v1/cluster", "/api/v1/scoring-runs"),
)
FILL = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from benchmarks.big_tables import fill
fill({scale})
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", choices=DATABASES, default="sqlite")
    parser.add_argument("--seconds", type=float, default=20.0, help="of mixed reading")
    parser.add_argument("--crawled", type=int, default=2_000, help="validators that the crawler visits")
    parser.add_argument("--before", metavar="COMMIT", help="measure this commit as well, and the ratio")
    parser.add_argument("--json", action="store_true", help="one case, for another program")
    options = parser.parse_args()
    if options.json:
        print(json.dumps(measured(options)))
        return 0
    with ExitStack() as stack:
        trees = {"now": PROJECT}
        if options.before:
            trees = {"before": stack.enter_context(checkout(options.before, copied=COPIED))} | trees
        found = {name: case(tree, options) for name, tree in trees.items()}
    print("\n".join(table(found)))
    tell_bars(found["now"], options.database)
    return 0


def case(tree: Path, options: argparse.Namespace) -> Found:
    """In a process of that checkout, so that it measures its own code."""
    words = ["--json", "--database", options.database, "--seconds", str(options.seconds)]
    words += ["--crawled", str(options.crawled)]
    command = [sys.executable, "-m", "benchmarks.reading", *words]
    told = subprocess.run(command, cwd=tree, stdout=subprocess.PIPE, text=True, check=True).stdout
    found: Found = json.loads(told.splitlines()[-1])
    return found


def measured(options: argparse.Namespace) -> Found:
    with database_url(options.database) as url, tempfile.TemporaryDirectory() as state, own_redis() as redis:
        environment = os.environ | {
            "DATABASE_URL": url,
            "REDIS_URL": redis,
            "STATE_DIR": state,
            "RATE_LIMIT": "1000000000",
            "DJANGO_SETTINGS_MODULE": "staking_project.settings",
            "LOG_LEVEL": "WARNING",
        }
        fill = [sys.executable, "-c", FILL.format(scale=SCALE)]
        subprocess.run(fill, env=environment, stdout=subprocess.DEVNULL, check=True)
        with web(environment) as (port, pid), changing(environment) as change:
            connection = HTTPConnection("127.0.0.1", port, timeout=60)
            found: Found = {name: asked(connection, pid, change, *what) for name, what in ASKED.items()}
            found["crawler"] = crawled(connection, pid, options.crawled, change)
            found["mixed"] = asyncio.run(mixed(port, pid, options.seconds, change))
            found["load"] = os.getloadavg()[0]
    return found


def asked(
    connection: HTTPConnection, pid: int, change: Callable[[], None], address: str, headers: dict[str, str]
) -> Found:
    """Of first answers, the same again, and unchanged ones: best, median and CPU, in milliseconds."""
    for _ in range(WARMING):
        change()
        ask(connection, address, headers)
    first = _timed(connection, pid, [(address, headers)] * FIRSTS, before_each=change)
    tag = ask(connection, address, headers)
    unchanged = headers | {"If-None-Match": tag} if tag else headers
    return {
        "first": first,
        "again": _timed(connection, pid, [(address, headers)] * REPEATS),
        "unchanged": _timed(connection, pid, [(address, unchanged)] * REPEATS),
    }


def crawled(connection: HTTPConnection, pid: int, most: int, change: Callable[[], None]) -> Found:
    """Every validator's page and document, and again."""
    connection.request("GET", f"{LIST}{most}")
    items = json.loads(connection.getresponse().read())["items"]
    places = [
        address.format(one["vote_account"])
        for one in items
        for address in ("/validators/{}/", "/api/v1/validators/{}")
    ]
    asks = [(place, {"Accept-Encoding": "gzip"}) for place in places]
    change()
    return {name: _timed(connection, pid, asks) for name in ("first", "again")}


async def mixed(port: int, pid: int, seconds: float, change: Callable[[], None]) -> Found:
    took: list[float] = []
    cpu, began = _cpu(pid), time.monotonic()
    readers = [_reader(port, number, began + seconds, took) for number in range(READERS)]
    changer = asyncio.create_task(_change(change))
    await asyncio.gather(*readers)
    changer.cancel()
    passed = time.monotonic() - began
    told = {share: sorted(took)[int(len(took) * share)] * 1_000 for share in (0.5, 0.99)}
    return {
        "rate": len(took) / passed,
        "p50": told[0.5],
        "p99": told[0.99],
        "cpu": (_cpu(pid) - cpu) * 1_000 / len(took),
    }


async def _change(change: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(CHANGES_EVERY)
        await asyncio.to_thread(change)


async def _reader(port: int, number: int, until: float, took: list[float]) -> None:
    """One browser after the other: half of what is asked, somebody has already."""
    dice, tags = random.Random(number), dict[str, str]()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.monotonic() < until:
        place = dice.choice(MIXED)
        tag = f"If-None-Match: {tags[place]}\r\n" if place in tags and dice.random() < 0.5 else ""
        head = f"GET {place} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n{tag}\r\n"
        began = time.perf_counter()
        writer.write(head.encode())
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        fields = dict(line.lower().split(": ", 1) for line in answer.split("\r\n")[1:] if ": " in line)
        if " 304 " not in answer[:20]:
            await reader.readexactly(int(fields["content-length"]))
        took.append(time.perf_counter() - began)
        if "etag" in fields:
            tags[place] = answer[answer.lower().index("\r\netag: ") + 8 :].partition("\r\n")[0]
        if fields.get("connection") == "close":
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


def _timed(
    connection: HTTPConnection,
    pid: int,
    asks: list[tuple[str, dict[str, str]]],
    before_each: Callable[[], None] = lambda: None,
) -> Found:
    took, cpu = [], _cpu(pid)
    for address, headers in asks:
        before_each()
        began = time.perf_counter()
        ask(connection, address, headers)
        took.append((time.perf_counter() - began) * 1_000)
    return {
        "best": min(took),
        "median": median(took),
        "cpu": (_cpu(pid) - cpu) * 1_000 / len(asks),
        "seconds": sum(took) / 1_000,
    }


def _cpu(pid: int) -> float:
    """Seconds that this process has used."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS


def tell_bars(found: Found, database: str) -> None:
    for what in ("2,000 validators, JSON", "2,000 validators, CSV"):
        for kind, bar in ANSWER_BARS.items():
            tell(f"{what}, {kind}, {database}", found[what][kind]["best"], "ms", most=bar)
    tell(f"mixed reading, {database}", found["mixed"]["rate"], "answers/s", least=RATE_BAR)
    tell(f"mixed reading, p99, {database}", found["mixed"]["p99"], "ms", most=P99_BAR)


def table(found: dict[str, Found]) -> Iterator[str]:
    loads = ", ".join(f"{name} {one['load']:.1f}" for name, one in found.items())
    yield f"load on {os.cpu_count()} cores: {loads}"
    yield f"{'milliseconds':<40} {'':<7} {'best':>8} {'median':>8} {'CPU':>8}"
    for what in (*ASKED, "crawler"):
        for kind in found["now"][what]:
            for name, one in found.items():
                row = one[what][kind]
                yield (
                    f"{what + ', ' + kind:<40} {name:<7} {row['best']:>8.2f} {row['median']:>8.2f} "
                    f"{row['cpu']:>8.2f}"
                )
            if "before" in found:
                before, now = found["before"][what][kind], found["now"][what][kind]
                ratios = (before[key] / max(now[key], 0.01) for key in ("best", "median", "cpu"))
                yield f"{'':<40} ratio   " + " ".join(f"{ratio:>8.1f}" for ratio in ratios)
    for name, one in found.items():
        row = one["mixed"]
        yield (
            f"mixed reading by {READERS}, {name}: {row['rate']:.0f}/s, p50 {row['p50']:.1f} ms, p99 "
            f"{row['p99']:.1f} ms, {row['cpu']:.2f} ms of CPU each"
        )


if __name__ == "__main__":
    sys.exit(main())
