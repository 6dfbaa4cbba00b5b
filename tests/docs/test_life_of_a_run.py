"""The page that tells the life of a run tells the code's states and transitions, all of them."""

import re
from pathlib import Path

from django.conf import settings

from scheduling.models import RunState
from tests.docs.run_transitions import transitions

PAGE = (Path(settings.BASE_DIR) / "docs" / "learn" / "run.md").read_text()


def test_every_state_of_a_run_is_on_its_page_and_no_other() -> None:
    assert re.findall(r"^- `(\w+)` - \w", PAGE, re.MULTILINE) == RunState.values


def test_every_transition_that_the_code_writes_is_on_the_page_and_no_other() -> None:
    told = re.findall(r"^- `(\w+) -> (\w+)` - \w", PAGE, re.MULTILINE)

    assert len(told) == len(set(told))
    assert set(told) == transitions()
