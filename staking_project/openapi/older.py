"""The document for programs that read OpenAPI 3.0 alone, as generators for Go do. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from staking_project.openapi.schemas import PREFIX

Json = dict[str, Any]

VERSION: Final = "3.0.3"
# 3.0 names a licence by its address alone.
LICENSE_URL: Final = "https://www.apache.org/licenses/LICENSE-2.0"
_NULL: Final = {"type": "null"}


def in_older_words(document: Json) -> Json:
    """The same operations and shapes in the words of 3.0, which has no webhooks."""
    kinds = {name: schema.get("type", "object") for name, schema in document["components"]["schemas"].items()}
    older: Json = _translated({key: part for key, part in document.items() if key != "webhooks"}, kinds)
    licence = {"name": document["info"]["license"]["name"], "url": LICENSE_URL}
    return older | {"openapi": VERSION, "info": older["info"] | {"license": licence}}


def _translated(node: Any, kinds: Mapping[str, str]) -> Any:
    """`kinds` are the types of the components by name."""
    if isinstance(node, list):
        return [_translated(one, kinds) for one in node]
    if not isinstance(node, dict):
        return node
    # What an example says is no schema, whatever its fields are called.
    told = {key: part if key == "example" else _translated(part, kinds) for key, part in node.items()}
    return _with_reference_alone(_with_nullable(told, kinds)) if _is_schema(told) else told


def _is_schema(node: Json) -> bool:
    return isinstance(node.get("type"), str | list) or bool({"$ref", "oneOf", "anyOf", "const"} & node.keys())


def _with_nullable(schema: Json, kinds: Mapping[str, str]) -> Json:
    """`null` is no type in 3.0, but something that a schema with a type may be beside it."""
    # A list of examples is unknown to 3.0, and tells nothing that a client needs.
    older = {key: part for key, part in schema.items() if key != "examples"}
    if "const" in older:
        older["enum"] = [older.pop("const")]
    if isinstance(older.get("type"), list):
        (older["type"],) = [kind for kind in older["type"] if kind != "null"]
        older["nullable"] = True
    for word in ("oneOf", "anyOf"):
        if _NULL in older.get(word, ()):
            others = [one for one in older.pop(word) if one != _NULL]
            older |= _any_or_null(others, kinds)
    return older


def _any_or_null(others: list[Json], kinds: Mapping[str, str]) -> Json:
    if len(others) > 1:
        return {"anyOf": [_any_or_null([one], kinds) for one in others]}
    (one,) = others
    if "$ref" not in one:
        return one | {"nullable": True}
    return {"type": kinds[one["$ref"].removeprefix(PREFIX)], "allOf": others, "nullable": True}


def _with_reference_alone(schema: Json) -> Json:
    """Nothing may stand beside a reference in 3.0."""
    if "$ref" not in schema or len(schema) == 1:
        return schema
    return {"allOf": [{"$ref": schema.pop("$ref")}], **schema}
