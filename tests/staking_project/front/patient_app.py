"""`plain_app`, behind a worker that would wait for half a request longer than any test."""

from staking_project.front import worker
from tests.staking_project.front.plain_app import application

worker.SECONDS_TO_ASK = 900  # type: ignore[misc]

__all__ = ["application"]
