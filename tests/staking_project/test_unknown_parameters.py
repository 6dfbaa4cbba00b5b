"""No operation passes over what it does not know: a misspelt filter would answer with everything."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from scheduling.models import Job
from tests.scheduling.factories import JobFactory, ScheduleFactory
from tests.staking_project.robots import robot
from tests.staking_project.test_api_robustness import known_path, operations
from tests.validators.rows import fetch, scoring_run, validator
from validators.models import Subscription, WatchedValidator

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(autouse=True)
def something_to_ask_for() -> None:
    fetch()
    scoring_run([(validator(1), 50)])
    JobFactory(schedule=ScheduleFactory(name="fetch"))


@pytest.fixture
def bearer() -> dict[str, str]:
    return robot(subscription=1)


def refused(client: Client, address: str) -> Any:
    response = client.get(f"/api/v1/{address}")
    assert response.status_code == 422
    return response.json()


def test_no_operation_takes_a_parameter_that_it_does_not_know(client: Client, bearer: dict[str, str]) -> None:
    asked = [(method, known_path(path)) for path, method, _ in operations()]
    codes = {
        (method, path): client.generic(
            method.upper(), f"{path}?nonsense=1", data="{}", content_type="application/json", headers=bearer
        ).json()["code"]
        for method, path in asked
    }

    assert len(codes) > 15
    assert set(codes.values()) == {"unknown_parameter"}, codes


def test_no_write_takes_a_field_that_it_does_not_know_and_nothing_is_written(
    client: Client, bearer: dict[str, str]
) -> None:
    for method, path in [(method, known_path(path)) for path, method, _ in operations() if method != "get"]:
        response = client.generic(
            method.upper(), path, json.dumps({"untill": "2026-12-01"}), "application/json", headers=bearer
        )
        assert (response.status_code, response.json()["code"]) == (422, "unknown_field"), path
    assert not Job.objects.exclude(paused_at=None).exists()
    assert Subscription.objects.filter(paused="").count() == 1
    assert not WatchedValidator.objects.exists()


def test_who_may_not_ask_is_told_that_first(client: Client) -> None:
    response = client.post("/api/v1/schedules/fetch/trigger?nonsense=1")

    assert response.json()["code"] == "unauthenticated"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (
            "validators?max_comission=0.05",
            "max_comission: there is no such parameter; did you mean max_commission (",
        ),
        ("validators?max_commission_percent=5", "did you mean max_commission ("),
        ("validators?Limit=5", "did you mean limit ("),
        ("selection?sise=5", "did you mean size ("),
        ("runs?stat=failed", "did you mean state ("),
        ("runs?since=2026-11-23", "There are: schedule, state, from, to, "),
        ("events?kinds=left", "did you mean kind ("),
        ("events/stream?vote_acount=vote1", "did you mean vote_account ("),
        ("events/stream?limit=5", "limit: there is no such parameter. There are: since, kind, vote_account."),
        ("cluster?epoch=990", "epoch: there is no such parameter. It takes none."),
    ],
)
def test_the_nearest_one_is_named_with_its_unit_or_all_that_there_are(
    client: Client, address: str, said: str
) -> None:
    assert said in refused(client, address)["detail"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (
            "events?kind=commision",
            "kind: There is no “commision”; did you mean commission? There are: joined, ",
        ),
        ("events/stream?kind=left,RANK", "kind: There is no “RANK”; did you mean rank?"),
        ("runs?state=fail", "state: There is no “fail”; did you mean failed? There are: pending, "),
        ("validators?flag=comission_raised", "did you mean commission_raised?"),
        ("validators?sort=-scor", "sort: There is no order “-scor”; did you mean -score?"),
        ("validators?method=trust-v33", "did you mean trust-v3?"),
        ("validators?format=jsn", "format: There is no “jsn”; did you mean json? There are: json, csv"),
    ],
)
def test_of_words_that_there_are_so_and_so_many_of_the_nearest_is_named_too(
    client: Client, address: str, said: str
) -> None:
    assert said in refused(client, address)["detail"]


@pytest.mark.parametrize(
    ("address", "said"),
    [("validators?search=a%00", "search: “a�”"), ("events?vote_account=f*o", "vote_account: “f*o”")],
)
def test_what_cannot_be_such_a_text_is_said_without_our_regular_expression(
    client: Client, address: str, said: str
) -> None:
    assert refused(client, address)["detail"] == f"{said} has a character, or a length, that it cannot have"


def test_a_long_name_is_not_said_back_whole(client: Client) -> None:
    assert len(refused(client, f"cluster?{'x' * 5_000}=1")["detail"]) < 200


def test_what_can_be_given_once_is_not_given_twice(client: Client) -> None:
    assert refused(client, "validators?min_score=90&min_score=0")["code"] == "doubled_parameter"
    # The same twice says one thing, and a parameter for several takes several.
    assert client.get("/api/v1/validators?min_score=90&min_score=90").status_code == 200
    for several in ("state=failed&state=running", "state=failed,running"):
        assert client.get(f"/api/v1/runs?{several}").status_code == 200


@pytest.mark.parametrize("body", [["vote1"], [], "vote1", 5, False, None])
def test_no_write_takes_a_body_that_is_no_object_and_nothing_is_written(
    client: Client, bearer: dict[str, str], body: Any
) -> None:
    for method, path in [(method, known_path(path)) for path, method, _ in operations() if method != "get"]:
        response = client.generic(method.upper(), path, json.dumps(body), "application/json", headers=bearer)
        assert (response.status_code, response.json()["code"]) == (422, "invalid"), path
        assert response.json()["detail"].startswith("body: it is an object with fields. There are: "), path
    assert not Job.objects.exclude(paused_at=None).exists()
    assert Subscription.objects.filter(paused="").count() == 1


def test_of_a_body_the_nearest_field_is_named_before_what_is_missing(
    client: Client, bearer: dict[str, str]
) -> None:
    for address, body, near in (
        ("subscriptions", {"address": "https://hooks.example.org", "validator": []}, "validators ("),
        ("runs/retry", {"scedule": "fetch"}, "schedule ("),
        ("watched-validators/vote1", {"notes": "ours"}, "note ("),
    ):
        method = "PUT" if address.startswith("watched") else "POST"
        answer = client.generic(
            method, f"/api/v1/{address}", json.dumps(body), "application/json", headers=bearer
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_field")
        assert f"did you mean {near}" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("address", "body", "name"),
    [
        ("selection", {"size": True}, "size"),
        ("selection", {"min_score": False, "delinquent": False}, "min_score"),
        ("runs/retry", {"ids": [7, True]}, "ids"),
    ],
)
def test_true_and_false_are_no_numbers(
    client: Client, bearer: dict[str, str], address: str, body: dict[str, Any], name: str
) -> None:
    answer = client.post(f"/api/v1/{address}", body, "application/json", headers=bearer)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["detail"] == f"{name}: it cannot be true or false"


def test_runs_that_end_before_they_begin_are_refused(client: Client, bearer: dict[str, str]) -> None:
    mixed_up = {"from": "2026-12-02", "to": "2026-12-01T23:59Z"}

    assert refused(client, f"runs?{urlencode(mixed_up)}")["detail"] == "to: it is before `from`"
    answer = client.post("/api/v1/runs/retry", mixed_up, "application/json", headers=bearer)
    assert (answer.status_code, "it is before `from`" in answer.json()["detail"]) == (422, True)
