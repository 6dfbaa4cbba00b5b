"""An example for every operation, put together from one value for each field."""

from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Any, Final

from staking_project.openapi.schemas import PREFIX
from staking_project.openapi.values import VALUES

Json = dict[str, Any]

MOMENT: Final = "2026-11-26T12:00:00Z"
_ABSENT: Final = object()
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (NoneType,),
}


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
        value = VALUES.get(known, _ABSENT)
        for one in (value, [value]):
            if _fits(one, schema):
                return one
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") == "date-time":
        return MOMENT
    return schema.get("default") or _ABSENT


def _fits(value: Any, schema: Json) -> bool:
    """Whether it is of the schema's type: fields of one name may have nothing else in common."""
    if "enum" in schema:
        return value in schema["enum"]
    if isinstance(value, list):
        items = schema.get("items", {})
        return (
            "array" in _kinds(schema)
            and not (value and "$ref" in items)
            and all(_fits(one, items) for one in value)
        )
    return value is not _ABSENT and any(type(value) in _TYPES[kind] for kind in _kinds(schema))


def _kinds(schema: Json) -> list[str]:
    # What has a shape of its own may be null, and is a document or a word of a closed set else.
    kinds = schema.get("type", ["object", "string", "null"])
    return [kinds] if isinstance(kinds, str) else kinds


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
