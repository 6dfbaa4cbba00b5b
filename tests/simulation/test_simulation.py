"""The real code under seeds: no rule breaks, a seed is one run, and a safeguard's absence is found."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from pytest_django.plugin import DjangoDbBlocker

from scheduling.engine import statements
from tests.simulation.databases import on_postgres
from tests.simulation.hunting import texts_without
from tests.simulation.mutants import ALL
from tests.simulation.shrinking import Shrinking
from tests.simulation.simulation import found, plan_of
from tests.simulation.stories import story

# A quarter of a second of CPU each; `make simulate` tries a thousand.
SHARE = 200
AT_A_TIME = 10
# In one of so many somebody waits for a row that somebody else holds.
TRIED_FOR_LOCKS = 40


@pytest.fixture(autouse=True)
def database_of_their_own(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


@pytest.mark.storm
@pytest.mark.parametrize("first", range(0, SHARE, AT_A_TIME))
def test_no_rule_breaks_under_any_seed(first: int) -> None:
    for seed in range(first, first + AT_A_TIME):
        result = found(plan_of(seed))

        assert not result.rule, story(result)


@pytest.mark.storm
def test_on_postgresql_no_rule_breaks_either_and_a_seed_is_one_run() -> None:
    """With its row locks, the statement that it alone has, and who waits for whom."""
    with on_postgres():
        for seed in range(TRIED_FOR_LOCKS):
            result = found(plan_of(seed))

            assert not result.rule, story(result)
            if any("waits for a lock" in line for line in result.trace):
                break
        else:
            pytest.fail(f"nobody waits for a lock in {TRIED_FOR_LOCKS} seeds")
        assert "\n".join(found(plan_of(seed)).trace).encode() == "\n".join(result.trace).encode()


def test_a_seed_run_twice_gives_the_same_trace_byte_for_byte() -> None:
    assert "\n".join(found(plan_of(3)).trace).encode() == "\n".join(found(plan_of(3)).trace).encode()


def test_every_safeguard_that_is_taken_away_stands_in_the_code() -> None:
    assert all(texts_without(one.safeguard) for one in ALL)


def test_a_lost_safeguard_is_found_shrunk_and_told() -> None:
    """[ONCE-1] Without the guard of the claim a message that comes again begins the task again."""
    unguarded = statements._take_here("sqlite").replace("AND state = 'queued'", "")
    with patch.object(statements, "_take_here", lambda vendor: unguarded):
        failed = next(result for seed in range(200) if (result := found(plan_of(seed))).rule)
        smallest = Shrinking(failed, most=20).shrunk()

    assert len(smallest.plan.faults) <= len(failed.plan.faults)
    assert smallest.rule == failed.rule
    assert f"[{failed.rule}]" in story(smallest)
