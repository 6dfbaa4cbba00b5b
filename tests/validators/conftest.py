from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.validators.endpoints import CannedEndpoint
from tests.validators.subscriptions.receiving import Receiver
from validators.simulator import field, leaders


@pytest.fixture(autouse=True, scope="session")
def schedules_are_drawn_once() -> Iterator[None]:
    """Tests simulate the same clusters over and over; a schedule is half of what an epoch of them costs."""
    drawn = lru_cache(maxsize=100)(leaders.draw_schedule)

    def draw_schedule(label: str, attendances: Sequence[leaders.Attendance | None]) -> leaders.Schedule:
        return drawn(label, tuple(attendances))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(field, "draw_schedule", draw_schedule)
        yield


@pytest.fixture
def endpoint(httpserver: HTTPServer, settings: Any) -> CannedEndpoint:
    """A healthy endpoint of twenty validators; the settings name it."""
    made = CannedEndpoint(httpserver)
    settings.SOLANA_RPC_URLS = [made.url]
    settings.FETCH_DEADLINE_SECONDS = 5.0
    return made


@pytest.fixture
def second(httpserver: HTTPServer, endpoint: CannedEndpoint, settings: Any) -> CannedEndpoint:
    """Another one to be asked after the first; both have names."""
    made = CannedEndpoint(httpserver, "/v2")
    settings.SOLANA_RPC_URLS = [f"first={endpoint.url}", f"second={made.url}"]
    return made


@pytest.fixture(autouse=True)
def baseline_alone(settings: Any) -> None:
    """One method, so that tests of what surrounds the scores count one run; others name theirs."""
    settings.SCORE_METHODS = ["baseline-v1"]


@pytest.fixture
def receiver(httpserver: HTTPServer, settings: Any) -> Receiver:
    """Of events, on this machine, which the settings allow."""
    settings.SUBSCRIPTION_NETWORKS = ["127.0.0.0/8", "::1/128"]
    return Receiver(httpserver)
