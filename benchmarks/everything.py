"""Every benchmark that has a bar, one after the other, and at the end the table of all bars: `make bench`.

    python -m benchmarks.everything [--only NAME …]

The sizes are those of the bars where a bar names one, else smaller than what a program takes by itself.
A missed bar is no failure; a program that breaks is one, and the others still run.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks import bars
from benchmarks.fetch_and_score import PROJECT

PROGRAMS: Final = (
    ("fetch_and_score", "--sizes", "5000", "20000"),
    ("long_history", "--epochs", "30"),
    ("cycle",),
    ("history_accounts", "--databases", "postgresql"),
    ("scoring", "--databases", "postgresql"),
    ("lateness", "--seconds", "60"),
    ("lateness", "--seconds", "60", "--postgres"),
    ("lateness", "--seconds", "60", "--dripping"),
    ("lateness", "--seconds", "60", "--dripping", "--postgres"),
    ("lateness", "--seconds", "60", "--validators", "20000"),
    ("lateness", "--seconds", "60", "--validators", "20000", "--postgres"),
    ("faults", "--storm-seconds", "20"),
    ("throughput",),
    ("ten_years", "--scale", "0.02", "--asked", "5"),
    ("ten_years", "--scale", "0.02", "--asked", "5", "--database", "sqlite"),
    ("bad_endpoint",),
    ("crowd", "--seconds", "20"),
    ("reading", "--seconds", "10", "--crawled", "500"),
)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=sorted({name for name, *_ in PROGRAMS}))
    options = parser.parse_args()
    broken = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        told = Path(folder) / "bars"
        told.touch()
        for name, *words in PROGRAMS:
            if options.only and name not in options.only:
                continue
            if not _is_run([name, *words], told):
                broken.append(" ".join([name, *words]))
        print()
        print("\n".join(bars.table(iter(told.read_text().splitlines()))))
    for program in broken:
        print(f"BROKE   {program}")
    return 1 if broken else 0


def _is_run(words: list[str], told: Path) -> bool:
    print(f"\n== {' '.join(words)}", flush=True)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{words[0]}", *words[1:]],
        cwd=PROJECT,
        env=os.environ | {"BARS": str(told)},
    )
    load = os.getloadavg()[0]
    print(f"== {words[0]}: exit code {done.returncode}, {time.monotonic() - began:.0f} s, load {load:.1f}")
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
