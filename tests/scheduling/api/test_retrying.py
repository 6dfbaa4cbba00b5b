"""The API: failed runs begun anew, many at once."""

from typing import Any

import pytest
from django.test import Client

from scheduling.models import Run, RunState, RunTrigger
from scheduling.models.tokens import ApiToken, issue_token
from tests.scheduling.api.test_tokens import post, token
from tests.scheduling.factories import NOON, RunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def failed(**fields: Any) -> Run:
    run: Run = RunFactory(
        state=RunState.FAILED, attempt=3, finished_at=NOON, error="ValueError: no", **fields
    )
    return run


def outcomes(reply: Any) -> list[tuple[int, bool]]:
    assert reply.status_code == 200, reply.content
    return [(run["id"], run["begins_anew"]) for run in reply.json()["runs"]]


def test_runs_are_retried_by_their_ids_and_each_says_what_became_of_it(client: Client) -> None:
    one, other = failed(), RunFactory(state=RunState.SUCCEEDED)

    reply = post(client, "runs/retry", token("trigger"), {"ids": [other.pk, 999_999_999, one.pk]})

    assert outcomes(reply) == [(other.pk, False), (999_999_999, False), (one.pk, True)]
    assert reply.json()["retried"] == 1
    told = [(run["run"], run["why_not"]) for run in reply.json()["runs"]]
    assert told == [
        (str(other), f"{other} has not failed (it is succeeded), so there is nothing to retry."),
        (None, "There is no run 999999999; retention may have deleted it."),
        (str(one), None),
    ]
    one.refresh_from_db()
    assert (one.state, one.attempt, one.job.changes.get().by) == (RunState.PENDING, 0, "token robot")


def test_runs_are_retried_by_the_filters_of_the_list(client: Client) -> None:
    runs = [failed() for _ in range(3)]
    text = token("trigger")

    by_name = post(client, "runs/retry", text, {"schedule": runs[0].job.name})
    later = post(client, "runs/retry", text, {"from": runs[2].occurrence.isoformat(), "state": ["failed"]})
    rest = post(client, "runs/retry", text, {"state": ["failed"]})

    assert [outcomes(reply) for reply in (by_name, later, rest)] == [
        [(runs[0].pk, True)],
        [(runs[2].pk, True)],
        [(runs[1].pk, True)],
    ]
    nothing = post(client, "runs/retry", text, {"state": ["failed"]})
    assert (nothing.status_code, nothing.json()["code"]) == (409, "refused")


@pytest.mark.parametrize(
    "body",
    [
        *({}, {"ids": []}, {"ids": [1], "schedule": "x"}, {"ids": [0]}, {"ids": ["x"]}, {"ids": [2**63]}),
        *({"ids": [*range(1, 202)]}, {"state": ["succeeded"]}, {"schedul": "x", "state": ["failed"]}),
        *({"from": "soon"}, {"schedule": "a\x00"}, {"schedule": "misspelt"}, [], None),
    ],
)
def test_what_says_nothing_or_too_much_is_refused_whole(client: Client, body: Any) -> None:
    run = failed()

    assert post(client, "runs/retry", token("trigger"), body).status_code in (400, 422)
    run.refresh_from_db()
    assert run.state == RunState.FAILED


def test_a_token_retries_what_it_may_act_on_and_learns_no_more_than_the_list_tells(client: Client) -> None:
    mine, other, delivery = failed(), failed(), failed(trigger=RunTrigger.ALERT)
    row = ApiToken(name="held", may_trigger=True, schedules=mine.job.name)
    text = issue_token(row, by="admin", now=NOON).text

    reply = post(client, "runs/retry", text, {"ids": [mine.pk, other.pk, delivery.pk]})

    assert outcomes(reply) == [(mine.pk, True), (other.pk, False), (delivery.pk, False)]
    assert reply.json()["runs"][1]["why_not"] == f"This token is not for {other.job.name!r}."
    assert reply.json()["runs"][2]["why_not"].startswith("There is no run")
    assert delivery.job.name not in reply.content.decode()
    for words in ({"text": "no"}, {"host": "h"}):
        assert post(client, "runs/retry", text, words).json()["code"] == "missing_scope"
    assert post(client, "runs/retry", token("pause", "read"), {"ids": [other.pk]}).status_code == 403
    assert post(client, "runs/retry", None, {"ids": [other.pk]}).status_code == 401

    insider = token("trigger", "read", name="insider")
    assert outcomes(post(client, "runs/retry", insider, {"text": "ValueError"})) == [
        (delivery.pk, True),
        (other.pk, True),
    ]
