"""Fixtures every test may use."""

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from pytest_django.fixtures import Settings

from tests.installation import Installation, installation, migrated_template

# A machine that others use too takes as long as it takes.
hypothesis.settings.register_profile("shared machine", deadline=None)
hypothesis.settings.load_profile("shared machine")

RECORDED = Path(__file__).parent.parent.parent / "shared" / "data"


@pytest.fixture(autouse=True)
def cheap_passwords(settings: Settings) -> None:
    """Hashing a password well takes longer than most tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def database_template(tmp_path_factory: pytest.TempPathFactory) -> str:
    return migrated_template(tmp_path_factory.mktemp("template"))


@pytest.fixture
def stack(tmp_path: Path, database_template: str) -> Iterator[Installation]:
    """A database, a Redis and room for worker processes of this test alone."""
    with installation(tmp_path, template=database_template) as made:
        yield made
