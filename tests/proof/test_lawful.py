"""The steps that production and storms hold a run to are the model's, and every other one is told."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings

from scheduling.ledger.lawful import ENDED, NONE, STEPS, Look, broken_step, broken_way, steps_between
from tests.proof import model, state
from tests.proof.explorer import System, explore
from tests.proof.rules import LIVE, is_end
from tests.proof.state import CatchUp, Configuration, Row, Step

# Small ones that have every step of the model between them.
EXPLORED = (
    Configuration(hosts=1, occurrences=1, faults=1, acts=1),
    Configuration(hosts=1, occurrences=2, faults=0, catch_up=CatchUp.SKIP),
    Configuration(hosts=2, occurrences=1, faults=0),
)
LEDGER = {state.NONE: NONE, state.MISSED: NONE} | {
    number: state.STATES[number] for number in (*state.OPEN, *state.ENDED)
}
RUN_MD = Path(settings.BASE_DIR) / "docs" / "learn" / "run.md"
CLAIMED = Look(state="queued")
OURS = Look(state="running", attempt=1, owner="a")
WAITS = Look(state="pending", attempt=1, owner="a", failures=1)
AGAIN = Look(state="queued", attempt=1, owner="a", failures=1)
SECOND = Look(state="running", attempt=2, owner="b", failures=1)
DONE = Look(state="succeeded", attempt=2, owner="b", failures=1)
WHOLE = [Look(state=NONE), CLAIMED, OURS, WAITS, AGAIN, SECOND, DONE]


def test_a_run_may_take_the_models_steps_and_no_others() -> None:
    projected = {change for made in EXPLORED for change in _changes_of(made)}

    assert projected == {(step.name, step.before, step.after, step.attempt, step.is_claim) for step in STEPS}


def _changes_of(made: Configuration) -> set[tuple[str, str, str, str, bool]]:
    """What each step of the model does to each row."""
    found: set[tuple[str, str, str, str, bool]] = set()

    def collect(before: state.State, step: Step) -> str:
        if step.state.rows != before.rows:
            for was, now in zip(before.rows, step.state.rows, strict=True):
                if was != now:
                    found.update(_projected(step.name, was, now))
        return ""

    explore(
        System(
            initial=made.initial(),
            steps=lambda at: model.steps(at, made),
            canonical=lambda at: model.canonical(at, made),
            broken=collect,
            is_end=is_end,
            counted_on=lambda step: True,
        ),
        rule_of_stuck=LIVE,
    )
    return found


def _projected(name: str, was: Row, now: Row) -> Iterator[tuple[str, str, str, str, bool]]:
    before, after = LEDGER[was.state], LEDGER[now.state]
    if before == after:  # a bell, or a process that died: not to be seen in the row
        return
    name = _name_in_the_ledger(name, before)
    if before == "skipped":  # the row makes room for another one
        yield name, before, NONE, "0", False
        before = NONE
    yield name, before, after, _attempt(name, was, now, after), name == "take"


def _name_in_the_ledger(name: str, before: str) -> str:
    """Some of the model's steps differ in what is heard of them, or are two in one."""
    name = re.sub(r", answer (lost|late)$| out of turn$| a doubled message$", "", name)
    if name == "succeed and take":
        return "take" if before == "queued" else "succeed"
    if name == "commit":
        return "succeed"
    return "take over" if name == "claim" and before == "pending" else name


def _attempt(name: str, was: Row, now: Row, after: str) -> str:
    if name in ("retry", "backfill", "claim"):
        return "0"
    if after in ENDED or was.attempt == now.attempt:  # the model forgets the attempts of what has ended
        return "same"
    return {1: "one more", -1: "one less"}[now.attempt - was.attempt]


def test_the_page_on_the_life_of_a_run_has_the_same_transitions() -> None:
    told = re.findall(r"^- `(\w+) -> (\w+)`", RUN_MD.read_text(), re.MULTILINE)

    assert set(told) == {(step.before or "new", step.after) for step in STEPS if step.after != NONE}


def test_what_a_run_does_is_lawful_as_a_whole_and_where_some_of_it_was_seen() -> None:
    assert broken_step(pairwise(WHOLE)) == ""
    for left_out in range(1, len(WHOLE) - 1):
        assert broken_way(WHOLE[:left_out] + WHOLE[left_out + 1 :], retried=False) == ""
    assert broken_way([WHOLE[0], WHOLE[-1]], retried=False) == ""


@pytest.mark.parametrize(
    ("name", "after", "said"),
    [
        ("two claims", Look(state="running", attempt=2, owner="b"), "another claim was in force"),
        ("two claims of one attempt", Look(state="running", attempt=1, owner="b"), "another claim was in"),
        ("an end under another token", Look(state="succeeded", attempt=1, owner="b"), "without a claim"),
        ("an attempt that went back", Look(state="pending", attempt=0, owner="a", failures=1), "went back"),
        (
            "one that was skipped",
            Look(state="failed", attempt=3, owner="a", failures=1),
            "skipped an attempt",
        ),
        ("a failure that is kept nowhere", Look(state="failed", attempt=1, owner="a"), "no step leads there"),
        ("a cancelled run under way", Look(state="queued", attempt=1, owner="a"), "no step leads there"),
        ("a row that is gone", Look(state=NONE), "is there no more"),
        (
            "a heartbeat that went back",
            Look(state="running", attempt=1, owner="a", heartbeat=-1),
            "heartbeat",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_forged_change_of_what_runs_is_refused_and_told(name: str, after: Look, said: str) -> None:
    told = broken_step([(WHOLE[0], CLAIMED), (CLAIMED, OURS), (OURS, after)])

    assert told.startswith(f"from running, attempt 1 to {after}: ")
    assert said in told


@pytest.mark.parametrize(
    ("looks", "said"),
    [
        ([Look(state="skipped"), Look(state="succeeded", attempt=1, owner="a")], "it had ended"),
        ([DONE, Look(state="queued", attempt=2, owner="b", failures=1)], "it had ended"),
        ([Look(state="failed"), Look(state="pending")], "it had ended"),
        ([SECOND, OURS], "went back"),
        ([OURS, Look(state="running", attempt=2, owner="b")], "another claim"),
        ([WAITS, Look(state="running", attempt=2, owner="a", failures=1)], "without a claim"),
        ([Look(state=NONE), Look(state="succeeded")], "nobody was at it"),
        ([CLAIMED, Look(state="succeeded")], "nobody was at it"),
        ([OURS, Look(state="running", attempt=3, owner="c", failures=1)], "skipped an attempt"),
    ],
)
def test_looks_between_which_nothing_leads_are_refused_and_told(looks: list[Look], said: str) -> None:
    assert said in broken_way(looks, retried=False)


def test_a_retry_that_is_written_down_begins_the_attempts_anew() -> None:
    failed, anew = Look(state="failed", attempt=8, failures=8), Look(state="running", attempt=1, failures=8)

    assert broken_way([failed, anew], retried=True) == ""
    assert broken_way([failed, anew], retried=False)


def test_a_step_that_begins_where_the_last_did_not_end_is_refused() -> None:
    assert "nobody had queued it" in broken_step([(WHOLE[0], Look(state="pending")), (OURS, WAITS)])
    assert broken_step([(WHOLE[0], Look(state="pending")), (Look(state="pending"), Look(state="failed"))])
    assert "no run begins so" in broken_step([(WHOLE[0], DONE)])
    assert steps_between(OURS, WAITS) == ["fail", "put back"]
