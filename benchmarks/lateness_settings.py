"""The project's settings with a job each second and one each ten, for measuring.

With DRIPPING_URL there is a source beside them, which asks an endpoint that drips and takes a worker that it
is to leave to others, and the receiver of alerts drips as well. With VALIDATORS_URL the validators that are
there are fetched and scored beside them.
"""

import os

from benchmarks.lateness_start import HEAVY_EVERY, START_AFTER
from scheduling.modes import JobDeclaration
from staking_project.settings import *  # noqa: F403
from staking_project.settings import TASK_MODULES

JOBS = tuple(
    JobDeclaration(
        name=f"{what}-repeatable",
        task=f"tests.scheduling.effects.{what}",
        description="Leaves one line.",
        every_seconds={"test": seconds, "production": seconds},
        start_after_seconds={"test": START_AFTER, "production": START_AFTER},
    )
    for what, seconds in (("note", 1), ("tick", 10))
)

TASK_MODULES = [*TASK_MODULES, "tests.scheduling.effects"]
if "DRIPPING_URL" in os.environ:
    ALERT_WEBHOOK_URL, ALERT_WEBHOOK_SECRET = os.environ["DRIPPING_URL"], "x" * 40
    SOLANA_RPC_URLS = [os.environ["DRIPPING_URL"]]
    JOBS += (
        JobDeclaration(
            name="drip-repeatable",
            task="validators.tasks.fetch_validators",
            description="Asks an endpoint that drips.",
            every_seconds={"test": 5, "production": 5},
            start_after_seconds={"test": 1, "production": 1},
            leaves_a_worker=True,
        ),
    )
if "VALIDATORS_URL" in os.environ:
    SOLANA_RPC_URLS = [os.environ["VALIDATORS_URL"]]
    JOBS += tuple(
        JobDeclaration(
            name=f"{what}-repeatable",
            task=f"validators.tasks.{what}_validators",
            description="Writes to every validator.",
            every_seconds={"test": HEAVY_EVERY, "production": HEAVY_EVERY},
            start_after_seconds={"test": start, "production": start},
        )
        for what, start in (("fetch", 5), ("score", 9))
    )

SCHEDULED_JOBS = ["benchmarks.lateness_settings.JOBS"]
RETENTION_TASKS = []
