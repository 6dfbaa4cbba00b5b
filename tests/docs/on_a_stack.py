"""What a reader types and starts beside a stack that runs: the README's commands, the tour, the bots."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import requests

from tests.docs.pages import DOCS, ROOT, blocks

TOURS = (ROOT / "README.md", DOCS / "start.md")
BOT = ROOT / "examples" / "bot"
# Few are explained quickly.
SIZE = 3
PYTHON = ".venv/bin/python manage.py "


def type_the_tours(environment: Mapping[str, str]) -> None:
    """Every line of each tour in its order: commands in one process, addresses as curl asks for them."""
    lines = [line for page in TOURS for block in blocks(page, "sh") for line in block.splitlines()]
    commands = [line.removeprefix(PYTHON) for line in lines if line.startswith(PYTHON)]
    asked = [shlex.split(line)[-1] for line in lines if line.startswith("curl -s ")]
    assert len(commands) + len(asked) == len(lines) >= 8

    typed = subprocess.run(
        [sys.executable, "-m", "tests.docs.typist"],
        input="\n".join(commands),
        env={**environment, "DJANGO_SETTINGS_MODULE": "staking_project.settings"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert typed.returncode == 0, typed.stderr
    for address in asked:
        assert requests.get(address.replace(":8000/", f":{environment['PORT']}/"), timeout=60).json()["items"]


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
