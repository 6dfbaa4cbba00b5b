"""A schedule is removed while the success that it follows is written: nothing of it runs afterwards."""

import threading
import time

import pytest
from django.db import connection, transaction

from scheduling.clock import database_now
from scheduling.engine.execution import execute_run
from scheduling.models import Run, RunState
from scheduling.operations.setting_up import remove
from tests.scheduling.factories import JobFactory, RunFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def is_waited_for() -> bool:
    """Whether somebody waits for a lock, until two seconds have gone; on SQLite whoever writes does."""
    if connection.vendor == "sqlite":
        return True
    with connection.cursor() as cursor:
        for _ in range(200):
            cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
            if cursor.fetchone():
                return True
            time.sleep(0.01)
    return False


def test_a_follower_that_is_removed_while_its_run_is_asked_for_does_not_run() -> None:
    leader = JobFactory()
    follower = JobFactory(after=leader)
    run, is_removed, seen = RunFactory(job=leader), threading.Event(), []

    def remove_slowly() -> None:
        with transaction.atomic():
            remove([follower.name], now=database_now(), by="ann")
            is_removed.set()
            seen.append(is_waited_for())
        connection.close()

    person = threading.Thread(target=remove_slowly)
    person.start()
    assert is_removed.wait(5)
    execute_run(run.pk)
    person.join()

    assert seen == [True]
    run.refresh_from_db()
    assert run.state == RunState.SUCCEEDED
    assert not Run.objects.filter(job=follower).exists()
