"""Line charts as plain SVG: no library, readable in light and dark, the same bytes every time. Pure."""

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Final, NamedTuple

WIDTH: Final = 720
HEIGHT: Final = 420
LEFT: Final = 80
RIGHT: Final = 190
TOP: Final = 40
BOTTOM: Final = 60
# Okabe and Ito's colours, which the colour-blind can tell apart; the first is for the method shown off.
COLOURS: Final = (
    *("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#56b4e9"),
    *("#e69f00", "#888888", "#7a5195", "#555555"),
)
STYLE: Final = (
    "text{font:13px system-ui,sans-serif;fill:#222}"
    "path{fill:none;stroke-width:2}.axis{stroke:#888;stroke-width:1}.grid{stroke:#ddd;stroke-width:1}"
    ".paper{fill:#fff}"
)


class Line(NamedTuple):
    """Points from left to right; `spans` are vertical bars (x, low, high)."""

    name: str
    points: Sequence[tuple[float, float]]
    dashed: bool = False
    spans: Sequence[tuple[float, float, float]] = ()


class Axis(NamedTuple):
    """What one direction means; positions go by the logarithm where `logarithmic`."""

    label: str
    ticks: Sequence[float]
    text: Callable[[float], str]
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """Where the value lies between the first tick and the last, 0 to 1."""
        low, high = self.ticks[0], self.ticks[-1]
        bounded = min(max(value, low), high)
        if self.logarithmic:
            return math.log(bounded / low) / math.log(high / low)
        return (bounded - low) / (high - low)


def chart(title: str, lines: Sequence[Line], *, across: Axis, up: Axis) -> str:
    """A whole SVG document."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>',
        _text(LEFT, TOP - 16, title),
        *_frame(across, up),
    ]
    for number, line in enumerate(lines):
        parts += _line(line, COLOURS[number % len(COLOURS)], number, across, up)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _x(share: float) -> float:
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _y(share: float) -> float:
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def _text(x: float, y: float, text: str, anchor: str = "start", more: str = "") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}"{more}>{escape(text)}</text>'


def _frame(across: Axis, up: Axis) -> list[str]:
    parts = []
    for tick in across.ticks:
        x = _x(across.share(tick))
        parts.append(f'<path class="grid" d="M{x} {_y(0)}V{_y(1)}"/>')
        parts.append(_text(x, _y(0) + 20, across.text(tick), "middle"))
    for tick in up.ticks:
        y = _y(up.share(tick))
        parts.append(f'<path class="grid" d="M{_x(0)} {y}H{_x(1)}"/>')
        parts.append(_text(LEFT - 8, y + 4, up.text(tick), "end"))
    middle = (_y(0) + _y(1)) / 2
    return [
        *parts,
        f'<path class="axis" d="M{_x(0)} {_y(1)}V{_y(0)}H{_x(1)}"/>',
        _text((_x(0) + _x(1)) / 2, HEIGHT - 16, across.label, "middle"),
        _text(18, middle, up.label, "middle", f' transform="rotate(-90 18 {middle})"'),
    ]


def _line(line: Line, colour: str, number: int, across: Axis, up: Axis) -> list[str]:
    places = [(_x(across.share(x)), _y(up.share(y))) for x, y in line.points]
    path = "M" + "L".join(f"{x} {y}" for x, y in places)
    dash = ' stroke-dasharray="5 5"' if line.dashed else ""
    legend = TOP + 16 + 22 * number
    bars = (
        f'<path stroke="{colour}" d="M{_x(across.share(x))} {_y(up.share(low))}V{_y(up.share(high))}"/>'
        for x, low, high in line.spans
    )
    return [
        f'<path stroke="{colour}"{dash} d="{path}"/>',
        *bars,
        *(f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in places if not line.dashed),
        f'<path stroke="{colour}"{dash} d="M{WIDTH - RIGHT + 16} {legend}h24"/>',
        _text(WIDTH - RIGHT + 48, legend + 4, line.name),
    ]
