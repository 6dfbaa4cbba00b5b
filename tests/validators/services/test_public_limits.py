"""One of every source, for as many validators as mainnet has, within what a public endpoint allows."""

from collections import Counter
from typing import Any

import pytest

from tests.validators import pool_accounts, replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.pool_accounts import Entry
from tests.validators.services.sources import METHODS
from validators import tasks
from validators.services.stake_pools import MOST_POOLS
from validators.solana.programs.stake_pools import KNOWN

pytestmark = [pytest.mark.django_db]

# Of one address in ten seconds, and of one method.
MOST, MOST_OF_METHOD = 100, 40


def test_all_sources_at_once_stay_within_the_limits_of_a_public_endpoint(
    endpoint: CannedEndpoint, settings: Any
) -> None:
    settings.FETCH_DEADLINE_SECONDS = 60
    endpoint.current = replies.accounts(700)
    listed = [Entry(one["votePubkey"]) for one in endpoint.current[:50]]
    for address in (*KNOWN, *map(replies.key, range(40))):
        endpoint.pools |= pool_accounts.sent(address, listed)
    found = [pool_accounts.searched(replies.key(number), number) for number in range(40)]
    endpoint.results["getProgramAccounts of pools"] = {pool_accounts.SPL: found}

    for task in (tasks.fetch_validators, tasks.fetch_cluster, *(task for task, _ in METHODS.values())):
        task()

    asked = Counter(endpoint.methods)
    assert asked["getMultipleAccounts"] > 7 + 14
    assert asked["getAccountInfo"] == MOST_POOLS
    assert asked.total() <= MOST
    assert max(asked.values()) <= MOST_OF_METHOD
