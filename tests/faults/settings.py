"""The project's settings for the processes that storms are made of: own jobs, and a clock that can be set.

The first eight bytes of CLOCK_OFFSET_FILE are a C double: the seconds by which this host's
clock is wrong. Every process has the file mapped, so a step strikes all of them at once.
"""

import mmap
import os
import struct
import time
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

from staking_project.settings import *  # noqa: F403
from tests.task_modules import TASK_MODULES as TASK_MODULES

SCHEDULED_JOBS = ["tests.faults.traces.JOBS"]
RETENTION_TASKS = []


def _let_the_clock_be_set(path: Path) -> None:
    with path.open("rb") as file:
        offset = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)
    true_time, true_now = time.time, timezone.now

    def shifted_time() -> float:
        return true_time() + float(struct.unpack_from("d", offset)[0])

    def shifted_now() -> datetime:
        return true_now() + timedelta(seconds=struct.unpack_from("d", offset)[0])

    time.time = shifted_time
    timezone.now = shifted_now


if os.environ.get("CLOCK_OFFSET_FILE"):
    _let_the_clock_be_set(Path(os.environ["CLOCK_OFFSET_FILE"]))
