"""The checker of storms sees each kind of broken promise in a forged log."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.checker import Effect, Evidence, Record, Rule, complaints

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
JOB = "quick"


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


def attempt(
    occurrence: int,
    *,
    process: str = "a/1",
    late: float = 0.01,
    lasting: float | None = 0.1,
    over: str = "ended",
) -> list[Effect]:
    """The lines of one attempt; without a `lasting` it never ends."""
    began = occurrence + late
    effect = Effect(
        at=began, clock=at(began), what="began", process=process, job=JOB, occurrence=at(occurrence)
    )
    if lasting is None:
        return [effect]
    return [effect, replace(effect, what=over, at=began + lasting, clock=at(began + lasting))]


def record(occurrence: int, state: str = "succeeded", **fields: object) -> Record:
    return Record(job=JOB, occurrence=at(occurrence), state=state, **fields)  # type: ignore[arg-type]


def kept() -> Evidence:
    """Ten occurrences, one a second, each run once and on time; the storm is over at the third."""
    return Evidence(
        rules=[Rule(job=JOB, first=NOON, every=timedelta(seconds=1))],
        effects=[effect for second in range(10) for effect in attempt(second)],
        commits=[(JOB, at(second)) for second in range(10)],
        records=[record(second) for second in range(10)],
        ends_at=at(9.5),
        calm_since=at(2),
    )


def without(evidence: Evidence, second: int) -> Evidence:
    """As though the scheduler had forgotten an occurrence altogether."""
    return replace(
        evidence,
        effects=[effect for effect in evidence.effects if effect.occurrence != at(second)],
        commits=[commit for commit in evidence.commits if commit[1] != at(second)],
        records=[one for one in evidence.records if one.occurrence != at(second)],
    )


def with_record(evidence: Evidence, new: Record) -> Evidence:
    return replace(
        evidence, records=[new if one.occurrence == new.occurrence else one for one in evidence.records]
    )


def test_kept_promises_are_not_complained_about() -> None:
    assert complaints(kept()) == []


@pytest.mark.parametrize("over", ["died", "broke"])
def test_an_attempt_that_came_to_nothing_and_was_repeated_is_no_broken_promise(over: str) -> None:
    evidence = kept()
    nothing = attempt(1, process="a/7", late=0, lasting=0.005, over=over)

    assert complaints(replace(evidence, effects=[*nothing, *evidence.effects])) == []


def test_a_process_killed_between_its_commit_and_its_last_line_is_no_broken_promise() -> None:
    evidence = without(kept(), 1)
    effects = [*evidence.effects, *attempt(1, over="died")]
    evidence = replace(kept(), effects=effects)

    assert complaints(evidence) == []


def test_missed_occurrences_that_are_counted_and_skipped_ones_with_a_reason_are_no_broken_promise() -> None:
    evidence = without(without(kept(), 1), 2)
    evidence = with_record(evidence, record(3, missed_before=2))
    evidence = without(evidence, 4)
    evidence = replace(evidence, records=[*evidence.records, record(4, "skipped", reason="the one before")])

    assert complaints(evidence) == []


def doubled_commit(evidence: Evidence) -> Evidence:
    return replace(evidence, commits=[*evidence.commits, (JOB, at(4))])


def doubled_end(evidence: Evidence) -> Evidence:
    return replace(evidence, effects=[*evidence.effects, *attempt(4, process="b/2", late=0.5)])


def overlapping(evidence: Evidence) -> Evidence:
    return replace(
        evidence, effects=[*evidence.effects, *attempt(4, process="b/2", late=0.05, lasting=5, over="died")]
    )


def lost_effect(evidence: Evidence) -> Evidence:
    return replace(evidence, commits=[commit for commit in evidence.commits if commit[1] != at(4)])


def met_another(evidence: Evidence) -> Evidence:
    line = Effect(at=4, clock=at(4), what="overlapped", process="b/2", job=JOB, occurrence=at(4))
    return replace(evidence, effects=[*evidence.effects, line])


def without_record(evidence: Evidence) -> Evidence:
    return replace(evidence, records=[*evidence.records[:-1]], ends_at=at(8.5))


def late(evidence: Evidence) -> Evidence:
    shorter = without(evidence, 8)
    return replace(evidence, effects=[*shorter.effects, *attempt(8, late=1.5)])


def unended(evidence: Evidence) -> Evidence:
    shorter = without(evidence, 4)
    return replace(evidence, effects=[*shorter.effects, *attempt(4, process="b/2", lasting=None)])


FORGERIES: list[tuple[Callable[[Evidence], Evidence], str]] = [
    (lambda evidence: without(evidence, 4), "after 12:00:04 comes 12:00:05 with 0 counted as missed"),
    (
        lambda evidence: with_record(without(evidence, 4), record(5, missed_before=2)),
        "after 12:00:04 comes 12:00:05 with 2 counted as missed",
    ),
    (lambda evidence: replace(evidence, ends_at=at(12)), "nothing is known of 12:00:10 and later"),
    (doubled_commit, "12:00:04: succeeded, and its effect is there 2 times"),
    (doubled_end, "12:00:04: ran to its end 2 times"),
    (lost_effect, "12:00:04: succeeded, and its effect is there 0 times"),
    (overlapping, "12:00:04: a/1 and b/2 ran it together for 0.060 s"),
    (met_another, "12:00:04: b/2 met another at it"),
    (without_record, "12:00:09: ran without a record"),
    (late, "12:00:08: 1.50 s late after the storm"),
    (unended, "12:00:04: b/2 began and neither ended nor died"),
    (lambda evidence: with_record(evidence, record(4, "running")), "12:00:04: still running"),
    (
        lambda evidence: with_record(evidence, record(4, "failed", reason="worker lost 3 times")),
        "12:00:04: failed for 'worker lost 3 times', and its effect is there 1 times",
    ),
    (
        lambda evidence: replace(
            without(evidence, 4), records=[*without(evidence, 4).records, record(4, "skipped")]
        ),
        "12:00:04: skipped for '', and its effect is there 0 times",
    ),
    (
        lambda evidence: replace(
            without(evidence, 8), records=[*without(evidence, 8).records, record(8, "skipped", reason="busy")]
        ),
        "12:00:08: skipped after the storm: 'busy'",
    ),
    (
        lambda evidence: with_record(without(evidence, 8), record(9, missed_before=1)),
        "12:00:09: 1 missed after the storm",
    ),
]


@pytest.mark.parametrize(("forge", "complaint"), FORGERIES, ids=[complaint for _, complaint in FORGERIES])
def test_a_broken_promise_is_named(forge: Callable[[Evidence], Evidence], complaint: str) -> None:
    found = complaints(forge(kept()))

    assert any(complaint in line for line in found), found
