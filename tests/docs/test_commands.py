"""The commands that pages tell people to type are typed here, one page after the other."""

import shlex
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from scheduling.clock import database_now
from scheduling.operations import setting_up
from tests.docs.on_a_stack import PYTHON, TOURS
from tests.docs.pages import BY_HAND, ROOT, blocks, name
from tests.validators.endpoints import CannedEndpoint
from validators.tasks import fetch_validators, score_validators

# The tours are typed beside a running stack; the guide of operators is of the shell, and has its own test.
ELSEWHERE = {*TOURS, ROOT / "docs" / "operations.md"}
PAGES = [page for page in BY_HAND if page not in ELSEWHERE and blocks(page, "sh")]


@pytest.fixture
def installation(db: None, settings: Any, endpoint: CannedEndpoint) -> None:
    """Set up, fetched and scored."""
    settings.SCORE_METHODS = ["baseline-v1"]
    setting_up.set_up("test", now=database_now(), by="tester")
    fetch_validators()
    score_validators()


def test_there_are_commands_to_be_typed() -> None:
    assert len(PAGES) >= 8


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_of_a_page_does_what_it_says(
    page: Path, installation: None, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]

    for line in lines:
        assert line.startswith(PYTHON)
        call_command(*shlex.split(line.removeprefix(PYTHON)))
        assert capsys.readouterr().out.strip(), line
