"""Answers as JSON or CSV, each with an ETag, so that an unchanged one costs a 304."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import starmap
from typing import Any, Final, Literal

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import parse_etags
from django.utils.module_loading import import_string
from ninja import Schema
from pydantic import Field

from scheduling.wording import cell_text

Format = Literal["json", "csv"]
Document = Mapping[str, Any]
# Documents of one shape: of each of their fields, in its order, the values of all.
Columns = Mapping[str, Sequence[Any]]

JSON_TYPE: Final = "application/json"
CSV_TYPE: Final = "text/csv"
# What stands in a cell without quotes.
NUMBER_TYPES: Final = frozenset({int, float})
UNLIKE_TYPES: Final = frozenset({float, list, dict})


class Envelope(Schema):
    """Which look at the cluster a reply is from; null before there was one."""

    as_of: datetime | None = Field(
        description="When the newest picture of the cluster was stored, UTC; null before the first, of which "
        "`/readyz` says what keeps it"
    )
    epoch: int | None = Field(description="The cluster's epoch in that picture")
    method: str | None = Field(description="Which method the scores are of")
    version: str | None = Field(description="The version of that method")


def envelope() -> dict[str, Any]:
    """The fields of `Envelope` as things stand; what they are is the business of another app."""
    current: dict[str, Any] = import_string(settings.API_ENVELOPE)()
    return current


def wanted_format(request: HttpRequest, asked: Format | None) -> Format:
    """What the address asks for, else what the Accept header prefers."""
    if asked is not None:
        return asked
    preferred = request.get_preferred_type([JSON_TYPE, CSV_TYPE])
    return "csv" if preferred == CSV_TYPE else "json"


def json_reply(document: Document) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(document), content_type=JSON_TYPE)


def private_reply(document: Document, *, status: int = 200) -> HttpResponse:
    """For one caller alone, or of one moment alone: no cache keeps it."""
    response = json_reply(document)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


def nothing_reply() -> HttpResponse:
    """A 204: it was done, and there is nothing to say."""
    return HttpResponse(status=204, headers={"Cache-Control": "no-store"})


def list_reply(
    request: HttpRequest,
    rows: Iterable[Document],
    *,
    columns: Sequence[str],
    form: Format,
    about: Document,
    next_cursor: str | None,
    behind: str = "cursor",
) -> HttpResponse:
    """Rows as `items` beside what they are `about`, or as CSV with that in headers.

    `behind` is the parameter that the next page is asked for by.
    """
    if form == "json":
        return json_reply({**about, "items": list(rows), "next_cursor": next_cursor})
    written = list(rows)
    told = {name: [row[name] for row in written] for name in columns}
    return _csv_reply(request, told, about=about, next_cursor=next_cursor, behind=behind)


def columns_reply(
    request: HttpRequest,
    told: Columns,
    *,
    columns: Sequence[str],
    form: Format,
    about: Document,
    next_cursor: str | None,
) -> HttpResponse:
    """What `list_reply` makes of the rows, in half of the time where there are thousands."""
    if form == "json":
        items = list(starmap(_shape(tuple(told)), zip(*told.values(), strict=True)))
        return json_reply({**about, "items": items, "next_cursor": next_cursor})
    chosen = {name: told[name] for name in columns}
    return _csv_reply(request, chosen, about=about, next_cursor=next_cursor, behind="cursor")


@lru_cache(maxsize=64)
def _shape(fields: tuple[str, ...]) -> Callable[..., msgspec.Struct]:
    """Written as a dictionary of these fields is, and made and written faster."""
    return msgspec.defstruct("Item", fields, gc=False)


def _csv_reply(
    request: HttpRequest, told: Columns, *, about: Document, next_cursor: str | None, behind: str
) -> HttpResponse:
    response = HttpResponse(_csv(told), content_type=f"{CSV_TYPE}; charset=utf-8")
    for name, value in about.items():
        response.headers[name.replace("_", "-").title()] = _text(value)
    if next_cursor is not None:
        query = request.GET.copy()
        query[behind] = next_cursor
        response.headers["Link"] = f'<{request.path}?{query.urlencode()}>; rel="next"'
    return response


def conditional(
    request: HttpRequest, *, version: str, max_age: int, build: Callable[[], HttpResponse]
) -> HttpResponse:
    """A 304 when the caller has this version of this answer already; otherwise build it.

    `version` is known before the answer is; `max_age` is in seconds, 0 for: ask every time. The tag is of the
    address too: who has it was answered there, and so nothing is wrong with what he asks. Who names no tag
    but `*` may never have been, so what is wrong is found first.
    """
    address = hashlib.sha256(request.get_full_path().encode()).hexdigest()[:12]
    etag = f'W/"{version}-{address}"'
    may_know = "*" not in parse_etags(request.headers.get("If-None-Match", ""))
    unchanged: HttpResponse | None = get_conditional_response(request, etag=etag) if may_know else None
    response = build() if unchanged is None else unchanged
    if response.status_code == 200:
        response = get_conditional_response(request, etag=etag, response=response) or response
    if response.status_code in (200, 304):
        response.headers["ETag"] = etag
        response.headers["Cache-Control"] = f"public, max-age={max_age}" if max_age > 0 else "no-cache"
        patch_vary_headers(response, ["Accept"])
    return response


def conditional_on_content(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """For answers that nothing cheaper than themselves tells the version of."""
    digest = hashlib.sha256(response.content).hexdigest()[:32]
    return conditional(request, version=digest, max_age=0, build=lambda: response)


def _csv(told: Columns) -> str:
    """Every text in quotes, whatever it looks like; unknown is an empty one.

    Column by column, since most are all numbers, or a few values again and again.
    """
    columns = [[_quoted(name), *_cells(values)] for name, values in told.items()]
    lines = map(",".join, zip(*columns, strict=True))
    return "".join(f"{line}\r\n" for line in lines)


def _cells(values: Sequence[Any]) -> Iterable[str]:
    kinds = set(map(type, values))
    # No keys, or one key for what is not the same: 1 and True, 0.0 and -0.0.
    if kinds & UNLIKE_TYPES or len(kinds & {bool, int}) > 1:
        return map(_cell, values)
    written = {value: _cell(value) for value in set(values)}
    return map(written.__getitem__, values)


def _cell(value: Any) -> str:
    kind = type(value)
    if kind is float or kind is int:
        return str(value)
    return _quoted(_text(value))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return cell_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if type(value) in NUMBER_TYPES else msgspec.json.encode(value).decode()


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
