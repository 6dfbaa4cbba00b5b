"""What an operation of the API does not know is refused, and the nearest word that it knows named.

A misspelt filter that is passed over would answer with everything.
"""

import re
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from functools import wraps
from typing import Any, Final, NamedTuple, get_args

from django.http import HttpRequest, HttpResponse
from ninja.params.models import ParamModel
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import from_json

from scheduling.api.errors import ApiError

View = Callable[..., HttpResponse]

# Of what strangers wrote, so much is said back.
LONGEST_SAID: Final = 60
MOST_SAID: Final = 5
# Of words that strangers made, such as versions, there may be any number.
MOST_LISTED: Final = 40
# What pydantic calls a word that is none of a closed set, which it says in quotes.
_CLOSED: Final = frozenset({"enum", "literal_error"})
NO_FLAG: Final = "it cannot be true or false"
_QUOTED: Final = re.compile(r"'([^']+)'")
# What to write instead, where pydantic says only that it does not understand.
_WANTED: Final[Mapping[str, str]] = {
    "bool_parsing": "it is true or false",
    "int_parsing": "it is a whole number",
    "float_parsing": "it is a number",
}


class _Known(NamedTuple):
    """By name, what each parameter and each field of a body says of itself; `several` may be repeated.

    Only `flags` may be true or false. Where no field has to be given, there need be no body.
    """

    parameters: Mapping[str, str]
    several: Collection[str]
    fields: Mapping[str, str]
    flags: Collection[str]
    needs_body: bool


def refusing_unknown(run: View) -> View:
    """For `NinjaAPI.add_decorator(…, mode="view")`: by the signature of whatever operation it decorates.

    Looked at when values are read: who may not ask at all is told that, and not what he misspelt; and who
    misspelt what has to be given is told so, and not that it is missing.
    """
    operation = run.__self__  # type: ignore[attr-defined]
    read, known = operation._get_values, _known(operation.models)

    @wraps(read)
    def read_strictly(request: HttpRequest, *others: Any) -> dict[str, Any]:
        _check_parameters(request, known)
        _check_body(request, known)
        if not (request.body or known.needs_body):
            request._body = b"{}"  # what `request.body` gives, once it was read
        values: dict[str, Any] = read(request, *others)
        return values

    operation._get_values = read_strictly
    return run


def did_you_mean(name: str, known: Collection[str]) -> str | None:
    """The nearest of those that there are, in whatever case."""
    by_lower = {word.lower(): word for word in known}
    near = get_close_matches(name.lower(), by_lower, n=1)
    return by_lower[near[0]] if near else None


def there_is_no(word: str, known: Collection[str], *, kind: str = "") -> str:
    """Why a word of a closed set is refused: the nearest first, then those that there are."""
    said = "There is no" + (f" {kind}" if kind else "")
    near = did_you_mean(word, known)
    meant = f"; did you mean {near}?" if near else "."
    more = f" and {len(known) - MOST_LISTED:,} more" if len(known) > MOST_LISTED else ""
    there_are = f"There are: {', '.join(list(known)[:MOST_LISTED])}{more}" if known else "There is none"
    return f"{said} “{shortened(word)}”{meant} {there_are}"


def complaint(error: Mapping[str, Any], said: object) -> str:
    """What pydantic has against something that was `said`: which it is, and why it is refused.

    `limit: Input should be greater than or equal to 1`; which one is the last word of `loc`. Behind it
    stands a number where one of several is wrong.
    """
    name = next((word for word in reversed(error["loc"]) if isinstance(word, str)), "")
    expected = error.get("ctx", {}).get("expected", "") if error["type"] in _CLOSED else ""
    if expected and isinstance(said, str):
        return f"{name}: {there_is_no(said, _QUOTED.findall(expected))}"
    if error["type"] in _WANTED and isinstance(said, str):
        return f"{name}: {_WANTED[error['type']]}, and not “{shortened(said)}”"
    if error["type"] == "string_pattern_mismatch" and isinstance(said, str):
        # Our regular expression is no answer to anybody.
        return f"{name}: “{shortened(said)}” has a character, or a length, that it cannot have"
    return f"{name}: {error['msg'].removeprefix('Value error, ')}"


def takes_flag(annotation: object) -> bool:
    """Whether what is annotated so may be true or false, alone or among others."""
    return annotation is bool or any(map(takes_flag, get_args(annotation)))


