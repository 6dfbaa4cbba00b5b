"""The API without its limit, for every test of it."""

import pytest
from pytest_django.fixtures import Settings

from scheduling.api import rate_limit


@pytest.fixture(autouse=True)
def no_limit(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no rest after a Redis that was away in another test, or slow on a busy machine."""
    settings.API_RATE_LIMIT = 0
    monkeypatch.setattr(rate_limit, "REDIS_REST", 0.0)
    monkeypatch.setattr(rate_limit, "REDIS_PATIENCE", 10.0)
