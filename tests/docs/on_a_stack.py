"""What a reader types and starts beside a stack that runs: the README's commands, the tour, the bots."""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.docs.pages import DOCS, ROOT, blocks

TOURS = (ROOT / "README.md", DOCS / "start.md")
BOT = ROOT / "examples" / "bot"
# Few are explained quickly.
SIZE = 3


def type_the_tours(environment: Mapping[str, str]) -> None:
    """Every line of each tour in its order, the tours beside each other, as a shell takes them."""
    tours = [[line for block in blocks(page, "sh") for line in block.splitlines()] for page in TOURS]
    assert min(map(len, tours)) >= 3
    shells = [
        subprocess.Popen(
            ["sh", "-ec", "\n".join(_as_here(line, environment["PORT"]) for line in lines)],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for lines in tours
    ]
    for shell in shells:
        said, _ = shell.communicate(timeout=180)
        assert shell.returncode == 0, said
        assert said


def _as_here(line: str, port: str) -> str:
    """Another Python than the clone's own, another port than the first copy's."""
    here = line.replace(".venv/bin/python", f"'{sys.executable}'").replace(":8000/", f":{port}/")
    return "true" if line.startswith("curl") and not shutil.which("curl") else here


def start_the_bots(url: str, folder: Path) -> None:
    """Each chooses, explains whom it takes in, and keeps what it holds; JavaScript where there is node."""
    programs = {"python": [sys.executable, str(BOT / "bot.py")]}
    if node := shutil.which("node"):
        programs["javascript"] = [node, str(BOT / "bot.mjs")]
    for language, program in programs.items():
        held = folder / f"{language}.txt"
        bot = subprocess.run(
            [*program, url, str(held), str(SIZE)], capture_output=True, text=True, timeout=60
        )
        assert bot.returncode == 0, bot.stderr
        kept = held.read_text().split()
        assert len(kept) == SIZE
        # Who it is, at which place, and below what costs it most, with its points.
        entered = re.findall(r"^enters (\w+): place \d+ .+\n  .+: -\d+\.\d", bot.stdout, re.MULTILINE)
        assert entered == kept, bot.stdout
