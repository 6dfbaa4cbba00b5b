"""The document for programs that read OpenAPI 3.0 alone, as generators for Go do. Pure."""

from typing import Any, Final

Json = dict[str, Any]

VERSION: Final = "3.0.3"
# Of a schema, what 3.0 has no word for and tells nothing that a client needs.
_UNKNOWN: Final = ("examples",)


def in_older_words(document: Json) -> Json:
    """The same operations and shapes in the words of 3.0, which has no webhooks."""
    older: Json = _translated({key: value for key, value in document.items() if key != "webhooks"})
    licence = {"name": document["info"]["license"]["name"]}
    return older | {"openapi": VERSION, "info": older["info"] | {"license": licence}}


def _translated(node: Any) -> Any:
    if isinstance(node, list):
        return [_translated(one) for one in node]
    if not isinstance(node, dict):
        return node
    # What an example says is no schema, whatever its fields are called.
    told = {key: value if key == "example" else _translated(value) for key, value in node.items()}
    return _reference(_nullable(told)) if _is_schema(told) else told


def _is_schema(node: Json) -> bool:
    return isinstance(node.get("type"), str | list) or bool({"$ref", "oneOf", "anyOf", "const"} & node.keys())


def _nullable(schema: Json) -> Json:
    """`null` is no type in 3.0, but something that a schema may be beside its type."""
    older = {key: value for key, value in schema.items() if key not in _UNKNOWN}
    if "const" in older:
        older["enum"] = [older.pop("const")]
    if isinstance(older.get("type"), list):
        (older["type"],) = [kind for kind in older["type"] if kind != "null"]
        older["nullable"] = True
    for word in ("oneOf", "anyOf"):
        if {"type": "null"} in older.get(word, ()):
            others = [one for one in older.pop(word) if one != {"type": "null"}]
            older |= {("allOf" if len(others) == 1 else word): others, "nullable": True}
    return older


def _reference(schema: Json) -> Json:
    """Nothing may stand beside a reference in 3.0."""
    if "$ref" not in schema or len(schema) == 1:
        return schema
    return {"allOf": [{"$ref": schema.pop("$ref")}], **schema}
