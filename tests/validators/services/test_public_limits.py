"""One of every source, for as many validators as mainnet has, within what a public endpoint allows."""

from collections import Counter
from typing import Any

import pytest

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.services.sources import METHODS
from validators import tasks

pytestmark = [pytest.mark.django_db]

# Of one address in ten seconds, and of one method.
MOST, MOST_OF_METHOD = 100, 40


def test_all_sources_at_once_stay_within_the_limits_of_a_public_endpoint(
    endpoint: CannedEndpoint, settings: Any
) -> None:
    settings.FETCH_DEADLINE_SECONDS = 60
    endpoint.current = replies.accounts(700)

    for task in (tasks.fetch_validators, tasks.fetch_cluster, *(task for task, _ in METHODS.values())):
        task()

    asked = Counter(endpoint.methods)
    assert asked["getMultipleAccounts"] > 7 + 14
    assert asked.total() <= MOST
    assert max(asked.values()) <= MOST_OF_METHOD
