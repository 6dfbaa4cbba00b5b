"""Two operators at once, on jobs that have to do with each other."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress

import pytest
from django.db import connection

from scheduling.exceptions import RefusedError
from scheduling.ledger.patience import in_turn
from scheduling.models import Job
from scheduling.operations import changing, naming
from tests.scheduling.factories import NOON, JobFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.mark.parametrize("patience", [nullcontext, in_turn])
@pytest.mark.parametrize("leader_of_other", ["one", "third"])
def test_jobs_are_not_made_to_run_after_each_other_at_the_same_time(
    monkeypatch: pytest.MonkeyPatch,
    leader_of_other: str,
    patience: Callable[[], AbstractContextManager[None]],
) -> None:
    """None of them would ever run again; the third runs after the first already."""
    for name in ("one", "other", "third"):
        JobFactory(schedule__name=name)
    changing.change("third", after="one", by="ann", now=NOON)
    both = threading.Barrier(2)

    def look_together(name: str) -> Job:
        job = naming.job_named(name)
        # On SQLite the second cannot look before the first has committed.
        with suppress(threading.BrokenBarrierError):
            both.wait(1)
        return job

    monkeypatch.setattr("scheduling.operations.retiming.job_named", look_together)

    def follow(name: str, leader: str) -> None:
        with patience(), suppress(RefusedError):
            changing.change(name, after=leader, by="ann", now=NOON)
        connection.close()

    asked = (("one", "other"), ("other", leader_of_other))
    operators = [threading.Thread(target=follow, args=pair) for pair in asked]
    for operator in operators:
        operator.start()
    for operator in operators:
        operator.join()

    assert Job.objects.filter(after=None).exists(), "somebody runs by the clock"
