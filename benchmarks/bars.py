"""A figure beside its bar, and the table of all of them that `make bench` ends with.

    python -m benchmarks.bars FILE

A benchmark tells each figure that has a bar; where BARS names a file, one JSON line of it goes there as well.
"""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Told:
    """`is_least`: the bar is what it must be at least, not at most."""

    what: str
    measured: float
    bar: float
    unit: str
    is_least: bool

    @property
    def is_met(self) -> bool:
        return self.measured >= self.bar if self.is_least else self.measured <= self.bar

    def __str__(self) -> str:
        side = "at least" if self.is_least else "at most"
        # Another machine agrees in it rather than in the figure.
        ratio = f"{self.measured / self.bar:.2f} x" if self.bar else ""
        return (
            f"{'met' if self.is_met else 'MISSED':<7} {self.what:<72} {self.measured:>12,.2f} {side:<8} "
            f"{self.bar:>9,.10g} {self.unit:<10} {ratio:>8}"
        )


def tell(
    what: str, measured: float, unit: str, *, most: float | None = None, least: float | None = None
) -> None:
    """Print a figure with its bar, one of `most` and `least`, and keep it for the table."""
    bar = most if least is None else least
    assert bar is not None, "one of the two"
    told = Told(what, measured, bar, unit, is_least=least is not None)
    print(told, flush=True)
    if "BARS" in os.environ:
        with Path(os.environ["BARS"]).open("a") as file:
            file.write(f"{json.dumps(asdict(told))}\n")


def table(lines: Iterator[str]) -> Iterator[str]:
    told = [Told(**json.loads(line)) for line in lines]
    yield from map(str, told)
    yield f"{sum(one.is_met for one in told)} of {len(told)} bars are met"


if __name__ == "__main__":
    print("\n".join(table(iter(Path(sys.argv[1]).read_text().splitlines()))))
