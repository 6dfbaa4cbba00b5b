"""What a task started ends with it."""

import os
import subprocess
import sys
from contextlib import suppress

import pytest

from scheduling.engine.leftovers import children_ended
from scheduling.engine.processes import children_of, is_running

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
# Forks from another thread, and leaves the fork to itself.
FORKS = """
import os, sys, threading
sys.path[:0] = {path!r}
from scheduling.engine.leftovers import children_ended
from scheduling.engine.processes import adopt_orphans, is_running
adopt_orphans()
pids = []
def fork():
    reader, writer = os.pipe()
    if os.fork() == 0:
        pid = os.fork()
        if pid:
            os.write(writer, str(pid).encode())
            os._exit(0)
        import time; time.sleep(60)
    pids.append(int(os.read(reader, 20)))
with children_ended():
    thread = threading.Thread(target=fork)
    thread.start()
    thread.join()
print(is_running(pids[0]))
"""


@pytest.mark.parametrize("fails", [False, True])
def test_a_child_that_is_not_waited_for_ends_and_one_of_before_stays(fails: bool) -> None:
    before = subprocess.Popen(SLEEP)
    try:
        with suppress(ValueError), children_ended():
            left = subprocess.Popen(SLEEP)
            if fails:
                raise ValueError

        assert not is_running(left.pid)
        assert is_running(before.pid)
        assert before.pid in children_of(os.getpid())
    finally:
        before.kill()
        before.wait()


def test_a_grandchild_whose_parent_went_away_ends_too() -> None:
    told = subprocess.run(
        # Newer Pythons warn of a fork beside threads, which is what this is about.
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKS.format(path=sys.path)],
        capture_output=True,
        text=True,
        timeout=20,
    )

    assert (told.stdout, told.stderr) == ("False\n", "")


@pytest.mark.parametrize(
    ("does", "code"), [("pass", 0), ("sys.exit(3)", 3), ("sys.exit('why')", 1), ("1 / 0", 1)]
)
def test_a_forked_child_that_comes_back_ends_with_its_own_code(does: str, code: int) -> None:
    forks = f"""
import os, sys
sys.path[:0] = {sys.path!r}
from scheduling.engine.leftovers import forks_kept_in
with forks_kept_in():
    child = os.fork()
    if child == 0:
        {does}
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    told = subprocess.run([sys.executable, "-c", forks], capture_output=True, text=True, timeout=20)

    assert told.stdout == f"{code}\n"
