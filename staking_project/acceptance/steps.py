"""Whether each run took the steps that the specification has, and no others."""

import time
from contextlib import suppress

from django.db import Error as DatabaseError

from scheduling.ledger.sightings import Sightings, count_read
from scheduling.wording import counted
from staking_project.acceptance.results import CheckResult, Window

# Seconds between two looks; what happens in between is known by what it leaves.
LOOK_EVERY = 1.0
# Of broken steps, that is.
MOST_NAMED = 5


def watched(seconds: float) -> Sightings:
    """Look at the newest runs for so long. A look that fails shows less, and the checks say why."""
    seen, ends_at = Sightings(), time.monotonic() + seconds
    while True:
        with suppress(DatabaseError):
            seen.look()
        left = ends_at - time.monotonic()
        if left <= 0:
            return seen
        time.sleep(min(LOOK_EVERY, left))


def every_step_is_lawful(seen: Sightings, window: Window) -> CheckResult:
    """The newest runs, as they were seen and by what they keep, went by docs/proof/specification.md."""
    read = count_read()
    broken = seen.broken()
    named = "; ".join(broken[:MOST_NAMED])
    return CheckResult(
        name="every step is lawful",
        passed=not broken,
        saw=f"{len(broken)} of {counted(read, 'run')}: {named}"
        if broken
        else f"{counted(read, 'run')}, {counted(seen.changes, 'change')} seen",
    )
