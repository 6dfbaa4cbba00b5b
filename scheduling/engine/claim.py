"""A run in the hands of this process."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from scheduling.models import run_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A run that this process owns."""

    run_id: int
    owner: str
    job_id: int
    job_name: str
    job_is_followed: bool
    occurrence: datetime
    task: str
    parameters: dict[str, Any]
    condition: str
    attempt: int
    time_limit: timedelta
    started_at: datetime
    claimed_at: float

    def __str__(self) -> str:
        return run_name(self.job_name, self.occurrence)

    def elapsed(self) -> timedelta:
        """By this process's stopwatch, which spares every run a question and never goes backwards."""
        return timedelta(seconds=time.monotonic() - self.claimed_at)

    def now(self) -> datetime:
        return self.started_at + self.elapsed()
