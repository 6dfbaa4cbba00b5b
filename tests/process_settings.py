"""The project's settings with the tests' own jobs and no pages, for the processes that tests start."""

from staking_project.settings import *  # noqa: F403
from staking_project.settings import MIDDLEWARE
from tests.task_modules import TASK_MODULES as TASK_MODULES

SCHEDULED_JOBS = ["tests.scheduling.effects.JOBS"]
RETENTION_TASKS = []
# Checking these makes Django import every page and the whole API: a third of a command's start.
ROOT_URLCONF = "tests.no_pages"
MIDDLEWARE = [path for path in MIDDLEWARE if not path.startswith("staking_project.")]
