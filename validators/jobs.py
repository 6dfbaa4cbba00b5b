"""The jobs that keep the picture up to date, and how often in each mode."""

from typing import Final

from scheduling.modes import JobDeclaration

SIX_HOURS: Final = 6 * 3600

JOBS: Final = (
    JobDeclaration(
        name="fetch-repeatable",
        task="validators.tasks.fetch_validators",
        every_seconds={"test": 10, "production": SIX_HOURS},
        start_after_seconds={"test": 1, "production": 1},
        description="Fetches every vote account of the cluster and stores what changed",
    ),
    JobDeclaration(
        name="score-repeatable",
        task="validators.tasks.score_validators",
        every_seconds={"test": 30, "production": SIX_HOURS},
        # Behind the first fetch, so that there is something to score.
        start_after_seconds={"test": 6, "production": 30},
        description="Scores every staked validator of the newest fetch",
    ),
)
