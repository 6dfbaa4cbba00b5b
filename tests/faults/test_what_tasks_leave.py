"""What a task leaves behind: results that cannot be kept, errors of megabytes, open transactions."""

import traceback
from typing import Any

import pytest
from django.db import connection, transaction

from scheduling.clock import database_now
from scheduling.engine.execution import commit_with_run, execute_run
from scheduling.engine.wording import keepable
from scheduling.exceptions import AttemptError, SkipRun, TransactionLeftOpenError
from scheduling.models import Job, Run, RunState
from tests.scheduling.factories import RunFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def fail_at_length() -> None:
    raise ValueError("long " + "x" * 10_000_000)


def skip_at_length() -> None:
    raise SkipRun("y" * 10_000_000)


def return_nul() -> str:
    return "half a \x00 of a reply"


def return_half_a_pair() -> str:
    return "half a \ud83d of an emoji"


def return_nan() -> float:
    return float("nan")


def return_an_object() -> object:
    return object()


def return_a_circle() -> list[Any]:
    circle: list[Any] = []
    circle.append(circle)
    return circle


def return_megabytes() -> str:
    return "z" * 10_000_000


def store_nul() -> Any:
    return commit_with_run(lambda: "\x00")


def store_without_a_commit() -> None:
    transaction.set_autocommit(False)
    Job.objects.update(description="stored")


def store_in_a_block_that_is_not_left() -> None:
    transaction.atomic().__enter__()
    Job.objects.update(description="stored")


def store_in_sql() -> None:
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("UPDATE scheduling_job SET description = 'stored'")


def store_and_fail_without_a_commit() -> None:
    store_without_a_commit()
    raise ValueError("after storing")


def succeed() -> None:
    pass


def queued(task: str = "succeed", **fields: object) -> Run:
    run: Run = RunFactory(
        job__task=f"tests.faults.test_what_tasks_leave.{task}", occurrence=database_now(), **fields
    )
    return run


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ("return_nul", "it holds the character NUL"),
        ("store_nul", "it holds the character NUL"),
        ("return_half_a_pair", "UnicodeEncodeError: 'utf-8' codec can't encode"),
        ("return_nan", "ValueError: Out of range float values are not JSON compliant"),
        ("return_an_object", "TypeError: Object of type object is not JSON serializable"),
        ("return_a_circle", "ValueError: Circular reference detected"),
        ("return_megabytes", "10000002 characters of JSON are more than the 100000 that are kept"),
    ],
)
def test_a_result_that_cannot_be_kept_says_so_and_its_work_is_not_repeated(task: str, reason: str) -> None:
    run = queued(task)

    assert execute_run(run.pk) == "succeeded"

    run.refresh_from_db()
    assert run.state == RunState.SUCCEEDED
    assert run.result is not None
    assert run.result["not_kept"].startswith(reason)


def test_a_result_that_only_speaks_of_nul_is_kept() -> None:
    assert keepable({"text": "write it \\u0000"}) == {"text": "write it \\u0000"}


def test_what_is_said_at_length_is_kept_and_raised_in_short() -> None:
    run = queued("fail_at_length", attempt=2)

    with pytest.raises(AttemptError) as caught:
        execute_run(run.pk)

    assert len("".join(traceback.format_exception(caught.value))) < 6_000
    run.refresh_from_db()
    assert run.error.startswith("ValueError: long xxx")
    assert len(run.error) < 9_000
    assert len(execute_run(queued("skip_at_length").pk)) < 5_000


@pytest.mark.parametrize(
    "task", ["store_without_a_commit", "store_in_a_block_that_is_not_left", "store_in_sql"]
)
def test_a_transaction_that_a_task_left_open_is_its_failure_and_holds_nobody_up(task: str) -> None:
    run = queued(task, attempt=2)

    with pytest.raises(TransactionLeftOpenError, match="with its transaction open"):
        execute_run(run.pk)

    run.refresh_from_db()
    assert (run.state, run.job.description) == (RunState.FAILED, "")
    assert run.error.startswith("TransactionLeftOpenError: The task returned with its transaction open")
    assert execute_run(queued().pk) == "succeeded"
    assert connection.get_autocommit()


def test_a_task_that_fails_with_its_transaction_open_fails_for_its_own_reason() -> None:
    run = queued("store_and_fail_without_a_commit", attempt=2)

    with pytest.raises(ValueError, match="after storing"):
        execute_run(run.pk)

    run.refresh_from_db()
    assert (run.state, run.job.description) == (RunState.FAILED, "")
