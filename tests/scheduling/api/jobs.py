"""Jobs for the API's tests."""

from typing import Any

from tests.scheduling.factories import JobFactory, ScheduleFactory


def job(name: str = "fetch") -> Any:
    return JobFactory(schedule=ScheduleFactory(name=name), description="Fetches")
