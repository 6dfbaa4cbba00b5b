"""What every check is given, and what it says."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# A run that starts later than this was not on time.
LATEST_START = timedelta(seconds=1)
# What a cleanup, a fetch or a score may take after its time, before its absence counts.
PATIENCE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What a check looked for, whether it held, and what it saw."""

    name: str
    passed: bool
    saw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time during which the system was watched."""

    start: datetime
    end: datetime
