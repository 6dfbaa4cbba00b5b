"""What storms leave behind, and the jobs that leave it; importable without Django's settings."""

import json
import os
from pathlib import Path

from scheduling.modes import JobDeclaration

EFFECT_TABLE = "CREATE TABLE faults_effect (job varchar(100), occurrence varchar(40))"


def append_line(log: Path, line: dict[str, object]) -> None:
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(file, json.dumps(line).encode() + b"\n")
    finally:
        os.close(file)


def _declaration(name: str, *, every: int) -> JobDeclaration:
    return JobDeclaration(
        name=f"{name}-repeatable",
        task=f"tests.faults.effects.{name}",
        description="Leaves a trace.",
        every_seconds={"test": every, "production": 21_600},
        start_after_seconds={"test": 1, "production": 1},
    )


JOBS = (
    _declaration("quick", every=1),
    _declaration("steady", every=2),
    _declaration("slow", every=5),
)
