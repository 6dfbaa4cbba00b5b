"""What an operator is told became of one occurrence of a job."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from scheduling.ledger.attempts import attempt_sentences
from scheduling.ledger.stories import explain
from scheduling.models import Job, Run, RunState, RunTrigger
from scheduling.operations import changing, setting_up
from scheduling.operations.retrying import retry
from scheduling.pages.run_lines import run_lines
from tests.scheduling.factories import NOON, JobFactory, RunFactory
from tests.scheduling.operations.outcomes import TEN, reloaded

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.mark.parametrize(
    ("state", "error", "sentence"),
    [
        (RunState.SKIPPED, "the run before had not ended", "was skipped: the run before had not ended."),
        (RunState.SKIPPED, "There is nothing to do.", "was skipped: There is nothing to do. Its next"),
        (RunState.FAILED, "ValueError: no\n\ntrace", "and failed after 340 ms in attempt 3: ValueError: no."),
        (
            RunState.SUCCEEDED,
            "",
            "was first started at 2026-11-23 12:00:00Z, 12 ms late; "
            "for the last time by host/1/2 at 2026-11-23 12:00:04Z, and succeeded",
        ),
        (RunState.QUEUED, "", "is queued and no worker has taken it yet."),
        (RunState.PENDING, "ValueError: no", "waits until 2026-11-23 12:00:10Z: ValueError: no."),
        (RunState.RUNNING, "", "and is running (attempt 3)."),
        (
            RunState.FAILED,
            "LogicError: All is lost.\n\ntrace.",
            "in attempt 3: LogicError: All is lost. Attempt 2 ",
        ),
    ],
)
def test_explain_tells_what_became_of_the_occurrence(
    job: Job, state: RunState, error: str, sentence: str
) -> None:
    RunFactory(
        job=job,
        occurrence=NOON,
        not_before=NOON + TEN,
        state=state,
        error=error,
        attempt=3,
        worker="host/1/2",
        started_at=NOON + timedelta(seconds=4),
        lateness=timedelta(milliseconds=12),
        duration=timedelta(milliseconds=340),
        failed_attempts=[{"attempt": 2, "error": "OSError: Nobody is there.", "ended_at": ""}]
        * (state == RunState.FAILED),
    )

    story = " ".join(explain(reloaded(job), at=NOON + timedelta(seconds=4), now=NOON))

    assert sentence in story
    assert "Its next run is at 2026-11-23 12:00:00Z." in story
    assert ".." not in story


def test_what_is_due_waits_for_no_instant_of_the_past(job: Job) -> None:
    def waiting_for() -> str:
        return explain(reloaded(job), at=NOON + 2 * TEN, now=NOON + 2 * TEN)[-2].partition(") ")[2]

    asked = changing.trigger(job.name, by="ann", now=NOON + TEN)

    assert waiting_for() == "is due and waits for its turn."
    under_way = RunFactory(job=job, occurrence=NOON, state=RunState.QUEUED)
    assert waiting_for() == "waits for the run of 2026-11-23 12:00:00Z to end."
    under_way.delete()
    changing.pause(job.name, by="ann", note="", now=NOON + TEN)
    assert waiting_for() == f"waits until {job.name} is resumed."
    Run.objects.filter(pk=asked.pk).update(state=RunState.QUEUED)
    assert waiting_for() == "is queued and no worker has taken it yet."


@pytest.mark.parametrize(
    ("state", "finished_at", "told"),
    [
        (RunState.QUEUED, None, ["is queued and no worker has taken it yet.", "was skipped: "]),
        (RunState.SUCCEEDED, NOON + 2 * TEN, ["40000 ms late, and succeeded", "was skipped: "]),
        (RunState.SUCCEEDED, NOON + TEN, ["was skipped: "]),
    ],
)
def test_explain_of_a_skipped_run_tells_whether_the_one_before_had_begun(
    job: Job, state: RunState, finished_at: datetime | None, told: list[str]
) -> None:
    late = timedelta(seconds=40) if finished_at else None
    RunFactory(job=job, occurrence=NOON, state=state, finished_at=finished_at, lateness=late, attempt=1)
    why = "the run of 2026-11-23 12:00:00Z had not ended"
    at = NOON + TEN
    RunFactory(job=job, occurrence=at, state=RunState.SKIPPED, finished_at=at, error=why)

    *story, _ = explain(reloaded(job), at=at, now=at)

    assert len(story) == len(told)
    assert all(words in sentence for words, sentence in zip(told, story, strict=True))


def test_explain_tells_each_attempt_that_failed(job: Job) -> None:
    told = {"attempt": 2, "ended_at": "2026-11-23T12:00:11Z", "error": "RpcError: HTTP 502", "news": 1}
    RunFactory(job=job, occurrence=NOON, state=RunState.SUCCEEDED, failed_attempts=[{"attempt": 1}, told])

    story = explain(reloaded(job), at=NOON, now=NOON)

    assert "Attempt 2 failed at 2026-11-23 12:00:11Z: RpcError: HTTP 502." in story


def test_explain_says_who_retried_a_run_between_its_attempts(job: Job) -> None:
    attempts = [
        {"attempt": number, "ended_at": f"2026-11-23T12:00:{second}Z", "error": "RpcError: HTTP 502"}
        for number, second in ((1, 10), (2, 20))
    ]
    run = RunFactory(job=job, occurrence=NOON, state=RunState.FAILED, attempt=2, failed_attempts=attempts)
    other = RunFactory(job=job, occurrence=NOON - TEN, state=RunState.FAILED, trigger=RunTrigger.BACKFILL)
    for failed in (run, other):
        retry(failed.pk, by="ada", now=NOON + 3 * TEN)
    again = {"attempt": 1, "ended_at": "2026-11-23T12:00:40Z", "error": "RpcError: HTTP 503"}
    run.refresh_from_db()
    run.failed_attempts = [*run.failed_attempts, again]

    assert [sentence.partition(":00:")[2] for sentence in attempt_sentences(run)] == [
        "10Z: RpcError: HTTP 502.",
        "20Z: RpcError: HTTP 502.",
        "30Z; its attempts count from 1 again.",
        "40Z: RpcError: HTTP 503.",
    ]
    assert attempt_sentences(run)[2].startswith("ada retried it at ")
    (line,) = run_lines([run], in_full=True)
    assert [attempt.reason for attempt in line.attempts][1:] == [
        "RpcError: HTTP 502",
        "retried by hand, and then: RpcError: HTTP 503",
    ]


def test_explain_knows_what_was_missed_while_nothing_ran(job: Job) -> None:
    RunFactory(job=job, occurrence=NOON - 10 * TEN, state=RunState.SUCCEEDED)
    RunFactory(job=job, occurrence=NOON, state=RunState.SUCCEEDED, missed_before=9)

    story = " ".join(explain(reloaded(job), at=NOON - 5 * TEN, now=NOON))

    told = "No dispatcher claimed it in time: it is among the 9 missed before 2026-11-23 12:00:00Z"
    assert told in story


def test_explain_of_the_past_tells_the_pause_of_then_and_the_one_in_force(job: Job) -> None:
    changing.change(job.name, by="bob", now=NOON - TEN, fields={"max_attempts": 2})
    changing.pause(job.name, by="ada", note="endpoint is moving", now=NOON)

    story = explain(reloaded(job), at=NOON + TEN, now=NOON + 2 * TEN)

    assert story == [
        "Until then it was last changed at 2026-11-23 11:59:50Z by bob (max_attempts: 3 -> 2).",
        "At that time it was paused, since 2026-11-23 12:00:00Z by ada: endpoint is moving.",
        "It has not run yet, or retention has deleted what ran.",
        "It is paused, since 2026-11-23 12:00:00Z by ada: endpoint is moving. "
        "It goes on by `scheduler resume fetch-repeatable`.",
    ]


NEVER_RAN = "It has not run yet, or retention has deleted what ran."


def pause_it(job: Job) -> None:
    changing.pause(job.name, by="ada", note="maintenance.", now=NOON, until=NOON + 6 * TEN)


def follow_another(job: Job) -> None:
    changing.change(job.name, by="ada", now=NOON, after=JobFactory(schedule__name="leader").name)


def follow_a_paused_one(job: Job) -> None:
    follow_another(job)
    changing.pause("leader", by="bob", note="", now=NOON)


def remove_it(job: Job) -> None:
    setting_up.remove([job.name], by="ada", now=NOON)


FOLLOWS = "It was last changed at 2026-11-23 12:00:00Z by ada (cadence: every 10 s -> after leader, next_run"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (
            lambda job: None,
            [NEVER_RAN, "Its next run was due at 2026-11-23 12:00:00Z and is not claimed yet."],
        ),
        (
            pause_it,
            [
                NEVER_RAN,
                "It is paused, since 2026-11-23 12:00:00Z by ada: maintenance. It goes on by itself at "
                "2026-11-23 12:01:00Z, or before by `scheduler resume fetch-repeatable`.",
            ],
        ),
        (
            follow_another,
            [
                f"{FOLLOWS}: 2026-11-23 12:00:00+00:00 -> None).",
                NEVER_RAN,
                "It runs after each success of leader, which is due at 2026-11-23 12:00:00Z.",
            ],
        ),
        (
            follow_a_paused_one,
            [
                f"{FOLLOWS}: 2026-11-23 12:00:00+00:00 -> None).",
                NEVER_RAN,
                "It runs after each success of leader, which is paused.",
            ],
        ),
        (
            remove_it,
            [
                NEVER_RAN,
                "It has no schedule now: ada removed it at 2026-11-23 12:00:00Z. "
                "`scheduler setup` gives it one.",
            ],
        ),
    ],
)
def test_explain_of_the_present_hangs_together(job: Job, make: Callable[[Job], Any], told: list[str]) -> None:
    make(job)

    assert explain(reloaded(job), at=NOON + TEN, now=NOON + TEN) == told
