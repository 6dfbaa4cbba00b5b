"""What one PostgreSQL bears: its core, sessions and WAL by hosts and schedules, from what was measured.

    python -m benchmarks.scale_model [--hosts 1 10 100] [--schedules 1000 10000 100000] [--every 60]

Pure arithmetic: a run costs the same however many clusters there are, an idle cluster the same however
many schedules there are (a tick reads 16 pages of an index at most). `POINTS` are those measured by
`benchmarks.throughput`, and a test holds the model to them; beyond them it is a reckoning and no measurement.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

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


# `python -m benchmarks.throughput --json --database postgresql --clusters N`, 1,000 runs due at once, two
# cores, 2026-11-26 on a machine that did the work of many.
POINTS: Final = (
    Point(clusters=1, server=0.94, others=2.17, statements=1.19, wal=3_514, idle=3.5, sessions=4),
    Point(clusters=1, server=0.76, others=1.78, statements=1.14, wal=3_519, idle=7.7, sessions=4),
    Point(clusters=2, server=0.91, others=2.15, statements=1.25, wal=3_538, idle=5.9, sessions=8),
    Point(clusters=2, server=0.95, others=2.26, statements=1.27, wal=3_514, idle=5.9, sessions=8),
    Point(clusters=4, server=0.96, others=2.31, statements=1.37, wal=2_505, idle=30.4, sessions=16),
)
# The means of those points.
SERVER_MS: Final = 0.91
OTHERS_MS: Final = 2.13
WAL_OF_A_RUN: Final = 3_318
# Of each cluster, which has two workers.
IDLE_MS: Final = 4.9
# With a web server beside the cluster, as docs/operations.md adds them up; a cluster whose tasks do nothing
# holds four.
SESSIONS_OF_A_HOST: Final = 21
# How far a point may lie from the model: its CPU on a busy machine differs by as much from itself.
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


def need(load: Load) -> Need:
    runs = load.runs_a_second
    return Need(
        server_cores=(runs * SERVER_MS + load.hosts * IDLE_MS) / 1_000,
        host_cores=runs * OTHERS_MS / 1_000,
        sessions=load.hosts * SESSIONS_OF_A_HOST,
        wal_a_day=runs * WAL_OF_A_RUN * SECONDS_OF_A_DAY,
    )


def most_runs_a_second(hosts: int) -> float:
    """With which the server's core is full."""
    return max(0.0, FULL * 1_000 - hosts * IDLE_MS) / SERVER_MS


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
