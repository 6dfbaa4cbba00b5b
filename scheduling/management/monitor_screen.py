"""What `monitor --watch` shows on a screen of any size: the most urgent first, and only what fits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scheduling.ledger.counting import counts_said
from scheduling.ledger.presentation import clock_time, never_set_up_text
from scheduling.management.tables import printable
from scheduling.models import RunState
from scheduling.monitoring.overview import NextOccurrence, Overview
from scheduling.timing.durations import show_roughly

# Columns between two cells.
GAP = 2
# Columns of a long text that still tell something.
READABLE = 28
# Lines that the last runs keep while there are more schedules than fit.
KEPT_FOR_RUNS = 7
# Below this a table has no room to say anything: a line apart, its headings, one row.
LEAST_LINES = 3
# Seconds until what is not claimed is shown as late.
LATE = 2.0
# A terminal of no height has no room, but is asked for a picture all the same.
LEAST_HEIGHT = 4

BAD, GOOD, ODD, BUSY, QUIET = "red", "green", "yellow", "blue", "dim"
STATES = {
    RunState.SUCCEEDED: GOOD,
    RunState.FAILED: BAD,
    RunState.SKIPPED: ODD,
    RunState.RUNNING: BUSY,
}


@dataclass(frozen=True, slots=True)
class Block:
    """A table with its headings: each row as many texts as there are columns.

    `what` names its rows; of its columns the last `spare` ones go before others are cut short.
    """

    what: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[Text, ...]]
    spare: int = 0

    @property
    def lines(self) -> int:
        return 2 + len(self.rows)


def screen_of(seen: Overview, *, width: int, height: int) -> RenderableType:
    """No more than `height` lines of at most `width` columns."""
    lines: list[RenderableType] = [_first_line(seen)]
    left = max(height, LEAST_HEIGHT) - 2
    urgent = list(_urgent(seen))
    shown = urgent if len(urgent) <= max(1, left // 2) else urgent[: max(1, left // 2 - 1)]
    lines += shown
    if len(shown) < len(urgent):
        lines.append(Text(f"… and {len(urgent) - len(shown)} more", style=BAD))
    left -= len(lines) - 1
    lines += _blocks(seen, width=width, left=left)
    lines.append(Text("q quits", style=QUIET))
    for line in lines:
        if isinstance(line, Text):
            line.no_wrap, line.overflow = True, "ellipsis"
    return Group(*lines)


def problem_screen(problem: str) -> RenderableType:
    """In place of everything, while nothing can be asked."""
    return Group(_text(problem, BAD), Text("Looking again and again; q quits", style=QUIET))


def widths_within(natural: Sequence[int], *, room: int) -> list[int]:
    """The widths of columns, the widest ones cut until all fit."""
    widths = list(natural)
    while sum(widths) > room and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    return widths


def _first_line(seen: Overview) -> Text:
    states = "  ".join(map(" ".join, counts_said(seen.runs, seen.runs_estimated).items()))
    return Text(
        f"{clock_time(seen.at)} UTC  mode {seen.mode or 'mixed or none'}  runs: {states}", style="bold"
    )


def _urgent(seen: Overview) -> Iterator[Text]:
    """Alerts, health, and schedules that an upgrade brought, a line each."""
    for alert in seen.alerts:
        yield _text(f"{alert.rule}: {alert.message} (since {clock_time(alert.opened_at)})", f"bold {BAD}")
    problems = [finding for finding in seen.health if finding.problem]
    for finding in problems:
        yield _text(f"{finding.check}: {finding.problem}", BAD)
    if not seen.alerts and not problems:
        yield Text("Everything is as it should be.", style=GOOD)
    if new := never_set_up_text(seen.never_set_up):
        yield _text(new, ODD)


def _blocks(seen: Overview, *, width: int, left: int) -> Iterator[RenderableType]:
    """As many tables as there is room for; the schedules leave some to the last runs."""
    blocks = [_schedules(seen), _runs(seen), *_added(seen), _workers(seen), _database(seen)]
    for number, block in enumerate(block for block in blocks if block.rows):
        kept = KEPT_FOR_RUNS if number == 0 and seen.recent_runs and left > 2 * KEPT_FOR_RUNS else 0
        room = min(block.lines, left - kept)
        if room < LEAST_LINES:
            break
        yield Text("")
        yield from _drawn(block, width=width, lines=room - 1)
        left -= room


def _drawn(block: Block, *, width: int, lines: int) -> Iterator[RenderableType]:
    """With so many lines in all, its headings among them."""
    fits = len(block.rows) <= lines - 1
    rows = block.rows if fits else block.rows[: max(1, lines - 2)]
    natural = [
        max([cell_len(heading), *(cell_len(row[column].plain) for row in rows)])
        for column, heading in enumerate(block.headings)
    ]
    columns = _columns_within(natural, width=width, spare=block.spare)
    natural, room = natural[:columns], width - GAP * (columns - 1)
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style=QUIET)
    for heading, size in zip(block.headings[:columns], widths_within(natural, room=room), strict=True):
        table.add_column(Text(heading), width=size, no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*row[:columns])
    yield table
    if not fits and lines > 2:
        yield Text(f"… and {len(block.rows) - len(rows)} more {block.what}", style=QUIET)


def _columns_within(natural: Sequence[int], *, width: int, spare: int) -> int:
    """How many of them stay, so that each has its width or enough to be read."""
    needed = [min(size, READABLE) + GAP for size in natural]
    columns = len(needed)
    while columns > len(needed) - spare and sum(needed[:columns]) - GAP > width:
        columns -= 1
    return columns


def _schedules(seen: Overview) -> Block:
    """The next first; what is paused, or runs after another, last."""
    far = timedelta.max.total_seconds()
    due = sorted(
        seen.next_occurrences,
        key=lambda one: (one.due_in is None, one.due_in if one.due_in is not None else far),
    )
    rows = [
        (_text(one.name), _due(one), _text(one.cadence), _text(clock_time(one.next_run_at) or "-"))
        for one in due
    ]
    return Block("schedules", ("schedule", "due", "cadence", "next run (UTC)"), rows, spare=2)


def _due(one: NextOccurrence) -> Text:
    if one.paused:
        return _text(f"paused {one.paused}", ODD)
    if one.due_in is None:
        return Text("-")
    if one.due_in < -LATE:
        return Text(f"{show_roughly(timedelta(seconds=-one.due_in))} late", style=BAD)
    return Text(f"in {show_roughly(timedelta(seconds=one.due_in))}" if one.due_in >= 1 else "now")


def _runs(seen: Overview) -> Block:
    rows = [
        (
            _text(run.name),
            Text(f"{run.occurrence:%H:%M:%S}"),
            Text(run.state, style=STATES.get(RunState(run.state), "")),
            _text(run.error or "-"),
            _number(run.lateness_ms),
            _number(run.duration_ms),
        )
        for run in seen.recent_runs
    ]
    return Block("runs", ("last runs", "occurrence", "state", "error", "late ms", "took ms"), rows, spare=2)


def _added(seen: Overview) -> Iterator[Block]:
    for panel in seen.panels:
        rows = [tuple(_text(cell) for cell in row) for row in panel.rows]
        yield Block(panel.title, (panel.title, *panel.columns[1:]), rows)


def _workers(seen: Overview) -> Block:
    rows = [
        (
            _text(one.host),
            Text(str(one.pid)),
            _text(one.status),
            Text(str(one.workers)),
            Text(f"{one.age:.1f}"),
        )
        for one in seen.queue.clusters
    ]
    return Block("clusters", ("cluster on", "pid", "status", "workers", "seen s ago"), rows)


def _database(seen: Overview) -> Block:
    size = f"{seen.database.mebibytes:,.1f} MiB"
    said = counts_said(seen.database.rows, seen.database.estimated)
    rows = [(Text(name), Text(count)) for name, count in said.items()]
    return Block("tables", (f"{seen.database.vendor}, {size}", "rows"), rows)


def _number(value: float | None) -> Text:
    return Text("-" if value is None else f"{value:.0f}")


def _text(written: str, style: str = "") -> Text:
    """What others write steers no terminal."""
    return Text(printable(written), style=style)
