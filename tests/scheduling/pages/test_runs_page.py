"""Searching runs, on the page and in the API by the same words, and beginning many of them anew at once."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from scheduling.ledger import search
from scheduling.models import Job, JobChange, Run, RunState
from scheduling.operations.retrying import MOST_RETRIED
from tests.scheduling.factories import NOON, JobFactory, RunFactory
from tests.scheduling.pages.operations_page import FAR_AWAY, RUNS, page, page_of, staff

pytestmark = [pytest.mark.django_db, pytest.mark.database]

RETRY = reverse("scheduling:retry_many")
SAID = 'Täuschung "100%_" <b>'


@pytest.fixture
def runs(job: Job) -> dict[str, Run]:
    """Each differs from the others in what one may look for."""
    other = JobFactory(schedule__name="score-repeatable", schedule__next_run=FAR_AWAY)
    attempt = {"attempt": 1, "ended_at": "2026-11-23T12:00:01Z", "worker": "web-2/1/1", "error": SAID}
    made = {
        "good": {"job": job, "state": RunState.SUCCEEDED, "worker": "web-1/7/9"},
        "bad": {"job": job, "state": RunState.FAILED, "worker": "web-10/7/9", "error": "TimeoutError: slow"},
        "tried": {"job": job, "state": RunState.SUCCEEDED, "worker": "web-2", "failed_attempts": [attempt]},
        "other": {"job": other, "state": RunState.FAILED, "error": "no votes\nTimeoutError: within"},
    }
    return {
        name: RunFactory(occurrence=NOON + timedelta(minutes=number), **fields)
        for number, (name, fields) in enumerate(made.items())
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["other", "tried", "bad", "good"]),
        ("state=failed", ["other", "bad"]),
        ("state=failed&state=succeeded&schedule=fetch-repeatable", ["tried", "bad", "good"]),
        ("from=2026-11-23T12:01:00Z&to=2026-11-23T12:02:00Z", ["tried", "bad"]),
        ("from=2026-11-23T13:02%2B01:00", ["other", "tried"]),
        ("host=web-1", ["good"]),
        ("host=web-2", ["tried"]),
        ("host=web%25", []),
        ("text=timeouterror", ["other", "bad"]),
        ("text=score-rep", ["other"]),
        (f"text={quote(SAID)}", ["tried"]),
        ("text=100%25x", []),
        ("text=TimeoutError&state=failed&to=2026-11-23T12:01", ["bad"]),
    ],
)
def test_the_same_words_find_the_same_runs_on_the_page_and_in_the_api(
    operator: Client, runs: dict[str, Run], query: str, found: list[str]
) -> None:
    expected = [runs[name].pk for name in found]

    shown = operator.get(f"{RUNS}?{query}").context["runs"]
    told = operator.get(f"/api/v1/runs?{query}").json()["items"]

    assert [line.run_id for line in shown] == expected
    assert [run["id"] for run in told] == expected


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("from=soon", "from: 'soon' is not a time; write it like 2026-11-23T12:00:00Z."),
        ("from=2026-11-23T12:01Z&to=2026-11-23T12:00Z", "to: it is before `from`"),
        ("to=0001-01-01", "lies beyond what is reckoned with"),
        (
            "state=odd",
            "state: 'odd' is none of pending, queued, running, succeeded, failed, skipped.",
        ),
        (
            "schedule=fetch-repeetable",
            "“fetch-repeetable”; did you mean fetch-repeatable? There are: ",
        ),
        ("schedule=x", "schedule: There is no schedule “x”. There are: fetch-repeatable, score-repeatable."),
        ("text=" + "x" * 201, "text: More than 200 characters."),
        ("text=%00", "text: It holds a character that it cannot have."),
        ("cursor=x", "This cursor is none that this list gave out."),
    ],
)
def test_what_cannot_be_looked_for_is_said(
    operator: Client, runs: dict[str, Run], query: str, problem: str
) -> None:
    content = page(operator, f"{RUNS}?{query}")

    assert escape(problem) in content
    assert "TimeoutError" not in content
    assert operator.get(f"/api/v1/runs?{query}").status_code in (400, 422)


def test_what_is_wrong_is_tied_to_its_fields(operator: Client) -> None:
    content = page(operator, f"{RUNS}?from=soon&host=%00&to=2026-11-23&state=odd")

    assert _tied(content) == [["host"], ["from"], []]
    assert content.count('id="problems"') == 1
    assert _tied(page(operator, f"{RUNS}?schedule=nobody")) == [["schedule"]]


def _tied(content: str) -> list[list[str]]:
    tied = re.findall(r'<(?:input|select|fieldset)([^>]*) aria-describedby="problems"', content)
    return [re.findall('name="([^"]*)"', one) for one in tied]


@pytest.mark.parametrize("query", ["text=TimeoutError", "host=web-1", "text=x&host=y"])
def test_errors_and_hosts_are_not_guessed_by_searching(
    client: Client, runs: dict[str, Run], query: str
) -> None:
    refused = client.get(f"/api/v1/runs?{query}")
    clerk = staff("change_job", name="clerk")

    assert (refused.status_code, refused.json()["code"]) == (403, "for_staff")
    assert clerk.get(f"/api/v1/runs?{query}").status_code == 403
    shown = clerk.get(f"{RUNS}?{query}")
    assert (shown.context["runs"], b"for who may view runs" in shown.content) == ([], True)


def test_a_search_reads_so_many_runs_and_goes_on_from_there(
    operator: Client, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "SEARCHED_AT_ONCE", 3)
    made = [RunFactory(job=job, state=RunState.FAILED, error="no") for _ in range(8)]
    Run.objects.filter(pk__in=(made[0].pk, made[6].pk)).update(error="odd")

    found, pages = [], 0
    address = "/api/v1/runs?text=odd"
    while address:
        reply: Any = operator.get(address).json()
        found += [run["id"] for run in reply["items"]]
        address = reply["next_cursor"] and f"/api/v1/runs?text=odd&cursor={reply['next_cursor']}"
        pages += 1

    assert (found, pages) == ([made[6].pk, made[0].pk], 3)
    assert "Search on before" in page(operator, f"{RUNS}?text=odd")


def test_failed_runs_are_retried_together_and_what_was_not_is_said(
    operator: Client, runs: dict[str, Run]
) -> None:
    keys = [runs["bad"].pk, runs["good"].pk, 999_999]

    response = operator.post(f"{RETRY}?state=failed", {"run": [*keys, keys[0], "x", "9" * 30]})

    assert response["Location"] == f"{RUNS}?state=failed"
    content = page(operator, RUNS)
    assert "Retried 1 of 3 runs. Not retried: " in content
    assert "has not failed (it is succeeded)" in content
    assert "There is no run 999999" in content
    assert [*JobChange.objects.values_list("by", "action")] == [("ada", "retry")]

    shown = operator.get(RUNS).context["failed"]
    assert "Retry the one that failed on this page" in page(operator, RUNS)
    operator.post(RETRY, {"all": "1", "shown": [line.run_id for line in shown]})
    assert not Run.objects.filter(state=RunState.FAILED).exists()


@pytest.mark.parametrize(
    ("count", "said"), [(0, "No run was chosen"), (MOST_RETRIED + 1, "200 are the most. Nothing is retried.")]
)
def test_none_and_too_many_are_refused(operator: Client, runs: dict[str, Run], count: int, said: str) -> None:
    content = operator.post(RETRY, {"run": range(1, count + 1)}, follow=True).content.decode()

    assert said in content
    assert not JobChange.objects.exists()


def test_a_run_that_has_not_ended_took_no_time_yet(operator: Client, job: Job) -> None:
    RunFactory(job=job, state=RunState.PENDING, attempt=1, duration=timedelta(milliseconds=8.9))

    assert "8.9 ms" not in page(operator, RUNS)
    assert "8.9 ms" not in page(operator)


def test_who_may_not_operate_retries_nothing(client: Client, runs: dict[str, Run]) -> None:
    for visitor in (client, staff("view_run", name="clerk")):
        assert visitor.post(RETRY, {"run": runs["bad"].pk}).status_code == 403
    guarded = Client(enforce_csrf_checks=True)
    guarded.force_login(staff_user())
    assert guarded.post(RETRY, {"run": runs["bad"].pk}).status_code == 403
    assert not JobChange.objects.exists()


def staff_user() -> Any:
    return User.objects.create_superuser("root")


def test_it_asks_as_many_questions_for_many_runs_as_for_few(operator: Client, runs: dict[str, Run]) -> None:
    address = f"{RUNS}?text=e"
    with CaptureQueriesContext(connection) as few:
        page(operator, address)
    for number in range(60):
        later = NOON + timedelta(days=1, seconds=number)
        RunFactory(state=RunState.FAILED, error="e", job=runs["bad"].job, occurrence=later)

    with CaptureQueriesContext(connection) as many:
        content = page(operator, address)

    assert len(many) == len(few) <= 9
    assert "Older runs" in content or "Search on" in content
    assert f'href="{page_of(runs["bad"].job)}"' in content
