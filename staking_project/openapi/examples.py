"""An example for every operation, put together from one value for each field."""

from collections.abc import Iterator
from typing import Any, Final

from staking_project.openapi.schemas import PREFIX
from staking_project.openapi.values import VALUES

Json = dict[str, Any]

MOMENT: Final = "2026-11-26T12:00:00Z"
_ABSENT: Final = object()


class NoExampleError(Exception):
    """A field of an operation that nobody gave an example; the message is its name."""


def add_examples(operation: Json, known: Json) -> None:
    """Give the answers and the body of an operation one each. Raises NoExampleError."""
    for body in _bodies(operation):
        body.setdefault("example", example_of(body["schema"], known, name=operation["operationId"]))


def example_of(schema: Json, known: Json, *, name: str) -> Any:
    """A value that the schema allows. `known` are the components, `name` is what the value is called."""
    given = _given(schema, name)
    if given is not _ABSENT:
        return given
    if "$ref" in schema:
        component = schema["$ref"].removeprefix(PREFIX)
        return example_of(known[component], known, name=component)
    for choice in (*schema.get("oneOf", ()), *schema.get("anyOf", ()), *schema.get("allOf", ())):
        return example_of(choice, known, name=name)
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return _object(schema, known, name)
    if kind == "array":
        return [example_of(schema["items"], known, name=name)]
    if kind == "boolean":
        return False
    raise NoExampleError(f"{name}: give its Field examples=[…], or VALUES a line")


def _given(schema: Json, name: str) -> Any:
    """What the field says itself, else what its name stands for."""
    if "example" in schema:
        return schema["example"]
    if schema.get("examples"):
        return schema["examples"][0]
    # What has a shape of its own is only meant where it is named in full.
    is_shaped = "$ref" in schema or "oneOf" in schema
    for known in (name,) if is_shaped else (name, name.rpartition(".")[2]):
        if known in VALUES:
            return [VALUES[known]] if _is_list(schema) else VALUES[known]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") == "date-time":
        return MOMENT
    return schema.get("default") or _ABSENT


def _is_list(schema: Json) -> bool:
    return schema.get("type") == "array" and "$ref" not in schema["items"]


def _object(schema: Json, known: Json, name: str) -> Json:
    return {
        key: example_of(field, known, name=f"{name}.{key}")
        for key, field in schema.get("properties", {}).items()
    }


def _bodies(operation: Json) -> Iterator[Json]:
    yield from operation.get("requestBody", {}).get("content", {}).values()
    for answer in operation["responses"].values():
        for kind, body in answer.get("content", {}).items():
            if kind == "application/json":
                yield body
