"""What tests of several rooms begin with."""

from collections.abc import Iterator
from typing import Any

import pytest
from django_q.brokers import get_broker


@pytest.fixture
def broker() -> Iterator[Any]:
    """An empty Redis of the tests' own."""
    made: Any = get_broker()
    made.connection.flushdb()
    yield made
    made.connection.flushdb()
    made.connection.close()
