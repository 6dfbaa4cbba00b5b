"""Whatever a stranger sends to whatever the OpenAPI document names, it is no fault of ours."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from scheduling.models import RunState
from staking_project.api import api
from tests.scheduling.factories import NOON, JobFactory, RunFactory, ScheduleFactory
from tests.staking_project.robots import robot
from tests.validators.pasts import past
from tests.validators.rows import fetch, scoring_run, validator

pytestmark = [pytest.mark.django_db, pytest.mark.database]

HOSTILE = (
    "",
    "\x00",
    "a\x00b",
    "'; DROP TABLE validators_validator; --",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "%00",
    "-1",
    "0",
    "1e309",
    "NaN",
    "Infinity",
    "9223372036854775807",
    "9223372036854775808",
    "1" * 400,
    "null",
    "true",
    "[]",
    "\ud83e\udd80".encode("utf-16", "surrogatepass").decode("utf-16"),
    "\u202egnp",
    "\r\nSet-Cookie: a=b",
    "x" * 5_000,
    "eyJrZXkiOiAxfQ",
    "eyJrZXkiOiAtMX0",
    "eyJvY2N1cnJlbmNlIjoiOTk5OS0xMi0zMVQyMzo1OTo1OS0xMjowMCIsImtleSI6MX0",
    "eyJvY2N1cnJlbmNlIjoiMDAwMS0wMS0wMVQwMDowMDowMCsxMjowMCIsImtleSI6MX0",
)
BODIES = ("", "{", "[]", "null", '{"note": 1}', '{"note": "\\u0000"}', '{"note": "' + "x" * 10_000 + '"}')


@pytest.fixture(autouse=True)
def something_to_ask_for() -> None:
    fetch()
    known = validator(1, name="<b>")
    past(known, epochs=3)
    scoring_run([(known, 50)])
    RunFactory(job=JobFactory(schedule=ScheduleFactory(name="fetch")), occurrence=NOON, state=RunState.FAILED)


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def known_path(path: str, **other: str) -> str:
    values = {"vote_account": "vote1", "name": "fetch", "key": "1"} | other
    return path.format(**{name: quote(value, safe="") for name, value in values.items()})


def asked(
    client: Client, method: str, path: str, query: str = "", *, operation: dict[str, Any], **more: Any
) -> int:
    response = client.generic(method.upper(), f"{path}{query}", **more)
    assert response.status_code < 500, f"{method} {path}{query[:100]}: {response.status_code}"
    told = response.json() if response.status_code >= 400 else {}
    assert set(told) == ({"detail", "code"} if told else set())
    # With a slash in it, or with nothing, an address may be that of no operation.
    if told.get("code") != "not_found":
        assert str(response.status_code) in operation["responses"], f"{method} {path}: {response.status_code}"
    return response.status_code


def test_no_parameter_of_any_operation_breaks_it(client: Client) -> None:
    outcomes, able = set(), robot(subscription=1)
    # What several operations take in the same way is asked of the first in every way, of the others in some.
    asked_in_full: set[str] = set()
    for path, method, operation in operations():
        # What acts is asked by strangers.
        headers = {} if method == "post" else able
        for parameter in operation.get("parameters", []):
            shape = json.dumps([parameter["name"], parameter["schema"]], sort_keys=True)
            values = HOSTILE[:: 1 if shape not in asked_in_full else 6]
            asked_in_full.add(shape)
            for value in values:
                if parameter["in"] == "path":
                    address = known_path(path, **{parameter["name"]: value})
                    outcomes.add(asked(client, method, address, operation=operation, headers=headers))
                elif parameter["in"] == "header":
                    given = {**headers, parameter["name"]: value}
                    outcomes.add(asked(client, method, known_path(path), operation=operation, headers=given))
                else:
                    query = f"?{parameter['name']}={quote(value)}"
                    address = known_path(path)
                    outcomes.add(asked(client, method, address, query, operation=operation, headers=headers))

    # The walk reached answers and refusals of several kinds.
    assert {200, 400, 404, 422, 401} <= outcomes


def test_no_body_breaks_a_write(client: Client) -> None:
    outcomes, able = set(), robot(subscription=1)
    for path, method, operation in operations():
        if method == "get":
            continue
        for body in BODIES:
            outcomes.add(
                asked(
                    client,
                    method,
                    known_path(path),
                    operation=operation,
                    data=body,
                    content_type="application/json",
                    headers=able,
                )
            )

    assert {202, 409, 422, 400} <= outcomes


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "text/csv;q=nonsense, */*;q=-1"},
        {"Accept": "\x00"},
        {"If-None-Match": '"' * 50},
        {"If-None-Match": "*"},
        {"If-Modified-Since": "yesterday"},
        {"Authorization": "Bearer"},
        {"X-Forwarded-For": "a, b"},
    ],
)
def test_no_header_breaks_a_reading(client: Client, headers: dict[str, str]) -> None:
    readings = [(path, operation) for path, method, operation in operations() if method == "get"]

    answers = [
        asked(client, "get", known_path(path), operation=operation, headers=headers)
        for path, operation in readings
    ]

    assert answers
    assert max(answers) < 500
