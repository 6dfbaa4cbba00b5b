"""The project's settings with a job each second and one each ten, for measuring."""

from scheduling.modes import JobDeclaration
from staking_project.settings import *  # noqa: F403
from staking_project.settings import TASK_MODULES

JOBS = tuple(
    JobDeclaration(
        name=f"{what}-repeatable",
        task=f"tests.scheduling.effects.{what}",
        description="Leaves one line.",
        every_seconds={"test": seconds, "production": seconds},
        start_after_seconds={"test": 3, "production": 3},
    )
    for what, seconds in (("note", 1), ("tick", 10))
)

TASK_MODULES = [*TASK_MODULES, "tests.scheduling.effects"]
SCHEDULED_JOBS = ["benchmarks.lateness_settings.JOBS"]
RETENTION_TASKS = []
