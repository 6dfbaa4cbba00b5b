"""The sources beside the votes by name: the task and the method of each, and what is kept of its state.

Without `cluster`, which asks for several things and makes do with any of them.
"""

from collections.abc import Callable
from typing import Any

import pytest

from validators import tasks
from validators.models import SourceState

Task = Callable[[], dict[str, Any]]
METHODS: dict[str, tuple[Task, str]] = {
    "production": (tasks.fetch_production, "getBlockProduction"),
    "nodes": (tasks.fetch_nodes, "getClusterNodes"),
    "names": (tasks.fetch_names, "getProgramAccounts"),
    "inflation": (tasks.fetch_inflation, "getInflationRate"),
    "mev": (tasks.fetch_mev, "getMultipleAccounts"),
    "pool-search": (tasks.fetch_pool_search, "getProgramAccounts"),
    "pools": (tasks.fetch_pools, "getMultipleAccounts"),
    "stakes": (tasks.fetch_stakes, "getProgramAccounts"),
    "vote-states": (tasks.fetch_vote_states, "getMultipleAccounts"),
}

# What is kept of a source is kept the same way for each, so two of them tell of the other database.
_ON_BOTH_DATABASES = ("production", "mev")
EACH = pytest.mark.parametrize(
    "source",
    [pytest.param(one, marks=[pytest.mark.database] * (one in _ON_BOTH_DATABASES)) for one in METHODS],
)


def state(source: str) -> SourceState:
    return SourceState.objects.get(source=source)
