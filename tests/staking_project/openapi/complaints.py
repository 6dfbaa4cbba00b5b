"""What an integrator would miss in an OpenAPI document; a new operation is asked for it as well."""

import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

Json = dict[str, Any]

SCHEMAS = "#/components/schemas/"
# What any operation may answer.
COMMON = {"400", "413", "414", "422", "429", "500", "503"}
# Of what a description tells beyond the summary.
FEWEST_LETTERS = 40
# Whose keys and values are the method's own.
FREE_FORMS = {"ScoreBreakdown.components"}


def complaints(document: Json) -> list[str]:
    return [
        *_of_operations(document),
        *(
            f"{name}: {what}"
            for name, schema in document["components"]["schemas"].items()
            for what in _of_schema(name, schema)
        ),
        *_of_examples(document),
    ]


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Path, method, operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def resolved(document: Json, node: Json) -> Json:
    if "$ref" not in node:
        return node
    found: Any = document
    for word in node["$ref"].removeprefix("#/").split("/"):
        found = found[word]
    return dict(found)


def misfits(document: Json, schema: Json, value: Any) -> list[str]:
    """Why the value is none that the schema allows."""
    whole = {**schema, "components": {"schemas": document["components"]["schemas"]}}
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(whole).iter_errors(value)]


def _of_operations(document: Json) -> Iterator[str]:
    seen: set[str] = set()
    for path, method, operation in operations(document):
        name = operation["operationId"]
        if not re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", name) or "api_" in name or name in seen:
            yield f"{name}: no short id of its own"
        seen.add(name)
        if not operation.get("description") or operation["summary"].lower() == name.replace("_", " "):
            yield f"{name}: says nothing of itself"
        if len(_beyond_summary(operation)) < FEWEST_LETTERS:
            yield f"{name}: its description tells no more than its summary"
        if not operation.get("tags"):
            yield f"{name}: no tag"
        for status in sorted(_expected(document, path, method, operation) - set(operation["responses"])):
            yield f"{name}: {status} is missing"
        for parameter in operation.get("parameters", ()):
            yield from (f"{name}.{parameter['name']}: {what}" for what in _of_parameter(document, parameter))
        yield from (f"{name}: {what}" for what in _of_answers(document, operation))


def _beyond_summary(operation: Json) -> str:
    """What the description tells beside the summary, and beside the scope that a token needs."""
    said = " ".join(operation.get("description", "").split())
    return re.sub(r"Scope: [^.]*\.", "", said.removeprefix(operation["summary"])).strip(" .:;")


def _expected(document: Json, path: str, method: str, operation: Json) -> set[str]:
    is_json = "application/json" in resolved(document, operation["responses"].get("200", {})).get(
        "content", {}
    )
    guarded = "security" in operation
    # What is not there a PUT makes.
    missing = {"404"} if "{" in path and method != "put" else set()
    refused = {"401", "403"} if guarded else set()
    unchanged = {"304"} if method == "get" and is_json and not guarded else set()
    return COMMON | missing | refused | unchanged


def _of_parameter(document: Json, parameter: Json) -> Iterator[str]:
    if not parameter.get("description"):
        yield "no description"
    if "example" not in parameter:
        yield "no example"
    else:
        yield from misfits(document, parameter["schema"], parameter["example"])


def _of_answers(document: Json, operation: Json) -> Iterator[str]:
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    for status, answer in operation["responses"].items():
        answer = resolved(document, answer)
        if not answer.get("description"):
            yield f"{status}: no description"
        if "Cache-Control" not in answer.get("headers", {}):
            yield f"{status}: headers are missing"
        bodies.append(answer)
    for body in bodies:
        for kind, content in body.get("content", {}).items():
            if kind == "application/json" and "$ref" not in content["schema"]:
                yield "an answer or a body without a name"
            if kind == "application/json" and "example" not in content:
                yield "no example"


def _of_schema(name: str, schema: Json) -> Iterator[str]:
    if "enum" in schema:
        yield from () if schema.get("description") else ("does not say what its words mean",)
        return
    if schema.get("type") != "object" or not schema.get("description"):
        yield "says nothing of itself, or is no object"
    for key, field in schema.get("properties", {}).items():
        if field.get("description", "") in ("", "UTC"):
            yield f"{key}: no description"
        yield from (f"{key}: {what}" for what in _of_field(f"{name}.{key}", field))


def _of_field(name: str, field: Json) -> Iterator[str]:
    kinds = field.get("type", [])
    if "properties" in field or (kinds and "object" in kinds and "additionalProperties" not in field):
        yield "an object without a name"
    if field.get("additionalProperties") is True and name not in FREE_FORMS:
        yield "holds anything"
    if not kinds and not {"$ref", "oneOf", "anyOf", "allOf", "enum"} & set(field):
        yield "may be anything"
    for below in (field.get("items"), *field.get("oneOf", ()), *field.get("anyOf", ())):
        if below is not None:
            yield from _of_field(name, below)


def _of_examples(document: Json) -> Iterator[str]:
    answers = [*document["components"]["responses"].items()]
    for _, _, operation in operations(document):
        answers += [(operation["operationId"], one) for one in operation["responses"].values()]
        if "requestBody" in operation:
            answers.append((operation["operationId"], operation["requestBody"]))
    answers += [(name, one["post"]["requestBody"]) for name, one in document["webhooks"].items()]
    for name, answer in answers:
        for content in answer.get("content", {}).values():
            if "example" in content:
                found = misfits(document, content["schema"], content["example"])
                yield from (f"{name}: its example is none: {what}" for what in found)
