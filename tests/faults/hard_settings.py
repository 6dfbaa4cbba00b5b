"""The project's settings with the jobs that the environment names."""

import os

from staking_project.settings import *  # noqa: F403

SCHEDULED_JOBS = [f"tests.faults.hard.{os.environ['HARD_JOBS']}"]
RETENTION_TASKS = []
