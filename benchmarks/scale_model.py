"""What one PostgreSQL bears: its core, sessions and WAL by hosts and schedules, from what was measured.

    python -m benchmarks.scale_model [--hosts 1 10 100] [--schedules 1000 10000 100000] [--every 60]

Pure arithmetic: a run costs more where more clusters than cores share a machine, else the same however many
there are; an idle cluster the same however many schedules there are, for a tick reads 16 pages of an index
at most. A test holds the model to `POINTS`, measured by `benchmarks.throughput`; beyond, it is a reckoning.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final, NamedTuple

SECONDS_OF_A_DAY: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Of one run: milliseconds of CPU of the server and of everything else, statements, bytes of WAL.

    `idle` is milliseconds of the server's CPU in a second in which nothing is due, `sessions` all of them.
    """

    clusters: int
    server: float
    others: float
    statements: float
    wal: float
    idle: float
    sessions: int


# `python -m benchmarks.throughput --json --database postgresql --clusters N`, 1,000 runs due at once, so many
# cores with nothing else to do, 2026-11-27.
CORES: Final = 2
POINTS: Final = (
    Point(clusters=1, server=0.49, others=1.07, statements=1.11, wal=4_353, idle=6.1, sessions=4),
    Point(clusters=2, server=0.56, others=1.28, statements=1.11, wal=4_381, idle=8.4, sessions=8),
    Point(clusters=4, server=0.79, others=1.75, statements=1.16, wal=4_881, idle=11.8, sessions=16),
    Point(clusters=8, server=0.78, others=1.92, statements=1.24, wal=4_394, idle=15.8, sessions=32),
)


class Cost(NamedTuple):
    """Of one run, as in a Point."""

    server: float
    others: float


def _mean_cost(points: Sequence[Point]) -> Cost:
    return Cost(fmean(one.server for one in points), fmean(one.others for one in points))


FREE: Final = _mean_cost([one for one in POINTS if one.clusters <= CORES])
CROWDED: Final = _mean_cost([one for one in POINTS if one.clusters > CORES])
WAL_OF_A_RUN: Final = fmean(one.wal for one in POINTS)
# While nothing is due: of the server's own processes, and of each cluster, which has two workers.
IDLE_SERVER_MS: Final = 6.0
IDLE_MS: Final = 1.3
# With a web server beside the cluster, as docs/operations.md adds them up; a cluster whose tasks do nothing
# holds four.
SESSIONS_OF_A_HOST: Final = 21
# How far a point may lie from the model.
TOLERANCE: Final = 0.3
# A core that is busier than this makes who comes wait.
FULL: Final = 0.7
# PostgreSQL's own setting is 100, and each session more is a process; from there on a pooler.
MOST_SESSIONS: Final = 300
MOST_WAL_OF_A_DAY: Final = 500e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is asked of the database: hosts with a cluster each, and schedules that are due every so often."""

    hosts: int
    schedules: int
    every_seconds: float

    @property
    def runs_a_second(self) -> float:
        return self.schedules / self.every_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Cores of the server, cores of all hosts together, sessions, and bytes of WAL in a day."""

    server_cores: float
    host_cores: float
    sessions: int
    wal_a_day: float

    @property
    def limits(self) -> tuple[str, ...]:
        """What ends first, on a server with one core for this."""
        passed = {
            "core": self.server_cores > FULL,
            "sessions": self.sessions > MOST_SESSIONS,
            "WAL": self.wal_a_day > MOST_WAL_OF_A_DAY,
        }
        return tuple(name for name, is_passed in passed.items() if is_passed)


def cost_of_a_run(clusters: int) -> Cost:
    """On a machine like that of the points."""
    return FREE if clusters <= CORES else CROWDED


def idle_ms(clusters: int) -> float:
    """Of the server's CPU in a second."""
    return IDLE_SERVER_MS + clusters * IDLE_MS


def need(load: Load) -> Need:
    """Each host has cores of its own; on the server's their sessions meet."""
    runs = load.runs_a_second
    return Need(
        server_cores=(runs * cost_of_a_run(load.hosts).server + idle_ms(load.hosts)) / 1_000,
        host_cores=runs * FREE.others / 1_000,
        sessions=load.hosts * SESSIONS_OF_A_HOST,
        wal_a_day=runs * WAL_OF_A_RUN * SECONDS_OF_A_DAY,
    )


def most_runs_a_second(hosts: int) -> float:
    """With which the server's core is full."""
    return max(0.0, FULL * 1_000 - idle_ms(hosts)) / cost_of_a_run(hosts).server


def table(hosts: Sequence[int], schedules: Sequence[int], every_seconds: float) -> Iterator[str]:
    """For docs/scale.md."""
    yield "| hosts | schedules | runs/s | server's cores | hosts' cores | sessions | WAL a day | over |"
    yield "|---|---|---|---|---|---|---|---|"
    for number in hosts:
        for many in schedules:
            load = Load(hosts=number, schedules=many, every_seconds=every_seconds)
            found = need(load)
            yield (
                f"| {number:,} | {many:,} | {load.runs_a_second:,.0f} | {found.server_cores:.2f} "
                f"| {found.host_cores:.2f} | {found.sessions:,} | {found.wal_a_day / 1e9:,.1f} GB "
                f"| {', '.join(found.limits) or '-'} |"
            )
    for number in hosts:
        yield f"| {number:,} | | {most_runs_a_second(number):,.0f} | {FULL:.2f} | | | | full |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hosts", type=int, nargs="+", default=(1, 10, 100))
    parser.add_argument("--schedules", type=int, nargs="+", default=(1_000, 10_000, 100_000))
    parser.add_argument("--every", type=float, default=60, help="seconds between two runs of a schedule")
    options = parser.parse_args()
    print("\n".join(table(options.hosts, options.schedules, options.every)))


if __name__ == "__main__":
    main()
