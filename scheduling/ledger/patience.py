"""How long we wait for a row that somebody else holds (PostgreSQL): briefly, and then do without it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.db import Error as DatabaseError
from django.db import OperationalError, connection
from django.db.models import CharField, Func, Model, QuerySet, Value

from scheduling.exceptions import HeldError

# Ours hold a row for milliseconds; who holds it for longer has forgotten it.
PATIENCE_MS = 300
# A score of hosts that are given one command go one after the other: the last waits for all before it.
PATIENCE_IN_TURN_MS = 3_000
_patience_ms: ContextVar[int] = ContextVar("patience_ms", default=PATIENCE_MS)
_LOCK_NOT_AVAILABLE = "55P03"
# Of two that wait for each other PostgreSQL ends one after a second, which a command may wait.
_DEADLOCK = "40P01"
# The same as `briefly` says, in a statement that is written down.
BRIEFLY = f"set_config('lock_timeout', '{PATIENCE_MS}ms', true) = '{PATIENCE_MS}ms'"

Row = TypeVar("Row", bound=Model)


def is_held(exc: DatabaseError) -> bool:
    """Whether a statement broke off because somebody else holds a row that it needs."""
    return getattr(exc.__cause__, "sqlstate", "") == _LOCK_NOT_AVAILABLE


@contextmanager
def in_turn() -> Iterator[None]:
    """What the block asks briefly for waits as long as a command may, which others may give elsewhere."""
    token = _patience_ms.set(PATIENCE_IN_TURN_MS)
    try:
        yield
    finally:
        _patience_ms.reset(token)


def briefly(rows: QuerySet[Row]) -> QuerySet[Row]:
    """Those rows, of which a statement waits for none longer than that; it then raises `OperationalError`.

    The statement itself sets the limit, for its transaction: the same without another question, and what
    a task says later has its own.
    """
    if connection.vendor != "postgresql":
        return rows
    limit: Any = Func(
        Value("lock_timeout"),
        Value(f"{_patience_ms.get()}ms"),
        Value(True),
        function="set_config",
        output_field=CharField(),
    )
    # What it says it set may have another unit: 3000ms is 3s.
    limited: Any = rows.alias(patience=limit).filter(patience__gt="")
    return limited  # type: ignore[no-any-return]


@contextmanager
def refused_while_held(what: str) -> Iterator[None]:
    """Raise `HeldError` when the block needs a row that somebody else holds.

    To be put around the whole transaction in which `briefly` is asked: each statement of it breaks off so.
    """
    try:
        yield
    except OperationalError as exc:
        if not is_held(exc) and getattr(exc.__cause__, "sqlstate", "") != _DEADLOCK:
            raise
        raise HeldError(
            f"{what} is locked by another session that has not ended its transaction; nothing was changed. "
            "`manage.py health` names who holds a schedule that is due."
        ) from exc
