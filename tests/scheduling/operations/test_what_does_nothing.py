"""What would do nothing is refused to who asks for it, and to nobody else."""

from datetime import timedelta
from typing import Any

import pytest

from scheduling.exceptions import RefusedError
from scheduling.models import Job
from scheduling.operations import changing
from scheduling.timing.cadence import Cron, Every
from tests.scheduling.factories import NOON
from tests.scheduling.operations.outcomes import TEN, journal

pytestmark = [pytest.mark.django_db, pytest.mark.database]

HOUR = timedelta(hours=1)


def change(job: Job, **changes: Any) -> str:
    return changing.change(job.name, by="ada", now=NOON, **changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fields": {"pause_after_failures": 0}}, "pause after failures: 0 are none; 1 is the least"),
        ({"fields": {"catch_up_window": timedelta(0)}}, "catch-up window: 0s reaches back to nothing"),
        (
            {"fields": {"stretch_limit": TEN}},
            "stretch limit: 10s stretches nothing of a job that runs every 10 s",
        ),
        ({"fields": {"stretch_limit": timedelta(seconds=19)}}, "it takes 20s or more, or `none`"),
        ({"fields": {"stretch_limit": HOUR}, "cadence": Every(3600)}, "it takes 2h or more"),
        ({"fields": {"stretch_limit": HOUR}, "cadence": Cron("0 * * * *")}, "stretches no cron"),
    ],
    ids=str,
)
def test_what_would_do_nothing_is_refused(job: Job, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        change(job, **changes)

    assert journal() == []


@pytest.mark.parametrize(
    "stored",
    [{"stretch_limit": TEN}, {"pause_after_failures": 0}, {"catch_up_window": timedelta(0)}],
    ids=str,
)
def test_where_it_is_stored_already_nothing_else_is_kept_from_being_changed(
    job: Job, stored: dict[str, Any]
) -> None:
    """Another mode made it useless, or an earlier version took it."""
    Job.objects.update(**stored)

    assert change(job, fields={"keep_newest": 3}) == "keep_newest: 1 -> 3"
    assert change(job, cadence=Every(5)) == "cadence: every 10 s -> every 5 s"
    with pytest.raises(RefusedError):
        change(job, fields=stored, cadence=Every(10))


def test_a_cadence_that_leaves_no_room_to_stretch_is_not_stored(job: Job) -> None:
    Job.objects.update(stretch_limit=HOUR)
    job.refresh_from_db()
    job.every_seconds = 3_600

    with pytest.raises(RefusedError, match="it takes 2h or more"):
        changing.reschedule(job, next_run=None, by="ada", now=NOON)
