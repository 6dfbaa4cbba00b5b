"""One of every source, for as many validators as mainnet has, at an endpoint that throttles."""

from collections import Counter
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.validators import pool_accounts, replies
from tests.validators.endpoints import CannedEndpoint, reply
from tests.validators.pool_accounts import Entry
from tests.validators.services.sources import METHODS
from validators import tasks
from validators.services.stake_pools import MOST_POOLS
from validators.solana.programs.stake_pools import KNOWN

pytestmark = [pytest.mark.django_db]

# Of one address in ten seconds, and of one method. Here time does not pass: all that is asked counts.
MOST, MOST_OF_METHOD = 100, 40


class ThrottlingEndpoint(CannedEndpoint):
    def _answer(self, request: Request) -> Response:
        known = Counter(self.methods)
        if known.total() >= MOST or known[request.get_json()["method"]] >= MOST_OF_METHOD:
            return reply("Too many requests", 429)
        return super()._answer(request)


@pytest.fixture
def throttling(httpserver: HTTPServer, settings: Any) -> ThrottlingEndpoint:
    endpoint = ThrottlingEndpoint(httpserver)
    settings.SOLANA_RPC_URLS = [endpoint.url]
    settings.FETCH_DEADLINE_SECONDS = 60
    return endpoint


def test_all_sources_of_a_cycle_at_once_stay_within_the_limits_of_a_public_endpoint(
    throttling: ThrottlingEndpoint, settings: Any
) -> None:
    throttling.current = replies.accounts(700)
    listed = [Entry(one["votePubkey"]) for one in throttling.current[:50]]
    for address in (*KNOWN, *map(replies.key, range(40))):
        throttling.pools |= pool_accounts.sent(address, listed)
    found = [pool_accounts.searched(replies.key(number), number) for number in range(40)]
    throttling.results["getProgramAccounts of pools"] = {pool_accounts.SPL: found}

    for task in (tasks.fetch_validators, tasks.fetch_cluster, *(task for task, _ in METHODS.values())):
        assert "stopped" not in task()

    asked = Counter(throttling.methods)
    assert asked["getMultipleAccounts"] > 7 + 14
    assert asked["getAccountInfo"] == MOST_POOLS
    assert asked["getProgramAccounts"] == 1 + 3 + settings.STAKES_PER_RUN

    # Whoever asks for more is cut short, and keeps what was told until then.
    settings.STAKES_PER_RUN = 36
    told = tasks.fetch_stakes()
    assert "429" in told["stopped"]
    assert 0 < told["validators"] <= MOST - asked.total()
