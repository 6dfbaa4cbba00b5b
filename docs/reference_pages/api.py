"""The API, from the OpenAPI document that it tells of itself."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from docs.reference_pages.tables import code, page, table
from staking_project.api import api

Schema = Mapping[str, Any]
METHODS: Final = ("get", "post", "put", "patch", "delete")


def openapi() -> dict[str, Any]:
    """As `/api/openapi.json` answers it."""
    # Its enums and defaults are objects until somebody writes it down.
    document: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(), default=str))
    return document


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Address, method and what it does."""
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                yield path, method.upper(), methods[method]


def api_page() -> str:
    document = openapi()
    schemas = document.get("components", {}).get("schemas", {})
    shown = {name: schema for name, schema in schemas.items() if schema.get("properties")}
    return page(
        "API",
        document["info"].get("description", ""),
        "The same as a document for programs is at `/api/openapi.json`, and can be tried at `/api/docs`. "
        "A bot from zero: [Integrate](../integrate.md).",
        "## Operations",
        *(_operation(path, method, operation) for path, method, operation in operations(document)),
        "## Documents",
        *(_schema(name, schema) for name, schema in sorted(shown.items())),
    )


def _operation(path: str, method: str, operation: Schema) -> str:
    parts = [f"### {method} {path}", operation.get("description") or operation.get("summary") or ""]
    rows = [
        (
            code(parameter["name"]),
            _type(parameter["schema"]) + (", has to be given" if parameter.get("required") else ""),
            _default(parameter["schema"]),
            parameter.get("description", ""),
        )
        for parameter in operation.get("parameters", ())
    ]
    if rows:
        parts.append(table(("parameter", "type", "default", "meaning"), rows))
    if body := operation.get("requestBody"):
        parts.append(f"Body: {_content(body)}.")
    answers = [
        f"{status} {_content(answer)}".strip() for status, answer in sorted(operation["responses"].items())
    ]
    parts.append(f"Answers: {'; '.join(answers)}.")
    return "\n\n".join(part for part in parts if part)


def _schema(name: str, schema: Schema) -> str:
    rows = [
        (code(field), _type(about), about.get("description", ""))
        for field, about in schema["properties"].items()
    ]
    headers = ("field", "type", "meaning")
    return "\n\n".join(
        part for part in (f"### {name}", schema.get("description", ""), table(headers, rows)) if part
    )


def _content(answer: Schema) -> str:
    types = [_type(media.get("schema", {})) for media in answer.get("content", {}).values()]
    return " or ".join(dict.fromkeys(each for each in types if each))


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(_type(one) for one in schema[several]))
    if "enum" in schema:
        return ", ".join(code(value) for value in schema["enum"])
    if "const" in schema:
        return code(schema["const"])
    kind = str(schema.get("type", "anything"))
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return kind + _limits(schema)


def _limits(schema: Schema) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if schema.get("format"):
        return f" ({schema['format']})"
    if least is not None and most is not None and most < 2**53:
        return f" from {least} to {most}"
    return ""


def _default(schema: Schema) -> str:
    default = schema.get("default")
    return "" if default in (None, "") else code(json.dumps(default).strip('"'))
