"""What the API really answers is what its document says, of every operation and every refusal."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from jsonschema import Draft202012Validator
from pytest_django.fixtures import Settings

from scheduling.models import Run, RunState
from scheduling.models.tokens import ApiToken, issue_token
from staking_project.api import api
from staking_project.front.sizes import LARGEST_BODY
from staking_project.openapi.answers import HEADERS
from staking_project.openapi.job_values import VOTE_ACCOUNT
from tests.scheduling.factories import NOON, JobFactory, RunFactory, ScheduleFactory
from tests.staking_project.openapi.complaints import SCHEMAS, operations, resolved
from tests.staking_project.robots import bearer, robot
from tests.validators.happening import happened
from tests.validators.rows import fetch, history, validator
from validators.services.events import Kind

pytestmark = [pytest.mark.django_db, pytest.mark.database]

Json = dict[str, Any]
DOCUMENT: Json = api.get_openapi_schema()
READINGS = [(path, one) for path, method, one in operations(DOCUMENT) if method == "get"]
WRITES = [(path, method, one) for path, method, one in operations(DOCUMENT) if method != "get"]


@pytest.fixture
def able() -> dict[str, str]:
    return robot(subscription=1)


@pytest.fixture(autouse=True)
def something_to_ask_for(settings: Settings) -> None:
    settings.RATE_LIMIT = 1_000_000
    settings.SCORE_METHODS = ["baseline-v1", "trust-v3"]
    fetch()
    known = validator(1, name="Blue Lagoon", client="agave", version="2.3.7")
    history(known, epochs=3)
    happened(known, Kind.JOINED, Kind.RANK)
    # Of the examples.
    validator(2, vote_account=VOTE_ACCOUNT)
    job = JobFactory(schedule=ScheduleFactory(name="fetch"))
    RunFactory(job=job, occurrence=NOON, state=RunState.FAILED)
    # PostgreSQL goes on counting from test to test.
    Run.objects.update(id=1)


def address_of(path: str, **other: str) -> str:
    run = Run.objects.latest("pk").pk if "{key}" in path else 0
    values = {"vote_account": "vote1", "name": "fetch", "key": str(run)} | other
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
    return path


@cache
def validator_of(schema: str) -> Draft202012Validator:
    whole = {"$ref": SCHEMAS + schema, "components": {"schemas": DOCUMENT["components"]["schemas"]}}
    return Draft202012Validator(whole)


def misfits(operation: Json, answer: Any) -> Iterator[str]:
    """In what the answer is not what the document says of it."""
    said = operation["responses"].get(str(answer.status_code))
    if said is None:
        yield f"{answer.status_code} is not in the document"
        return
    said = resolved(DOCUMENT, said)
    # A request of too many fields is refused before it is counted.
    uncounted = {"RateLimit", "RateLimit-Policy"} if answer.status_code == 400 else set()
    of_csv = {name for name, header in HEADERS.items() if header["description"].startswith("Of a CSV")}
    csv = of_csv if "csv" not in answer.headers.get("Content-Type", "") else ()
    yield from (f"{name} is not in the document" for name in of_csv & {*answer.headers} - {*said["headers"]})
    optional = {"Link", "Deprecation", "Sunset", *uncounted, *csv}
    yield from (f"no {name}" for name in said["headers"] if name not in {*answer.headers, *optional})
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    content = b"".join(answer) if answer.streaming else answer.content
    if content and kind not in said.get("content", {}):
        yield f"{kind} is not in the document"
    elif content and kind == "application/json":
        schema = said["content"][kind]["schema"]["$ref"].removeprefix(SCHEMAS)
        errors = validator_of(schema).iter_errors(answer.json())
        yield from (f"{error.json_path}: {error.message}" for error in errors)


def fitting(operation: Json, answer: Any) -> int:
    assert list(misfits(operation, answer)) == [], operation["operationId"]
    return int(answer.status_code)


def test_every_reading_is_as_described(client: Client, able: dict[str, str]) -> None:
    robots = Client(headers=able)
    for path, operation in READINGS:
        address = address_of(path)
        if "security" in operation:
            assert fitting(operation, client.get(address)) == 401
        got = robots.get(address)
        assert fitting(operation, got) == 200
        if "304" in operation["responses"]:
            again = robots.get(address, headers={"If-None-Match": got.headers["ETag"]})
            assert fitting(operation, again) == 304
        parameters = {one["name"] for one in operation.get("parameters", ())}
        if "format" in parameters:
            as_csv = robots.get(address, {"format": "csv"})
            assert fitting(operation, as_csv) == 200
            # What a CSV has beside JSON is told of.
            assert {*as_csv.headers} - {*got.headers} <= {*HEADERS}
            assert fitting(operation, robots.get(address, {"format": "xml"})) == 422
        if "cursor" in parameters:
            assert fitting(operation, robots.get(address, {"cursor": "mine"})) == 400
        if "{" in path:
            unknown = address_of(path, vote_account="x", name="x", key="999999999")
            assert fitting(operation, robots.get(unknown)) == 404


def test_what_is_wrong_is_told_before_what_is_unchanged(client: Client, able: dict[str, str]) -> None:
    robots = Client(headers=able)
    for path, operation in READINGS:
        address = address_of(path)
        wrong = [(f"{address}?nonsense=1", 422)]
        if any(one["name"] == "cursor" for one in operation.get("parameters", ())):
            wrong.append((f"{address}?cursor=mine", 400))
        if "{" in path:
            wrong.append((address_of(path, vote_account="x", name="x", key="999999999"), 404))
        # Whatever there is, and what another address of the same picture was given.
        known = robots.get(address).headers.get("ETag", '"x"')
        for asked, status in wrong:
            for tags in ("*", known, f'"x", {known}'):
                answer = robots.get(asked, headers={"If-None-Match": tags})
                assert fitting(operation, answer) == status, (asked, tags)
        if "304" in operation["responses"]:
            assert fitting(operation, robots.get(address, headers={"If-None-Match": "*"})) == 304


def test_every_refusal_before_an_operation_is_as_described(client: Client, settings: Settings) -> None:
    for path, operation in READINGS:
        address = address_of(path)
        assert fitting(operation, client.get(address, CONTENT_LENGTH=LARGEST_BODY + 1)) == 413
        assert fitting(operation, client.get(f"{address}?{'&' * 1_000}")) == 400
    settings.RATE_LIMIT = 1
    for path, operation in READINGS[:3]:
        answers = [client.generic("GET", address_of(path)) for _ in range(2)]
        assert fitting(operation, answers[-1]) == 429


def test_every_fault_of_ours_is_as_described(
    client: Client, able: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("away")

    addresses = [(address_of(path), operation) for path, operation in READINGS]
    with connection.execute_wrapper(away):
        for address, operation in addresses:
            assert fitting(operation, client.get(address, headers=able)) == 503
    client.raise_request_exception = False
    monkeypatch.setattr("validators.api.answers.picture_version", lambda: 1 / 0)
    path, operation = READINGS[0]
    assert fitting(operation, client.get(path)) == 500


def test_every_write_is_as_described(client: Client, able: dict[str, str]) -> None:
    unable = bearer(issue_token(ApiToken(name="idle"), by="ada", now=NOON).text)
    outcomes = set()
    # What deletes comes last.
    for path, method, operation in sorted(WRITES, key=lambda one: one[1] == "delete"):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
        # Twice, as not all that was done can be done again.
        for headers in (able, able, unable, bearer("wrong")):
            for other in ({"vote_account": VOTE_ACCOUNT}, {"vote_account": "x", "name": "x", "key": "9"}):
                for sent in (json.dumps(body), "{") if body is not None else ("",):
                    answer = client.generic(
                        method.upper(), address_of(path, **other), sent, "application/json", headers=headers
                    )
                    outcomes.add(fitting(operation, answer))

    assert outcomes >= {200, 201, 202, 204, 400, 401, 403, 404, 409, 422}


def test_a_selection_that_is_asked_for_by_post_may_be_a_csv_too(client: Client) -> None:
    operation = DOCUMENT["paths"]["/api/v1/selection"]["post"]
    body = json.dumps({"size": 5, "cap": ["operator:2"], "format": "csv"})

    answer = client.post("/api/v1/selection", body, "application/json")

    assert fitting(operation, answer) == 200
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Caps"].startswith("operator:2 (")


def test_a_misfit_would_be_noticed(client: Client) -> None:
    operation: Json = DOCUMENT["paths"]["/api/v1/cluster"]["get"]
    answer = client.get("/api/v1/validators")

    assert "$: 'cluster' is a required property" in list(misfits(operation, answer))
    del answer.headers["ETag"]
    answer.status_code = 418
    assert list(misfits(operation, answer)) == ["418 is not in the document"]
