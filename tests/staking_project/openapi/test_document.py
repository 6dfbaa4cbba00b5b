"""The OpenAPI document tells a program all that it needs, of every operation, also one that is new."""

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from ninja import Router, Schema
from openapi_spec_validator import validate

from scheduling.models import RunState, RunTrigger
from scheduling.models.tokens import ApiToken, Scope, issue_token
from scheduling.modes import MODES
from staking_project.api import VERSION, api
from staking_project.openapi.document import DocumentedApi
from staking_project.openapi.examples import NoExampleError, example_of
from staking_project.openapi.values import VALUES
from tests.staking_project.openapi.complaints import complaints, operations

Json = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Json:
    return dict(api.get_openapi_schema())


@pytest.mark.django_db
def test_it_is_valid_and_served(client: Client, document: Json) -> None:
    served = client.get("/api/openapi.json").json()

    validate(served)
    assert served == document
    assert (served["openapi"], served["servers"][0]["url"]) == ("3.1.0", "/")


def test_nothing_is_left_for_an_integrator_to_guess(document: Json) -> None:
    assert complaints(document) == []


def _without(*path: str) -> Callable[[Json], None]:
    def drop(document: Json) -> None:
        *before, last = path
        node = document
        for word in before:
            node = node[word]
        del node[last]

    return drop


def _wrong_example(document: Json) -> None:
    answer = document["paths"]["/api/v1/cluster"]["get"]["responses"]["200"]
    answer["content"]["application/json"]["example"]["epoch"] = "today"


def _anything(document: Json) -> None:
    document["components"]["schemas"]["Problem"]["properties"]["more"] = {"description": "More"}


def _nameless(document: Json) -> None:
    nameless = {"type": "array", "items": {"type": "object", "properties": {}}, "description": "More"}
    document["components"]["schemas"]["Problem"]["properties"]["more"] = nameless


CLUSTER = ("paths", "/api/v1/cluster", "get")


@pytest.mark.parametrize(
    "spoil",
    [
        _without(*CLUSTER, "description"),
        _without(*CLUSTER, "responses", "429"),
        _without(*CLUSTER, "responses", "304"),
        _without(*CLUSTER, "responses", "200", "headers"),
        _without(*CLUSTER, "responses", "200", "content", "application/json", "example"),
        _without("components", "schemas", "Problem", "properties", "code", "description"),
        _without("components", "schemas", "ListedValidator", "description"),
        _without("components", "schemas", "RunState", "description"),
        _wrong_example,
        _anything,
        _nameless,
    ],
)
def test_what_is_left_out_would_be_noticed(document: Json, spoil: Callable[[Json], None]) -> None:
    spoiled = copy.deepcopy(document)
    spoil(spoiled)

    assert complaints(spoiled)


def test_operations_have_the_names_of_their_functions(document: Json) -> None:
    names = {operation["operationId"] for _, _, operation in operations(document)}

    assert {"list_validators", "get_validator", "list_runs", "trigger_schedule"} <= names


def test_closed_sets_of_words_are_named_and_open_ones_are_told(document: Json) -> None:
    schemas = document["components"]["schemas"]
    words = {name: schema["enum"] for name, schema in schemas.items() if "enum" in schema}
    fields = schemas["ListedValidator"]["properties"]

    assert words["CreditsUnit"] == ["vote_credits", "lamports"]
    assert words["RunState"] == RunState.values
    assert words["Trigger"] == RunTrigger.values
    assert words["Mode"] == list(MODES)
    assert {"BlocksBasis", "SourceName", "EpochSource", "NameMark"} <= set(words)
    assert {"EventKind", "FlagCode", "SubscriptionState", "PauseReason", "DeliveryKind"} <= set(words)
    assert fields["name_mark"]["oneOf"] == [{"$ref": "#/components/schemas/NameMark"}, {"type": "null"}]
    assert "enum" not in fields["client"]
    assert "firedancer" in fields["client"]["description"]


def test_the_version_is_that_of_its_changelog(document: Json) -> None:
    changelog = (Path(settings.BASE_DIR) / "docs" / "api-changelog.md").read_text()

    assert document["info"]["version"] == VERSION
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
    assert re.search(r"^## (\S+)", changelog, re.MULTILINE)[1] == VERSION  # type: ignore[index]
    assert {path.split("/")[2] for path in document["paths"]} == {f"v{VERSION.split('.')[0]}"}


