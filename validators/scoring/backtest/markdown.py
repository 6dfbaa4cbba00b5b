"""Tables for people. Pure."""

from collections.abc import Iterable, Sequence

from validators.scoring.backtest.drawing import Interval


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def estimate(value: float | None, interval: Interval | None, digits: int) -> str:
    """Such as: 0.9731 [0.9702, 0.9755]."""
    if value is None:
        return "-"
    between = f" [{interval.low:.{digits}f}, {interval.high:.{digits}f}]" if interval else ""
    return f"{value:.{digits}f}{between}"
