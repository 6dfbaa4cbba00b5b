"""Answers as JSON or CSV, each with an ETag, so that an unchanged one costs a 304."""

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import NoneType
from typing import Any, Final, Literal

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import parse_etags
from django.utils.module_loading import import_string
from ninja import Schema
from pydantic import Field

Format = Literal["json", "csv"]
Document = Mapping[str, Any]

JSON_TYPE: Final = "application/json"
CSV_TYPE: Final = "text/csv"
# A spreadsheet takes a cell that begins so for a formula, and names are written by strangers.
# Some take the wide forms of these for the same.
FORMULA_STARTS: Final = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
# What stands in a cell as it is.
PLAIN_TYPES: Final = frozenset({int, float, NoneType})
NESTED_TYPES: Final = frozenset({list, dict})


class Envelope(Schema):
    """Which look at the cluster a reply is from; null before there was one."""

    as_of: datetime | None = Field(description="When the newest picture of the cluster was stored, UTC")
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
    response = HttpResponse(_csv(rows, columns=columns), content_type=f"{CSV_TYPE}; charset=utf-8")
    for name, value in about.items():
        response.headers[name.replace("_", "-").title()] = str(_cell(value) or "")
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


def _csv(rows: Iterable[Document], *, columns: Sequence[str]) -> str:
    text = io.StringIO()
    # Every text in quotes, whatever it looks like.
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(columns)
    written = list(rows)
    # Column by column, since most are all numbers, or a few values again and again.
    writer.writerows(zip(*(_cells([row[column] for row in written]) for column in columns), strict=True))
    return text.getvalue()


def _cells(values: list[Any]) -> list[Any]:
    kinds = set(map(type, values))
    if kinds <= PLAIN_TYPES:
        return values
    if kinds <= NESTED_TYPES:
        return [msgspec.json.encode(value).decode() for value in values]
    # No keys, or one key for what is not the same: 1, 1.0 and True.
    if kinds & NESTED_TYPES or len(kinds & {bool, int, float}) > 1:
        return [_cell(value) for value in values]
    written = {value: _cell(value) for value in set(values)}
    return [written[value] for value in values]


def _cell(value: Any) -> Any:
    """Unknown is empty, and a text that would be a formula gets an apostrophe before it."""
    if isinstance(value, str):
        return f"'{value}" if value[:1] in FORMULA_STARTS else value
    if value is None or type(value) in PLAIN_TYPES:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return msgspec.json.encode(value).decode()