@pytest.mark.django_db
def test_it_is_served_in_the_words_of_3_0_too(client: Client, document: Json) -> None:
    older = client.get("/api/openapi-3.0.json").json()

    validate(older)
    assert older["openapi"] == "3.0.3"
    assert older["paths"].keys() == document["paths"].keys()
    assert older["components"]["schemas"].keys() == document["components"]["schemas"].keys()
    fields = older["components"]["schemas"]["ListedValidator"]["properties"]
    assert (fields["name"]["type"], fields["name"]["nullable"]) == ("string", True)
    marked = {"type": "string", "allOf": [{"$ref": "#/components/schemas/NameMark"}], "nullable": True}
    assert marked.items() <= fields["name_mark"].items()
    changed = older["components"]["schemas"]["FactsDocument"]["properties"]["from"]
    assert all(choice["type"] and choice["nullable"] for choice in changed["anyOf"])


def test_whoever_begins_is_told_how_to_get_a_token_and_what_each_tag_and_licence_is(document: Json) -> None:
    assert "admin" in document["components"]["securitySchemes"]["BearerToken"]["description"]
    assert [tag["name"] for tag in document["tags"] if tag["description"] == tag["name"]] == []
    assert document["info"]["license"]["identifier"] == "Apache-2.0"


def test_every_value_of_one_shape_is_of_a_shape_and_a_field_that_there_are(document: Json) -> None:
    schemas = document["components"]["schemas"]
    named = (key.partition(".") for key in VALUES if key[0].isupper() and "." in key)

    assert [
        f"{shape}.{field}" for shape, _, field in named if field not in schemas[shape].get("properties", {})
    ] == []


def test_what_an_example_says_fits_together(document: Json) -> None:
    def shown(path: str, method: str = "get", status: str = "200") -> Json:
        answer = document["paths"][f"/api/v1/{path}"][method]["responses"][status]
        return dict(answer["content"]["application/json"]["example"])

    assert shown("subscriptions/{key}/test", "post") == {
        "delivered": True, "status": 200, "milliseconds": 84, "error": None,
    }  # fmt: skip
    made = shown("subscriptions", "post", "201")["subscription"]
    assert (made["state"], made["paused_because"], made["lost"]) == ("active", None, None)
    run = shown("runs/{key}")["run"]
    assert (run["state"], run["attempt"], run["failed_attempts"]) == ("succeeded", 1, [])
    assert shown("events")["cursor"] == shown("events")["items"][-1]["cursor"]
    assert shown("runs/retry", "post")["runs"][0]["begins_anew"] is True


def test_a_value_of_the_wrong_type_is_no_example() -> None:
    # An epoch is a number; what is called so and is not says an example itself.
    assert example_of({"type": "integer"}, {}, name="Thing.epoch") == 1010
    assert example_of({"type": "array", "items": {"type": "integer"}}, {}, name="Thing.epoch") == [1010]
    for schema in ({"type": "string"}, {"type": "array", "items": {"type": "string"}}):
        with pytest.raises(NoExampleError, match=r"Thing\.epoch"):
            example_of(schema, {}, name="Thing.epoch")


class Bare(Schema):
    """A reply whose field nobody gave an example."""

    never_heard_of: str


def test_a_field_without_an_example_is_named_at_once() -> None:
    bare, router = DocumentedApi(urls_namespace="bare"), Router()

    @router.get("/bare", response=Bare)
    def get_bare(request: object) -> None:
        """Bare."""

    bare.add_router("", router)

    with pytest.raises(NoExampleError, match=r"Bare\.never_heard_of"):
        bare.get_openapi_schema(path_prefix="api/")


@pytest.mark.django_db
def test_a_body_is_required_where_something_has_to_be_said(client: Client, document: Json) -> None:
    scopes = {f"may_{scope}": True for scope in Scope}
    text = issue_token(ApiToken(name="all", **scopes), by="ada", now=timezone.now()).text
    asked, refused = {}, {}
    for path, method, operation in operations(document):
        if body := operation.get("requestBody"):
            where = path.replace("{name}", "nothing").replace("{vote_account}", "1" * 32)
            answer = client.generic(method, where, headers={"Authorization": f"Bearer {text}"})
            asked[path], refused[path] = body["required"], answer.status_code == 422
            assert answer.status_code not in (401, 403)

    assert asked == refused
    assert set(asked.values()) == {True, False}
