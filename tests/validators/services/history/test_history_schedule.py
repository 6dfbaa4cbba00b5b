"""The chain's history by a schedule: only where the installation asks for it."""

from typing import Any

import pytest

from scheduling.exceptions import SkipRun
from scheduling.modes import declared_jobs
from tests.validators.chain_histories import HistoriesEndpoint
from tests.validators.services.history.chain_imports import VOTES, rows
from validators import tasks
from validators.jobs import HISTORY, OF_HISTORY

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_the_schedule_is_off_unless_asked_for(settings: Any) -> None:
    assert HISTORY not in declared_jobs()

    settings.SCHEDULED_JOBS = [*settings.SCHEDULED_JOBS, "validators.jobs.OF_HISTORY"]

    assert OF_HISTORY == (HISTORY,)
    assert HISTORY in declared_jobs()


def test_a_run_tells_how_much_it_read(followed: HistoriesEndpoint) -> None:
    assert HISTORY.task == f"{tasks.__name__}.{tasks.import_history.__name__}"
    first, second = tasks.import_history(), tasks.import_history()

    assert (first["accounts"], first["added"], first["left"], first["rejected_count"]) == (4, 40, 0, 0)
    assert (second["read_before"], second["requests"], second["first_epoch"]) == (4, 0, None)
    assert "agreement" not in first
    assert len(rows(VOTES[0])) == 10


def test_before_the_first_fetch_it_is_skipped(node: HistoriesEndpoint) -> None:
    with pytest.raises(SkipRun, match="nothing fetched yet"):
        tasks.import_history()