def holds_flag(said: object) -> bool:
    """Whether it is true or false, or one of several is: pydantic would take that for the number 1 or 0."""
    return isinstance(said, bool) or (isinstance(said, list) and any(map(holds_flag, said)))


def _known(models: list[type[ParamModel]]) -> _Known:
    parameters: dict[str, str] = {}
    several: set[str] = set()
    fields: dict[str, str] = {}
    flags: set[str] = set()
    needs_body = False
    for model in models:
        # Written on the model by django-ninja, which does not declare them.
        source = getattr(model, "__ninja_param_source__", "")
        if source == "query":
            paths: Mapping[str, tuple[str, ...]] = getattr(model, "__ninja_flatten_map__", {})
            parameters |= {name: _description(model, path) for name, path in paths.items()}
            several |= set(getattr(model, "__ninja_collection_fields__", ()))
        elif source == "body":
            of_body = _body_fields(model)
            fields |= {name: field.description or "" for name, field in of_body.items()}
            flags |= {name for name, field in of_body.items() if takes_flag(field.annotation)}
            needs_body |= any(field.is_required() for field in of_body.values())
    return _Known(parameters, several, fields, flags, needs_body)


def _body_fields(model: type[ParamModel]) -> Mapping[str, FieldInfo]:
    """Of the one thing that the body is, or else of each thing in it."""
    single = getattr(model, "__read_from_single_attr__", None)
    of = model.model_fields[single].annotation if single else model
    if not (isinstance(of, type) and issubclass(of, BaseModel)):
        return {}
    return {field.alias or name: field for name, field in of.model_fields.items()}


def _description(model: type[BaseModel], path: tuple[str, ...]) -> str:
    """Along the names that lead from the model to a field of a model in it."""
    first, *rest = path
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    field = fields.get(first) or model.model_fields[first]
    if rest and isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
        return _description(field.annotation, tuple(rest))
    return field.description or ""


def _check_parameters(request: HttpRequest, known: _Known) -> None:
    strange = [name for name in request.GET if name not in known.parameters]
    if strange:
        detail = _told(strange, known.parameters, kind="parameter")
        raise ApiError(422, code="unknown_parameter", detail=detail)
    for name, values in request.GET.lists():
        if name not in known.several and len(set(values)) > 1:
            detail = f"{name}: it is given {len(values)} times, and one value is all that it can have."
            raise ApiError(422, code="doubled_parameter", detail=detail)


def _check_body(request: HttpRequest, known: _Known) -> None:
    if request.method in ("GET", "HEAD") or not request.body:
        return
    try:
        said = from_json(request.body)
    except ValueError:
        # Where a body is asked for, whoever reads it says so; elsewhere it is nothing that we could name.
        return
    if not isinstance(said, dict):
        # A list of what is held, say: passed over, it would be answered with everything.
        detail = f"body: it is an object with fields. There are: {', '.join(known.fields) or 'none'}."
        raise ApiError(422, code="invalid", detail=detail)
    strange = [name for name in said if name not in known.fields]
    if strange:
        raise ApiError(422, code="unknown_field", detail=_told(strange, known.fields, kind="field"))
    flagged = [name for name, value in said.items() if name not in known.flags and holds_flag(value)]
    if flagged:
        raise ApiError(422, code="invalid", detail="; ".join(f"{name}: {NO_FLAG}" for name in flagged))


def _told(strange: list[str], known: Mapping[str, str], *, kind: str) -> str:
    return " ".join(_said(name, known, kind=kind) for name in strange[:MOST_SAID])


def _said(name: str, known: Mapping[str, str], *, kind: str) -> str:
    shown = shortened(name)
    near = did_you_mean(name, known)
    if near is not None:
        about = f" ({known[near]})" if known[near] else ""
        return f"{shown}: there is no such {kind}; did you mean {near}{about}?"
    there_are = f"There are: {', '.join(known)}." if known else "It takes none."
    return f"{shown}: there is no such {kind}. {there_are}"


def shortened(word: str) -> str:
    """What may be said back of what a stranger wrote: less than a line, and nothing that moves a cursor."""
    kept = word[:LONGEST_SAID] + ("…" if len(word) > LONGEST_SAID else "")
    return "".join(letter if letter.isprintable() else "�" for letter in kept)
