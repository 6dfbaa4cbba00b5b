"""A storm's traces are replayed as steps of the model, and each kind of forged one is refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection

from scheduling.ledger.lawful import NONE, Look
from scheduling.models import Run, RunState
from tests.faults.checker import Effect
from tests.faults.replay import unlawful
from tests.faults.transitions import READ, Change, change_of, ddl
from tests.faults.witness import _instant, _loaded
from tests.scheduling.factories import NOON, JobFactory, RunFactory

Trace = tuple[list[Change], list[Effect]]

ROWS = (
    Look(state=NONE),
    Look(state="queued"),
    Look(state="running", attempt=1, owner="a"),
    Look(state="pending", attempt=1, owner="a", failures=1),
    Look(state="queued", attempt=1, owner="a", failures=1),
    Look(state="running", attempt=2, owner="b", failures=1),
    Look(state="succeeded", attempt=2, owner="b", failures=1),
)
PROCESSES = ("", "a/1", "a/1", "a/1", "b/2", "b/2")
NAME = "quick 12:00:00: "


def changed(number: int, before: Look, after: Look, process: str) -> Change:
    at = NOON + timedelta(seconds=number)
    return Change(run=1, job="quick", occurrence=NOON, at=at, before=before, after=after, process=process)


def told(second: float, what: str, process: str) -> Effect:
    clock = NOON + timedelta(seconds=second)
    return Effect(at=second, clock=clock, what=what, process=process, job="quick", occurrence=NOON)


def kept() -> Trace:
    """Claimed at 1 s by one that fails at 2 s, and at 4 s by another, which has succeeded at 5 s."""
    changes = [changed(n, ROWS[n], ROWS[n + 1], PROCESSES[n]) for n in range(len(PROCESSES))]
    effects = [
        told(1.1, "began", "a/1"),
        told(1.9, "broke", "a/1"),
        told(4.1, "began", "b/2"),
        told(5.1, "ended", "b/2"),
    ]
    return changes, effects


def with_change(number: int, **fields: object) -> Trace:
    changes, effects = kept()
    changes[number] = replace(changes[number], after=replace(changes[number].after, **fields))  # type: ignore[arg-type]
    return changes, effects


def without_change(number: int) -> Trace:
    changes, effects = kept()
    return [*changes[:number], *changes[number + 1 :]], effects


def with_effect(number: int, **fields: object) -> Trace:
    changes, effects = kept()
    effects[number] = replace(effects[number], **fields)  # type: ignore[arg-type]
    return changes, effects


def _more(changes: list[Change], effects: list[Effect]) -> Trace:
    known_changes, known_effects = kept()
    return known_changes + changes, known_effects + effects


def _claimed_again() -> Trace:
    """A second claim of the attempt that is under way."""
    changes, effects = kept()
    stolen = replace(ROWS[2], owner="c")
    return [*changes[:2], changed(2, ROWS[2], stolen, "c/3"), *changes[2:]], effects


def test_a_lawful_trace_is_one() -> None:
    assert unlawful(*kept()) == []


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (_claimed_again, "it was claimed while another claim was in force"),
        (
            lambda: with_change(4, attempt=1),
            "from queued, attempt 1 to running, attempt 1: its attempt was not counted",
        ),
        (
            lambda: with_change(2, attempt=0),
            "from running, attempt 1 to pending, attempt 0: its attempt went",
        ),
        (lambda: with_change(5, owner="a"), "its owner changed without a claim"),
        (
            lambda: _more([changed(6, ROWS[6], Look(state="skipped", attempt=2, owner="b"), "b/2")], []),
            "from succeeded, attempt 2 to skipped, attempt 2: it had ended",
        ),
        (
            lambda: _more([changed(6, Look(state="skipped"), ROWS[6], "b/2")], []),
            "from succeeded, attempt 2 to skipped, attempt 0: it had ended",
        ),
        (lambda: without_change(0), "from no row to queued, attempt 0: that change is not among them"),
        (lambda: without_change(1), "from queued, attempt 0 to running, attempt 1: that change is not"),
        (lambda: _more([replace(kept()[0][0], run=2)], []), "it has two rows"),
        (lambda: with_effect(0, clock=NOON), "a/1 began its task outside any claim of its own"),
        (lambda: with_effect(2, clock=NOON + timedelta(seconds=6)), "b/2 began its task outside"),
        (lambda: with_effect(2, process="c/3"), "c/3 began its task outside any claim of its own"),
        (
            lambda: _more([], [told(4.2, "began", "b/2")]),
            "b/2 began its task outside any claim of its own, or",
        ),
        (lambda: with_effect(1, what="ended"), "a/1 ended its task, and pending was written by its claim"),
        (lambda: with_effect(3, process="a/1"), "a/1 told that its task ended, which it had not begun"),
        (lambda: (kept()[0], kept()[1][:2]), "b/2 has written a success, and its task never began"),
    ],
)
def test_a_forged_trace_is_refused_and_told(forge: Callable[[], Trace], said: str) -> None:
    (sentence,) = unlawful(*forge())

    assert sentence.startswith(NAME)
    assert said in sentence


@pytest.mark.django_db
@pytest.mark.database
def test_the_database_logs_each_change_of_a_row_and_by_whom_it_was_held() -> None:
    """In the transaction that makes it, on either database."""
    with connection.cursor() as cursor:
        for statement in ddl(connection.vendor):
            cursor.execute(statement)
    run = RunFactory(job=JobFactory(name="quick", task="tests.faults.effects.quick"), occurrence=NOON)
    runs = Run.objects.filter(pk=run.pk)
    runs.update(state=RunState.RUNNING, attempt=1, owner="a", worker="host/7/123/tag")
    runs.update(heartbeat=1)
    runs.update(state=RunState.SUCCEEDED)
    runs.delete()
    with connection.cursor() as cursor:
        cursor.execute(READ)
        changes = [change_of(row, instant=_instant, loaded=_loaded) for row in cursor.fetchall()]

    assert [change.after.state for change in changes] == ["queued", "running", "running", "succeeded", NONE]
    assert [change.process for change in changes] == ["", *["host/7"] * 4]
    assert {(change.job, change.occurrence) for change in changes} == {("quick", NOON)}
    assert "its task never began" in unlawful(changes, [])[0]
