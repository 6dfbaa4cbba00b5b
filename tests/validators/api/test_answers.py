"""How the API answers: JSON or CSV, unchanged or not, kept for how long, in how many queries."""

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from scheduling.models import Run, RunState
from tests.scheduling.factories import JobFactory, RunFactory, ScheduleFactory
from tests.validators.asking import NOON_TEXT, get
from tests.validators.rows import fetch, scoring_run, validator
from validators.api import documents, included_documents
from validators.models import SourceState
from validators.scoring.registry import METHODS

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_a_list_is_csv_when_asked_for(client: Client) -> None:
    fetch()
    for number in range(3):
        validator(number)

    response = client.get("/api/v1/validators?limit=2&sort=stake&format=csv")

    rows = list(csv.DictReader(io.StringIO(response.content.decode())))
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["As-Of"] == NOON_TEXT
    assert response.headers["Epoch"] == "990"
    assert [row["vote_account"] for row in rows] == ["vote0", "vote1"]
    assert (rows[1]["activated_stake"], rows[1]["delinquent"], rows[1]["score"]) == (
        "1000000000",
        "false",
        "",
    )
    following = response.headers["Link"].partition(">")[0].removeprefix("<")
    assert client.get(following).content.decode().count("vote2") == 1
    accepted = client.get("/api/v1/validators", headers={"Accept": "text/csv"})
    assert accepted.headers["Content-Type"] == "text/csv; charset=utf-8"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", *"\uff1d\uff0b\uff0d\uff20"])
def test_a_name_is_no_formula_in_a_spreadsheet(client: Client, start: str) -> None:
    fetch()
    hostile = f"{start}cmd|'/c calc'!A1"
    validator(1, name=hostile, version=hostile, client=hostile)

    text = client.get("/api/v1/validators?format=csv").content.decode()

    assert f'"\'{hostile}"' in text
    [row] = csv.DictReader(io.StringIO(text, newline=""))
    assert row["name"] == row["version"] == row["client"] == f"'{hostile}"


def test_an_unchanged_answer_is_a_304_until_something_new_is_stored(client: Client) -> None:
    fetch()
    scored = validator(1)
    first = client.get("/api/v1/validators")
    etag = first.headers["ETag"]

    def status() -> int:
        return client.get("/api/v1/validators", headers={"If-None-Match": etag}).status_code

    assert status() == 304
    scoring_run([(scored, 50)])
    assert status() == 200
    etag = client.get("/api/v1/validators").headers["ETag"]
    assert status() == 304
    SourceState.objects.create(source="names", last_attempt_at=timezone.now())
    assert status() == 200


def test_other_methods_or_versions_of_them_make_another_answer(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    for names in (["baseline-v1", "trust-v2"], ["trust-v2", "baseline-v1"], ["trust-v2"]):
        settings.SCORE_METHODS = names
        seen.append(client.get("/api/v1/validators").headers["ETag"])
    monkeypatch.setitem(METHODS, "trust-v2", replace(METHODS["trust-v2"], version="of tomorrow"))
    seen.append(client.get("/api/v1/validators").headers["ETag"])

    assert len(set(seen)) == 4


def test_csv_and_json_are_told_apart_by_caches(client: Client) -> None:
    as_json, as_csv = client.get("/api/v1/validators"), client.get("/api/v1/validators?format=csv")

    assert as_json.headers["ETag"] != as_csv.headers["ETag"]
    assert "Accept" in as_json.headers["Vary"]


def test_while_a_job_is_under_way_no_answer_is_kept(client: Client) -> None:
    schedule = ScheduleFactory(name="fetch-repeatable", next_run=timezone.now() + timedelta(hours=6))
    run = RunFactory(job=JobFactory(schedule=schedule), state=RunState.RUNNING)
    assert client.get("/api/v1/events").headers["Cache-Control"] == "no-cache"

    Run.objects.filter(pk=run.pk).update(state=RunState.SUCCEEDED)
    assert client.get("/api/v1/events").headers["Cache-Control"].startswith("public, max-age=21")


def test_an_answer_is_kept_for_six_hours_at_most(client: Client) -> None:
    """A clock that was ahead may have left a next run of next year."""
    schedule = ScheduleFactory(name="fetch-repeatable", next_run=timezone.now() + timedelta(days=365))
    JobFactory(schedule=schedule)

    assert client.get("/api/v1/events").headers["Cache-Control"] == f"public, max-age={6 * 3600}"


def test_an_answer_may_be_kept_until_the_next_job_is_due(client: Client) -> None:
    schedule = ScheduleFactory(name="fetch-repeatable", next_run=timezone.now() + timedelta(seconds=100))
    JobFactory(schedule=schedule)
    JobFactory(schedule=ScheduleFactory(name="unrelated", next_run=timezone.now() + timedelta(seconds=5)))

    kept = client.get("/api/v1/validators").headers["Cache-Control"]
    assert kept in ("public, max-age=99", "public, max-age=98")

    schedule.next_run = timezone.now() - timedelta(seconds=1)
    schedule.save()
    assert client.get("/api/v1/validators").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("validators", [1, 60])
def test_a_list_asks_as_many_questions_for_many_validators_as_for_few(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, validators: int
) -> None:
    fetch()
    scoring_run([(validator(number), 50.0) for number in range(validators)])

    # When the next job is due, the version; the newest fetch and run, the last ended epoch, the rows; of
    # each what is summed up of its epochs, and those since.
    with django_assert_num_queries(10):
        assert len(get(client, "validators?limit=5000")["items"]) == validators
    etag = client.get("/api/v1/validators").headers["ETag"]
    with django_assert_num_queries(2):
        client.get("/api/v1/validators", headers={"If-None-Match": etag})


def test_every_item_has_the_documented_shape(client: Client) -> None:
    fetch()
    scoring_run([(validator(1), 50.0)])

    reply = get(client, "validators")

    assert included_documents.ValidatorList.model_validate(reply)
    assert set(reply["items"][0]) == set(documents.ValidatorDocument.model_fields)
    assert set(reply) == set(included_documents.ValidatorList.model_fields)


@pytest.mark.parametrize("cursor", ["x", "", "e30", "bnVsbA", "W10", "!!!!", "a" * 1_001, "%00", "🦀"])
def test_a_cursor_that_is_none_is_refused(client: Client, cursor: str) -> None:
    for address in ("validators", "cluster/epochs", "scoring-runs", "runs"):
        response = client.get(f"/api/v1/{address}?cursor={cursor}")
        assert response.status_code in (400, 422)
        assert set(response.json()) == {"detail", "code"}


def test_a_cursor_of_another_order_is_refused(client: Client) -> None:
    fetch()
    for number in range(3):
        validator(number, name=f"name{number}")
    cursor = get(client, "validators?limit=1&sort=name")["next_cursor"]

    response = client.get(f"/api/v1/validators?limit=1&sort=stake&cursor={cursor}")

    assert (response.status_code, response.json()["code"]) == (400, "invalid_cursor")
