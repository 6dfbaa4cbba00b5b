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
    schemas = document["components"]["schemas"]
    return page(
        "API",
        document["info"].get("description", ""),
        "The same as a document for programs is at `/api/openapi.json`, and can be tried at `/api/docs`. "
        "A bot from zero: [Integrate](../integrate.md).",
        "## Operations",
        *(_operation(path, method, operation) for path, method, operation in operations(document)),
        "## Webhooks",
        *(_webhook(operation["post"]) for operation in document["webhooks"].values()),
        "## Refusals",
        _refusals(document),
        "## Documents",
        *(_schema(name, schema) for name, schema in sorted(schemas.items())),
    )


def _operation(path: str, method: str, operation: Schema) -> str:
    parts = [f"### {method} {path}", operation.get("description") or operation.get("summary") or ""]
    if operation.get("security"):
        parts.append("Needs a token, as `Authorization: Bearer …`.")
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
    parts.append(_answers(operation["responses"]))
    return "\n\n".join(part for part in parts if part)


def _webhook(operation: Schema) -> str:
    """What is sent to an address of the caller's."""
    headers = [(code(one["name"]), one["description"]) for one in operation["parameters"]]
    answers = [(code(status), one["description"]) for status, one in operation["responses"].items()]
    return "\n\n".join(
        (
            f"### {operation['summary']}",
            operation["description"],
            f"Body: {_content(operation['requestBody'])}. "
            "How to receive it: [Subscriptions](../subscriptions.md).",
            table(("header", "meaning"), headers),
            table(("your answer", "what follows"), answers),
        )
    )


def _answers(responses: Schema) -> str:
    """What it has; its refusals by their numbers, as what they mean is told once."""
    given = {status: answer for status, answer in responses.items() if "$ref" not in answer}
    told = "; ".join(f"{status} {_content(answer) or 'without a body'}" for status, answer in given.items())
    refused = ", ".join(status for status in responses if status not in given)
    return f"Answers: {told}. Else: {refused} ([what they mean](#refusals))."


def _refusals(document: Schema) -> str:
    told = document["components"]["responses"]
    found = {
        status: told[answer["$ref"].rpartition("/")[2]]["description"]
        for _, _, operation in operations(document)
        for status, answer in operation["responses"].items()
        if "$ref" in answer
    }
    return table(("status", "meaning"), sorted(found.items()))


def _schema(name: str, schema: Schema) -> str:
    if "enum" in schema:
        return f"### {name}\n\n{schema['description'].rstrip('.')}.\n\nOne of: {_type(schema)}."
    rows = [
        (code(field), _type(about), about.get("description", ""))
        for field, about in schema["properties"].items()
    ]
    headers = ("field", "type", "meaning")
    return "\n\n".join(
        part for part in (f"### {name}", schema.get("description", ""), table(headers, rows)) if part
    )


def _content(answer: Schema) -> str:
    types = [
        _type(media["schema"]) if kind == "application/json" else code(kind)
        for kind, media in answer.get("content", {}).items()
    ]
    return " or ".join(types)


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
    kind = schema.get("type", "anything")
    if isinstance(kind, list):
        return " or ".join(_type({**schema, "type": one}) for one in kind)
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return f"{kind}{_limits(schema) if kind != 'null' else ''}"


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
