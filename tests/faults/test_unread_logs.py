"""Who starts a cluster and does not read what it says has schedules that run, and a stop that is one."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from tests.installation import PATIENCE, Installation, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.database]


def full_pipe() -> tuple[int, int]:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while os.write(writer, b"x" * 4096):
            pass
    except BlockingIOError:
        os.set_blocking(writer, True)
    return reader, writer


def test_a_full_pipe_holds_up_no_run_and_no_stop(stack: Installation) -> None:
    stack.manage("scheduler", "setup", "test")
    reader, writer = full_pipe()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "qcluster"],
        env=stack.environment | {"STOP_GRACE_SECONDS": "600"},
        cwd=settings.BASE_DIR,
        stdout=writer,
        stderr=writer,
        text=True,
    )
    stack.processes.append(process)
    os.close(writer)

    wait_until(lambda: len(stack.events("note")) >= 3, saying="three runs")
    process.terminate()

    assert process.wait(PATIENCE) == 0
    os.close(reader)
