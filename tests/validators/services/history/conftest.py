"""An endpoint that has histories."""

from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.validators import replies
from tests.validators.chain_histories import HistoriesEndpoint, usual
from tests.validators.rows import validator
from tests.validators.services.history.chain_imports import RUNNING, VOTES, looked_at


@pytest.fixture
def node(httpserver: HTTPServer, settings: Any) -> HistoriesEndpoint:
    made = HistoriesEndpoint(httpserver)
    settings.SOLANA_RPC_URLS = [made.url]
    settings.FETCH_DEADLINE_SECONDS = 20.0
    return made


@pytest.fixture
def followed(node: HistoriesEndpoint) -> HistoriesEndpoint:
    """Four validators that a fetch saw, each with the last ten epochs in its history."""
    looked_at(node)
    for number, vote in enumerate(VOTES):
        validator(number + 1, vote_account=vote, identity=replies.key(f"node {number}"))
        node.has(vote, *(usual(RUNNING - age) for age in range(10, -1, -1)))
    return node
