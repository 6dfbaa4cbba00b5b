"""What a job's policies make of what is due."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.timing.cadence import Every
from scheduling.timing.planning import PlannedRun, Policies, jitter_of, plan_runs
from tests.scheduling.factories import NOON

TEN = timedelta(seconds=10)
POLICIES = Policies(
    name="fetch",
    cadence=Every(10),
    catch_up="latest",
    catch_up_window=timedelta(minutes=1),
    jitter=timedelta(0),
    ends_at=None,
    repeats=-1,
    stretch=1,
)


def test_catching_up_the_latest_runs_one_and_counts_the_others() -> None:
    plan = plan_runs(POLICIES, first=NOON, now=NOON + 5 * TEN)

    assert plan.runs == (PlannedRun(occurrence=NOON + 5 * TEN, not_before=NOON + 5 * TEN, missed_before=5),)
    assert plan.following == NOON + 6 * TEN


def test_catching_up_all_runs_those_of_the_window_and_counts_the_older_ones() -> None:
    plan = plan_runs(replace(POLICIES, catch_up="all"), first=NOON, now=NOON + 20 * TEN)

    assert [run.occurrence for run in plan.runs] == [NOON + n * TEN for n in range(14, 21)]
    assert [run.missed_before for run in plan.runs] == [14, 0, 0, 0, 0, 0, 0]


def test_catching_up_nothing_records_that_it_was_missed() -> None:
    plan = plan_runs(replace(POLICIES, catch_up="skip"), first=NOON, now=NOON + 2 * TEN + TEN * 0.9)

    (run,) = plan.runs
    assert (run.occurrence, run.missed_before) == (NOON + 2 * TEN, 2)
    assert run.skip_reason == "missed by 9 s, as no dispatcher claimed it in time"


def test_an_occurrence_claimed_in_time_is_not_missed() -> None:
    plan = plan_runs(replace(POLICIES, catch_up="skip"), first=NOON, now=NOON + timedelta(seconds=4))

    assert plan.runs[0].skip_reason == ""


def test_a_count_ends_the_schedule_and_counts_what_was_missed_too() -> None:
    three = replace(POLICIES, repeats=3)

    begun = plan_runs(three, first=NOON, now=NOON)
    ended = plan_runs(three, first=NOON, now=NOON + 9 * TEN)

    assert (begun.repeats, begun.following) == (2, NOON + TEN)
    assert (ended.repeats, ended.following) == (0, None)
    assert [run.occurrence for run in ended.runs] == [NOON + 2 * TEN]


def test_nothing_lies_after_the_end() -> None:
    plan = plan_runs(replace(POLICIES, ends_at=NOON + TEN), first=NOON, now=NOON + 5 * TEN)

    assert ([run.occurrence for run in plan.runs], plan.following) == ([NOON + TEN], None)


def test_an_end_that_was_moved_before_the_next_run_ends_it_without_a_run() -> None:
    plan = plan_runs(replace(POLICIES, ends_at=NOON - TEN), first=NOON, now=NOON)

    assert (plan.runs, plan.following) == ((), None)


def test_under_load_the_next_occurrence_is_a_later_one_of_the_same_grid() -> None:
    assert plan_runs(replace(POLICIES, stretch=4), first=NOON, now=NOON).following == NOON + 4 * TEN


@given(seconds=st.integers(0, 10**6), most=st.integers(1, 3600))
def test_jitter_is_within_its_bound_and_always_the_same_for_an_occurrence(seconds: int, most: int) -> None:
    occurrence, bound = NOON + timedelta(seconds=seconds), timedelta(seconds=most)

    jitter = jitter_of("fetch", occurrence, most=bound)

    assert timedelta(0) <= jitter < bound
    assert jitter == jitter_of("fetch", occurrence, most=bound)


def test_jitter_spreads_jobs_and_occurrences_apart() -> None:
    jitters = {jitter_of(name, NOON + n * TEN, most=TEN) for name in ("fetch", "score") for n in range(50)}

    assert len(jitters) == 100


def test_jitter_moves_the_start_and_never_the_occurrence() -> None:
    (run,) = plan_runs(replace(POLICIES, jitter=TEN), first=NOON, now=NOON).runs

    assert run.occurrence == NOON
    assert NOON < run.not_before < NOON + TEN


@given(
    pauses=st.lists(st.integers(0, 400), min_size=1, max_size=10),
    catch_up=st.sampled_from(["latest", "skip", "all"]),
    repeats=st.just(-1) | st.integers(1, 60),
)
def test_however_time_is_cut_every_occurrence_is_planned_or_counted_once(
    pauses: list[int], catch_up: str, repeats: int
) -> None:
    policies = replace(POLICIES, catch_up=catch_up, repeats=repeats)
    next_run: datetime | None = NOON
    now, missed = NOON, 0
    planned: list[datetime] = []
    for pause in pauses:
        now += timedelta(seconds=pause)
        if next_run is None or next_run > now:
            continue
        plan = plan_runs(policies, first=next_run, now=now)
        planned += [run.occurrence for run in plan.runs]
        missed += sum(run.missed_before for run in plan.runs)
        next_run, policies = plan.following, replace(policies, repeats=plan.repeats)

    due = (now - NOON) // TEN + 1
    due = due if repeats < 0 else min(due, repeats)
    assert planned == sorted(set(planned))
    assert len(planned) + missed == (due if planned else 0)


@pytest.mark.parametrize("repeats", [0, 1])
def test_a_schedule_whose_count_is_used_up_plans_nothing_more(repeats: int) -> None:
    plan = plan_runs(replace(POLICIES, repeats=repeats), first=NOON, now=NOON)

    assert (len(plan.runs), plan.following, plan.repeats) == (repeats, None, 0)
