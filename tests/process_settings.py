"""The project's settings with the tests' own jobs, for the processes that tests start."""

from staking_project.settings import *  # noqa: F403

SCHEDULED_JOBS = ["tests.scheduling.effects.JOBS"]
RETENTION_TASKS = []
