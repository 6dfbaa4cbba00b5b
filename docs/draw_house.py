"""Draws the rooms of both apps and the imports between them, for docs/architecture.md: `make docs`.

A room stands one floor above the highest that it imports. An arrow that follows from others is left out.
`--check` writes nothing and fails when a picture is not what the code says.
"""

import sys
from graphlib import TopologicalSorter
from html import escape
from pathlib import Path

import grimp

DOCS = Path(__file__).parent
APPS = ("scheduling", "validators")
# Of no interest in a picture: they import nothing, or only name what Django looks for.
LEFT_OUT = frozenset({"migrations", "apps", "urls"})
BOX_HEIGHT, FLOOR_HEIGHT, GAP, MARGIN, LETTER = 46, 96, 18, 20, 8.4
STYLE = """
  rect { fill: #f6f8fa; stroke: #57606a; rx: 6px }
  text { font: 14px ui-sans-serif, system-ui, sans-serif; fill: #1f2328; text-anchor: middle }
  text.files { font-size: 11px; fill: #57606a }
  path { fill: none; stroke: #8c959f; stroke-width: 1.2; marker-end: url(#tip) }
  #tip path { fill: #8c959f; stroke: none; marker-end: none }
  @media (prefers-color-scheme: dark) {
    rect { fill: #161b22; stroke: #8b949e } text { fill: #e6edf3 } text.files { fill: #8b949e }
    path { stroke: #6e7681 } #tip path { fill: #6e7681 }
  }
"""

Rooms = dict[str, set[str]]


def rooms_of(app: str, graph: grimp.ImportGraph) -> Rooms:
    """Room -> the rooms of the same app that it imports."""

    def room(module: str) -> str | None:
        name, *inner = module.split(".")
        return inner[0] if name == app and inner and inner[0] not in LEFT_OUT else None

    rooms: Rooms = {name: set() for module in graph.modules if (name := room(module))}
    for module in graph.modules:
        here = room(module)
        for imported in graph.find_modules_directly_imported_by(module) if here else ():
            there = room(imported)
            if here and there and there != here:
                rooms[here].add(there)
    return rooms


def floors_of(rooms: Rooms) -> dict[str, int]:
    """The bottom is floor 0. Raises `graphlib.CycleError` when rooms import each other in a circle."""
    floors: dict[str, int] = {}
    for name in TopologicalSorter(rooms).static_order():
        floors[name] = 1 + max((floors[below] for below in rooms[name]), default=-1)
    return floors


def reach_of(rooms: Rooms) -> Rooms:
    """Room -> everything it can get to."""
    reach: Rooms = {}
    for name in TopologicalSorter(rooms).static_order():
        reach[name] = rooms[name].union(*(reach[below] for below in rooms[name]))
    return reach


def picture_of(app: str, graph: grimp.ImportGraph) -> str:
    rooms = rooms_of(app, graph)
    floors, reach = floors_of(rooms), reach_of(rooms)
    files = {name: 1 + len(graph.find_descendants(f"{app}.{name}")) for name in rooms}
    rows = [
        sorted(name for name in rooms if floors[name] == floor) for floor in range(max(floors.values()) + 1)
    ]
    width = max(sum(len(name) * LETTER + 2 * GAP + GAP for name in row) for row in rows) + 2 * MARGIN
    height = len(rows) * FLOOR_HEIGHT
    places: dict[str, tuple[float, float, float]] = {}
    for floor, row in enumerate(rows):
        sizes = [len(name) * LETTER + 2 * GAP for name in row]
        free = (width - 2 * MARGIN - sum(sizes)) / (len(row) + 1)
        x = MARGIN + free
        for name, size in zip(row, sizes, strict=True):
            places[name] = (x, height - (floor + 1) * FLOOR_HEIGHT + MARGIN, size)
            x += size + free
    arrows = [
        _arrow(places[name], places[below])
        for name in sorted(rooms)
        for below in sorted(rooms[name])
        if not any(below in reach[other] for other in rooms[name] - {below})
    ]
    boxes = [_box(name, *place, files=files[name]) for name, place in sorted(places.items())]
    tip = (
        '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    )
    count = sum(map(len, rooms.values()))
    title = f"{app}: {len(rooms)} rooms, {count} arrows, {len(rows)} floors"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img">'
    lines = [head, f"<title>{title}</title>", f"<style>{STYLE}</style>"]
    lines += [f'<defs>{tip}<path d="M0 0 8 4 0 8z"/></marker></defs>', *arrows, *boxes, "</svg>"]
    return "\n".join(lines) + "\n"


def _arrow(above: tuple[float, float, float], below: tuple[float, float, float]) -> str:
    x1, y1 = above[0] + above[2] / 2, above[1] + BOX_HEIGHT
    x2, y2 = below[0] + below[2] / 2, below[1]
    bend = (y2 - y1) / 2
    return (
        f'<path d="M{x1:.0f} {y1:.0f}C{x1:.0f} {y1 + bend:.0f} {x2:.0f} {y2 - bend:.0f} {x2:.0f} {y2:.0f}"/>'
    )


def _box(name: str, x: float, y: float, size: float, *, files: int) -> str:
    middle, said = x + size / 2, f"{files} files" if files > 1 else "1 file"
    return (
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{size:.0f}" height="{BOX_HEIGHT}"/>'
        f'<text x="{middle:.0f}" y="{y + 20:.0f}">{escape(name)}</text>'
        f'<text class="files" x="{middle:.0f}" y="{y + 36:.0f}">{said}</text>'
    )


def main() -> int:
    sys.path.insert(0, str(DOCS.parent))
    graph = grimp.build_graph(*APPS, cache_dir=None)
    stale = []
    for app in APPS:
        path, picture = DOCS / f"house-{app}.svg", picture_of(app, graph)
        if "--check" in sys.argv[1:]:
            stale += [path.name] if not path.exists() or path.read_text() != picture else []
        else:
            path.write_text(picture)
    if stale:
        sys.stderr.write(f"{', '.join(stale)}: not what the code says; `make docs` draws it again.\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
