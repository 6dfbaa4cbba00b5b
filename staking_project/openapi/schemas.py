"""Schemas as generators of clients like them, and none that nothing refers to."""

import copy
from collections.abc import Iterator
from typing import Any, Final

Json = dict[str, Any]
_NULL: Final = {"type": "null"}
# Whose keys are names that we gave, not words of JSON Schema.
_OF_NAMES: Final = frozenset(
    {"properties", "schemas", "paths", "webhooks", "content", "responses", "patternProperties"}
)
PREFIX: Final = "#/components/schemas/"


def plain_copy(document: Any) -> Any:
    """Without the titles that pydantic makes of names, and with one way to say that something may be null."""
    return _plain(copy.deepcopy(document), names=False)


def without_null(schema: Json) -> Json:
    """What a parameter is when it is there; no address can say null."""
    if isinstance(kinds := schema.get("type"), list):
        [kind] = [one for one in kinds if one != "null"]
        words = {"enum": [one for one in schema["enum"] if one is not None]} if "enum" in schema else {}
        return {**schema, **words, "type": kind}
    if "oneOf" not in schema or _NULL not in schema["oneOf"]:
        return schema
    others = [one for one in schema["oneOf"] if one != _NULL]
    rest = {key: value for key, value in schema.items() if key != "oneOf"}
    return {**rest, **others[0]} if len(others) == 1 else {**rest, "oneOf": others}


def references(node: Any, prefix: str) -> Iterator[str]:
    """What stands behind the prefix in every reference somewhere below."""
    if isinstance(node, dict):
        if isinstance(reference := node.get("$ref"), str) and reference.startswith(prefix):
            yield reference.removeprefix(prefix)
        for value in node.values():
            yield from references(value, prefix)
    elif isinstance(node, list):
        for value in node:
            yield from references(value, prefix)


def prune(document: Json, kind: str) -> None:
    """Leave out components that no operation leads to, such as forms of parameters."""
    components, prefix = document["components"], f"#/components/{kind}/"
    known = components[kind]
    waiting = list(references([document["paths"], document["webhooks"], components["responses"]], prefix))
    used: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in used:
            used.add(name)
            waiting.extend(references(known[name], prefix))
    components[kind] = {name: known[name] for name in sorted(used)}


def _plain(node: Any, *, names: bool) -> Any:
    if isinstance(node, list):
        return [_plain(one, names=False) for one in node]
    if not isinstance(node, dict):
        return node
    made = {
        # A status is a number in django-ninja's document, and a word in JSON.
        (str(key) if isinstance(key, int) else key): _plain(value, names=not names and key in _OF_NAMES)
        for key, value in node.items()
        if names or key != "title"
    }
    return made if names else _nullable(made)


def _nullable(schema: Json) -> Json:
    """`type: [string, "null"]`, and for what has a name of its own `oneOf`, as most generators read them."""
    choices = schema.get("anyOf")
    if not isinstance(choices, list) or _NULL not in choices:
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    others = [one for one in choices if one != _NULL]
    if len(others) == 1 and isinstance(others[0].get("type"), list):
        # It might be null already.
        return {**others[0], **rest}
    if len(others) == 1 and isinstance(others[0].get("type"), str):
        [other] = others
        made = {**other, "type": [other["type"], "null"], **rest}
        if "enum" in other:
            made["enum"] = [*other["enum"], None]
        return made
    return {"oneOf": [*others, _NULL], **rest}
