"""Rows of validators as values, thousands at once: the same as the ORM's, in half of its time.

It converts value by value, and these columns hold few values again and again.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from django.db.models import DateTimeField, JSONField, QuerySet

from validators.models import Validator
from validators.services.bulk import read_rows


def plain_rows(validators: QuerySet[Validator, Any], columns: Sequence[str]) -> list[dict[str, Any]]:
    """What `validators.values(*columns)` gives, where other annotations than `components` are plain."""
    by_column = list(zip(*read_rows(validators.values_list(*columns)), strict=True))
    for place, name in enumerate(columns if by_column else ()):
        if name in _CONVERSIONS:
            converted = {value: _CONVERSIONS[name](value) for value in set(by_column[place])}
            by_column[place] = tuple(map(converted.__getitem__, by_column[place]))
    return [dict(zip(columns, row, strict=True)) for row in zip(*by_column, strict=True)]


def _instant(value: datetime | None) -> datetime | None:
    """SQLite's have no zone."""
    return value and (value if value.tzinfo else value.replace(tzinfo=UTC))


def _document(value: Any) -> Any:
    return msgspec.json.decode(value) if isinstance(value, str) else value


_OF_KIND: Final[Mapping[Any, Callable[[Any], Any]]] = {
    DateTimeField: _instant,
    JSONField: _document,
}
_CONVERSIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    field.attname: _OF_KIND[type(field)]
    for field in Validator._meta.concrete_fields
    if type(field) in _OF_KIND
} | {"components": _document}
