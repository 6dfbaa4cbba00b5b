"""A clock that was a year ahead, and is set right: one command, and the schedules go on."""

import pytest

from tests.faults.site import site

pytestmark = [pytest.mark.processes]

YEAR = 365 * 86_400.0
RUNS = """
SELECT count(*) FROM scheduling_run r JOIN scheduling_job j ON j.id = r.job_id
WHERE j.name = 'quick-repeatable' AND r.state = 'succeeded' AND r.occurrence {} datetime('now', '+1 day')
"""


def test_schedules_that_ran_while_it_was_ahead_go_on_by_the_command_that_health_names() -> None:
    """SQLite alone: the clock is that of its host. PostgreSQL's is its server's, which no test may set."""
    with site("sqlite") as here:
        here.manage("scheduler", "setup", "test")
        cluster = here.start_cluster("one")

        def ran(when: str) -> int:
            return int(here.rows(RUNS.format(when))[0][0])

        here.wait_until(lambda: ran("<"), seconds=60, saying="the first run")
        cluster.set_clock_wrong_by(YEAR)
        here.wait_until(lambda: ran(">"), seconds=60, saying="a run by the clock that is ahead")
        cluster.set_clock_wrong_by(0.0)
        here.pause(2.0)
        before = ran("<")
        told = here.manage("health")
        assert "quick-repeatable waits until " in told
        assert "`manage.py scheduler rewind` mends it" in told

        assert "quick-repeatable" in here.manage("scheduler", "rewind")

        here.wait_until(lambda: ran("<") >= before + 3, seconds=60, saying="three runs after it")
        assert "waits until" not in here.manage("health")
        assert "none" in here.manage("scheduler", "rewind")
        doubled = "SELECT job, occurrence FROM faults_effect GROUP BY job, occurrence HAVING count(*) > 1"
        assert here.rows(doubled) == []
