"""The project's settings with the jobs that the environment names."""

import os

from tests.process_settings import *  # noqa: F403

SCHEDULED_JOBS = [f"tests.faults.hard.{os.environ['HARD_JOBS']}"]
