"""What `monitor --watch` shows: it fits every screen, the most urgent comes first, and nothing steers it."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from scheduling.management.monitor_screen import problem_screen, screen_of, widths_within
from scheduling.monitoring.database_state import DatabaseState
from scheduling.monitoring.overview import NextOccurrence, OpenAlert, Overview, RecentRun
from scheduling.monitoring.panels import Panel
from scheduling.monitoring.queue_state import LiveCluster, QueueState
from scheduling.monitoring.readiness import Finding
from tests.scheduling.factories import NOON

SIZES = [(80, 24), (132, 50), (200, 12), (40, 10), (20, 6), (9, 4), (1, 1)]


def seen(
    *,
    schedules: int = 9,
    alerts: int = 1,
    name: str = "fetch-repeatable",
    never_set_up: tuple[str, ...] = (),
) -> Overview:
    cluster = LiveCluster(id="1", host="web-1", pid=7, status="Idle", workers=2, started_at=NOON, age=0.3)
    return Overview(
        at=NOON,
        mode="test",
        health=(
            Finding(check="redis", problem=""),
            Finding(check="workers", problem="No workers are alive."),
        ),
        alerts=[OpenAlert(rule="late", subject=name, message=f"{name} is late", opened_at=NOON)] * alerts,
        queue=QueueState(problem="", waiting=1, keys=[], clusters=[cluster]),
        runs={"succeeded": 30_000, "failed": 1},
        runs_estimated=("succeeded",),
        next_occurrences=[
            NextOccurrence(
                name=f"{name}-{number}",
                cadence="every 10 s",
                next_run_at=NOON + timedelta(seconds=90 - number),
                due_in=90.0 - number,
                paused="",
            )
            for number in range(schedules)
        ]
        + [NextOccurrence(name="held", cadence="x", next_run_at=None, due_in=None, paused="since noon")],
        never_set_up=never_set_up,
        recent_runs=[
            RecentRun(
                name=name,
                occurrence=NOON,
                state="failed",
                variant="",
                attempt=1,
                lateness_ms=12.3,
                duration_ms=None,
                error="ValueError: " + "日本 " * 40,
            )
        ]
        * 10,
        panels=[Panel(title="endpoints", columns=("endpoint", "slot"), rows=[("mine", "1")])],
        database=DatabaseState(
            vendor="sqlite", size=2**20, rows={"scheduling_run": 2_000_000}, estimated=("scheduling_run",)
        ),
    )


def drawn(what: Overview, width: int, height: int, *, no_color: bool = False) -> list[str]:
    """On a terminal with colours."""
    console = Console(
        file=StringIO(),
        width=width,
        height=height,
        force_terminal=True,
        color_system="256",
        no_color=no_color,
    )
    return shown(what, console)


def plain(what: Overview, width: int, height: int) -> list[str]:
    return shown(what, Console(file=StringIO(), width=width, height=height, color_system=None))


def shown(what: Overview, console: Console) -> list[str]:
    with console.capture() as captured:
        console.print(screen_of(what, width=console.width, height=console.height))
    return captured.get().splitlines()


@pytest.mark.parametrize("alerts", [0, 1, 40])
@pytest.mark.parametrize("schedules", [0, 9, 60])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_fits_every_screen(width: int, height: int, schedules: int, alerts: int) -> None:
    lines = plain(seen(schedules=schedules, alerts=alerts), width, height)

    assert len(lines) <= max(height, 4)
    assert max(map(cell_len, lines)) <= width


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 12), (40, 10)])
def test_alerts_and_health_come_first_then_schedules_then_the_rest(width: int, height: int) -> None:
    lines = plain(seen(), width, height)

    assert lines[1].startswith("late: fetch-repeatable is late (since ")
    assert lines[2].startswith("workers: No workers are alive.")
    assert lines[4].startswith("schedule")
    # The next one first.
    assert lines[5].startswith("fetch-rep")
    assert "in 1min" in lines[5]
    assert lines[-1] == "q quits"
    text = "\n".join(lines)
    assert ("last runs" in text) == (height >= 24)


def test_what_an_upgrade_brought_is_named_behind_what_is_wrong() -> None:
    lines = plain(seen(never_set_up=("later-repeatable",)), 132, 24)

    assert lines[2].startswith("workers: No workers are alive.")
    assert lines[3].startswith("later-repeatable: declared, and never set up;")


def test_a_large_screen_shows_everything_and_a_small_one_counts_the_rest() -> None:
    large, small = "\n".join(plain(seen(), 132, 50)), "\n".join(plain(seen(schedules=60, alerts=20), 80, 24))

    for words in (
        "held",
        "paused since noon",
        "last runs",
        "endpoints",
        "cluster on",
        "scheduling_run",
        "1.0 MiB",
    ):
        assert words in large, words
    assert "… and 11 more\n" in small
    assert "more schedules" in small


def test_what_is_not_counted_to_the_last_says_so() -> None:
    text = "\n".join(plain(seen(), 200, 60))

    assert "succeeded about 30000  failed 1" in text
    assert re.search(r"scheduling_run +about 2000000", text)


def test_colours_are_there_unless_they_are_not_wanted() -> None:
    assert any("\x1b[31m" in line for line in drawn(seen(), 80, 24))
    assert not any("\x1b[3" in line for line in drawn(seen(), 80, 24, no_color=True))


def test_what_others_write_steers_no_terminal() -> None:
    text = "\n".join(plain(seen(name="[red]\x1b[2Jx"), 120, 24))

    assert "\x1b" not in text
    assert r"[red]\x1b[2Jx" in text


def test_a_problem_in_place_of_everything_is_said() -> None:
    console = Console(file=StringIO(), width=80, markup=False)
    with console.capture() as captured:
        console.print(problem_screen("The database does not answer: \x1b[2J"))

    assert captured.get().startswith(r"The database does not answer: \x1b[2J")


def test_the_widest_columns_are_cut() -> None:
    assert widths_within([4, 30, 60], room=50) == [4, 23, 23]
    assert widths_within([4, 30], room=50) == [4, 30]
    assert widths_within([4, 4], room=0) == [1, 1]
