"""Tasks that tests run in their own process."""

import time
from contextlib import suppress
from typing import Any

from scheduling.engine.execution import commit_with_run
from scheduling.exceptions import SkipRun
from scheduling.models import Job, Run


def succeed(pages: int = 0, deadline: int = 0) -> dict[str, int]:
    return {"rows": 3}


def fail() -> None:
    raise ValueError("the wheel came off")


def skip() -> None:
    raise SkipRun("nothing fetched yet")


def sleep_long() -> None:
    time.sleep(30)


def sleep_through_exceptions() -> None:
    """As code does that catches everything: its time limit must end it all the same."""
    for _ in range(30):
        try:
            time.sleep(1)
        except Exception:  # noqa: S112
            continue


def rename_job() -> dict[str, str]:
    """Stores something with the run."""
    return commit_with_run(_rename)


def rename_job_after_the_run_was_lost() -> dict[str, str]:
    Run.objects.update(owner="somebody else")
    return commit_with_run(_rename)


def fail_after_the_run_was_deleted() -> None:
    Run.objects.all().delete()
    raise ValueError("what nobody asks for any more")


def rename_job_and_break() -> Any:
    def write() -> None:
        _rename()
        raise ValueError("broken in the middle of storing")

    return commit_with_run(write)


def rename_job_at_the_second_trial() -> Any:
    with suppress(ValueError):
        rename_job_and_break()
    return commit_with_run(_rename)


def _rename() -> dict[str, str]:
    Job.objects.update(description="renamed")
    return {"description": "renamed"}
