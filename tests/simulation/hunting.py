"""Which seed breaks a rule when a safeguard is taken away."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

from tests.faults.mutate import PROJECT
from tests.simulation.mutants import ALL


def hunted(words: str, *, seeds: int, more: Sequence[str] = ()) -> int:
    """Which seed notices the absence of each such safeguard. Exit code 1 when one is missed by none."""
    wanted = [one.safeguard for one in ALL if words in one.safeguard]
    missed = 0

    def failure_and_seconds(safeguard: str) -> tuple[str, float]:
        began = time.monotonic()
        return _seed_fails(safeguard, seeds, more), time.monotonic() - began

    with ThreadPoolExecutor(os.cpu_count()) as at_once:
        for safeguard, (failure, spent) in zip(wanted, at_once.map(failure_and_seconds, wanted), strict=True):
            missed += not failure
            sys.stdout.write(f"{safeguard}: {failure or 'MISSED'} ({spent:.0f} s)\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(wanted) - missed} of {len(wanted)} are noticed in {seeds} seeds\n")
    return 1 if missed else 0


def _seed_fails(safeguard: str, seeds: int, more: Sequence[str]) -> str:
    """The first seed that breaks a rule without it, and which; empty when none does."""
    result = subprocess.run(
        [
            *(sys.executable, "-m", "tests.simulation", "--quick", "--seeds", str(seeds)),
            *("--without", safeguard, *more),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if not result.stdout:
        raise SystemExit(f"{safeguard}: {result.stderr}")
    return result.stdout.splitlines()[0] if result.returncode else ""


def texts_without(safeguard: str) -> dict[str, str]:
    """The source of each file that changes, by path. Raises `SystemExit` where its words are gone."""
    [mutation] = [one for one in ALL if one.safeguard == safeguard]
    texts: dict[str, str] = {}
    for name, old, new in mutation.replacements:
        path = str(PROJECT / name)
        text = texts.get(path) or Path(path).read_text()
        if text.count(old) != 1:
            raise SystemExit(f"{safeguard}: {old!r} is {text.count(old)} times in {name}, not once")
        texts[path] = text.replace(old, new)
    return texts


def take_away(safeguard: str) -> None:
    """Have this process import the code without it; before anything of it is imported."""
    texts, get_code = texts_without(safeguard), SourceFileLoader.get_code

    def code(loader: SourceFileLoader, name: str) -> Any:
        text = texts.get(loader.path)
        return get_code(loader, name) if text is None else compile(text, loader.path, "exec")

    SourceFileLoader.get_code = code  # type: ignore[method-assign, assignment]
