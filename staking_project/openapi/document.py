"""django-ninja's document, made so that a program can be written against it, whoever adds an operation."""

import re
from collections.abc import Iterator
from typing import Any, Final

from ninja import NinjaAPI
from ninja.operation import Operation

from scheduling.api.deprecations import Deprecation, deprecation_of
from staking_project.openapi import answers, examples, schemas
from staking_project.openapi.webhooks import webhooks

Json = dict[str, Any]

# Of this host, whatever it is called: relative to the address of the document.
SERVERS: Final = [{"url": "/", "description": "Where this document is from"}]
TAGS: Final = {
    "validators": "Validators, their scores, history and the cluster; for everybody",
    "events": "What changed of validators, since when one likes and as it happens; for everybody",
    "verdicts": "Who would take a validator, by the published rules of those who delegate; for everybody",
    "subscriptions": "Events sent to an address, signed; each for the token that made it",
    "watched validators": "Of which validators alerts tell; for tokens with the scope watch",
    "schedules and runs": "When what is fetched and scored, and what became of it; a token acts upon it",
}
TOKENS: Final = (
    "A token with the scope that the operation names, as `Authorization: Bearer staking_…`. Whoever runs "
    "this site makes it in its admin, under API tokens. It is for programs: pages of other sites may not "
    "send it"
)
LICENSE: Final = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
_FIRST_SENTENCE: Final = re.compile(r"(.+?)[.:;](?:\s|$)", re.DOTALL)


class DocumentedApi(NinjaAPI):
    """Short operation ids, and a document that is finished, once for each prefix."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        # By the prefix of its paths.
        self._finished: dict[str | None, Json] = {}

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__

    def get_openapi_schema(self, **asked: Any) -> Any:
        prefix = asked.get("path_prefix")
        if prefix not in self._finished:
            for operation in self._operations():
                # As the answers say it: `from` is no name in Python.
                operation.by_alias = True
            self._finished[prefix] = finished(super().get_openapi_schema(**asked), self._deprecations())
        return self._finished[prefix]

    def _deprecations(self) -> dict[str, Deprecation]:
        return {
            self.get_openapi_operation_id(operation): deprecation
            for operation in self._operations()
            if (deprecation := deprecation_of(operation.view_func))
        }

    def _operations(self) -> Iterator[Operation]:
        for router in self._get_bound_routers():
            for view in router.path_operations.values():
                yield from view.operations


def finished(document: Json, deprecations: dict[str, Deprecation]) -> Json:
    """A finished copy. `deprecations` are by operation id."""
    document = document | {part: schemas.plain_copy(document[part]) for part in ("paths", "components")}
    document["servers"] = SERVERS
    document["info"] = document["info"] | {"license": LICENSE}
    # Unless an operation says otherwise.
    document["security"] = []
    components = document["components"]
    operations = [one for methods in document["paths"].values() for one in methods.items()]
    for method, operation in operations:
        _describe(operation, deprecations.get(operation["operationId"]))
        _finish_parameters(operation, components["schemas"])
        _finish_body(operation, components["schemas"])
        answers.add_answers(method, operation, components["schemas"])
        examples.add_examples(operation, components["schemas"])
    document["webhooks"] = webhooks(components)
    for sent in document["webhooks"].values():
        examples.add_examples(sent["post"], components["schemas"])
    components["responses"] = answers.problems()
    components["headers"] = answers.HEADERS
    for scheme in components.get("securitySchemes", {}).values():
        scheme["description"] = TOKENS
    schemas.prune(document, "schemas")
    schemas.prune(document, "headers")
    used = dict.fromkeys(tag for _, operation in operations for tag in operation.get("tags", ()))
    document["tags"] = [{"name": tag, "description": TAGS.get(tag, tag)} for tag in used]
    return document


def _describe(operation: Json, deprecation: Deprecation | None) -> None:
    """The summary is the first sentence of what the operation says of itself."""
    said = " ".join(operation.get("description", "").split())
    first = _FIRST_SENTENCE.match(said)
    operation["summary"] = first[1] if first else said or operation["summary"]
    if deprecation is not None:
        operation["deprecated"] = True
        operation["description"] = (
            f"{said}\n\nDeprecated since {deprecation.since}, answers until {deprecation.sunset}. "
            f"Instead: {deprecation.instead}"
        )


def _finish_parameters(operation: Json, known: Json) -> None:
    for parameter in operation.get("parameters", ()):
        # django-ninja writes a list, where OpenAPI has a map of named ones.
        parameter.pop("examples", None)
        schema = parameter["schema"] = schemas.without_null(parameter["schema"])
        said = schema.pop("description", "")
        parameter.setdefault("description", said)
        parameter["example"] = examples.example_of(schema, known, name=parameter["name"])
    if not operation.get("parameters"):
        operation.pop("parameters", None)


def _finish_body(operation: Json, known: Json) -> None:
    """One in which nothing has to be said may be left out; django-ninja asks for each."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = known[content["schema"]["$ref"].rpartition("/")[-1]]
        operation["requestBody"]["required"] = "required" in schema or "minProperties" in schema
