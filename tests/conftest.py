"""Fixtures every test may use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import Installation, installation, migrated_template

RECORDED = Path(__file__).parent.parent.parent / "shared" / "data"


@pytest.fixture(scope="session")
def database_template(tmp_path_factory: pytest.TempPathFactory) -> str:
    return migrated_template(tmp_path_factory.mktemp("template"))


@pytest.fixture
def stack(tmp_path: Path, database_template: str) -> Iterator[Installation]:
    """A database, a Redis and room for worker processes of this test alone."""
    with installation(tmp_path, template=database_template) as made:
        yield made
