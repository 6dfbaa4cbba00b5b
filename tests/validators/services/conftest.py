from collections.abc import Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.validators import canned_accounts, replies
from tests.validators.account_endpoints import AccountsEndpoint
from tests.validators.nodes.trial import Trial
from tests.validators.services.vote_accounts import holds


@pytest.fixture
def chain(httpserver: HTTPServer, settings: Any) -> AccountsEndpoint:
    """Of a cluster with 400 ms slots whose votes are on the chain, in the middle of an epoch."""
    made = AccountsEndpoint(httpserver)
    made.accounts = canned_accounts.runtime()
    made.slots = []
    made.results["getAgGenesisCert"] = None
    settings.SOLANA_RPC_URLS = [made.url]
    settings.FETCH_DEADLINE_SECONDS = 5.0
    return made


@pytest.fixture
def node(httpserver: HTTPServer, settings: Any) -> AccountsEndpoint:
    """Three validators, all with a BLS key and tickets for three epochs, in the middle of an epoch."""
    made = AccountsEndpoint(httpserver)
    made.current = replies.accounts(3)
    made.slots = []
    settings.SOLANA_RPC_URLS = [made.url]
    settings.FETCH_DEADLINE_SECONDS = 5.0
    for number in range(3):
        holds(made, number)
    return made


@pytest.fixture
def trial() -> Iterator[Trial]:
    """Two good endpoints of one simulated chain, in the middle of an epoch."""
    with Trial() as made:
        yield made
