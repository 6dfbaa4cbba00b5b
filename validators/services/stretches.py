"""What the rows of epochs say of validators, grouped by the database: stretches in which nothing changed, or
how many there are."""
# ruff: noqa: S608 - every name in a statement comes from a model, every value goes beside it

from collections.abc import Sequence
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet

from validators.models import Validator, ValidatorEpoch

# More are asked for by their lowest and highest key: these are most that there are.
MOST_NAMED_KEYS: Final = 500

_COMMISSIONS: Final = "commission_first_bps, commission_last_bps, commission_min_bps, commission_max_bps"
_EPOCHS: Final = ValidatorEpoch._meta.db_table
# Epochs that follow one another are a stretch while the commission stands; one in which it moved is apart.
_STRETCHES: Final = f"""
SELECT validator_id, min(epoch), max(epoch), commission_source, {_COMMISSIONS}
FROM (
    SELECT found.*, epoch - row_number() OVER (
        PARTITION BY validator_id, commission_source, {_COMMISSIONS}, apart ORDER BY epoch
    ) AS island
    FROM (
        SELECT validator_id, epoch, commission_source, {_COMMISSIONS}, CASE
            WHEN commission_min_bps IS NULL AND commission_max_bps IS NULL THEN 0
            WHEN commission_min_bps = commission_max_bps
                AND coalesce(commission_first_bps, commission_min_bps) = commission_min_bps
                AND coalesce(commission_last_bps, commission_min_bps) = commission_min_bps THEN 0
            ELSE epoch END AS apart
        FROM {_EPOCHS} WHERE {{which}}
    ) AS found
) AS numbered
GROUP BY validator_id, commission_source, {_COMMISSIONS}, apart, island
ORDER BY 1, 2
"""


_SPANS: Final = f"""
SELECT +validator_id, min(epoch), count(*), count(commission_last_bps)
FROM {_EPOCHS} WHERE {{which}} GROUP BY +validator_id
"""


def validators_of(keys: Sequence[int]) -> "QuerySet[Validator]":
    """These, and of many keys also those between them: the database would plan longer than it reads."""
    named = {"pk__in": keys} if len(keys) <= MOST_NAMED_KEYS else {"pk__range": (min(keys), max(keys))}
    return Validator.objects.filter(**named)


def read_spans(keys: Sequence[int], since: int, until: int | None) -> list[tuple[int, ...]]:
    """Key, first epoch, number of epochs and of those with a commission, from `since` on and before `until`.

    Rows of keys that nobody asked for may be among them.
    """
    return _read(_SPANS, keys, since, until)


def read_stretches(
    keys: Sequence[int], since: int = 0, until: int | None = None, *, epochs: Sequence[int] = ()
) -> list[tuple[Any, ...]]:
    """Key and the fields of `Stretch`, by key and epoch; keys that nobody asked for may be among them."""
    return _read(_STRETCHES, keys, since, until, epochs)


def _read(
    statement: str, keys: Sequence[int], since: int, until: int | None, epochs: Sequence[int] = ()
) -> list[tuple[Any, ...]]:
    if len(keys) <= MOST_NAMED_KEYS:
        which, values = f"validator_id IN ({_places(keys)})", list(keys)
    else:
        which, values = "validator_id >= %s AND validator_id <= %s", [min(keys), max(keys)]
        if since:
            # By the index of epochs: SQLite would go through that of validators, and so through all years.
            which = which.replace("validator_id", "+validator_id")
    if since:
        which, values = f"{which} AND epoch >= %s", [*values, since]
    if until is not None:
        which, values = f"{which} AND epoch < %s", [*values, until]
    if epochs:
        which, values = f"{which} AND epoch IN ({_places(epochs)})", [*values, *epochs]
    with connection.cursor() as cursor:
        cursor.execute(statement.format(which=which), values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _places(values: Sequence[int]) -> str:
    return ", ".join(["%s"] * len(values))
