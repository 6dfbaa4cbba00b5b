"""Tasks that leave a trace in a file, for tests that start real workers."""

import os
import time
from pathlib import Path

from scheduling.modes import JobDeclaration


def _log(event: str) -> None:
    line = f"{time.time():.6f} {os.getpid()} {event}\n"
    with Path(os.environ["EFFECT_LOG"]).open("a") as log:
        log.write(line)


def note() -> None:
    _log("note")


def tick() -> None:
    _log("tick")


def work() -> None:
    """Takes as long as EFFECT_SECONDS says."""
    _log("work began")
    time.sleep(float(os.environ.get("EFFECT_SECONDS", "1")))
    _log("work ended")


JOBS = (
    JobDeclaration(
        name="note-repeatable",
        task="tests.scheduling.effects.note",
        description="Leaves one line.",
        every_seconds={"test": 1, "production": 21_600},
        start_after_seconds={"test": 1, "production": 1},
    ),
    JobDeclaration(
        name="work-repeatable",
        task="tests.scheduling.effects.work",
        description="Leaves a line, works, and leaves another.",
        every_seconds={"test": 3, "production": 21_600},
        start_after_seconds={"test": 1, "production": 1},
    ),
)

# What a later version brings.
LATER = (
    JobDeclaration(
        name="later-repeatable",
        task="tests.scheduling.effects.note",
        description="Leaves one line too.",
        every_seconds={"test": 1, "production": 21_600},
        start_after_seconds={"test": 1, "production": 1},
    ),
)
