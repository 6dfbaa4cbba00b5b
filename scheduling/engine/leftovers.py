"""What a task leaves behind is not left: an open transaction is its failure, its children end with it."""

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import connections

from scheduling.engine.processes import children_of
from scheduling.exceptions import TransactionLeftOpenError

logger = logging.getLogger(__name__)

# A child that forks while it is ended leaves another one; nobody forks for ever.
MOST_GENERATIONS = 20


@contextmanager
def transactions_closed() -> Iterator[None]:
    """Raise `TransactionLeftOpenError` when the block ends well and a transaction of it is still open.

    The connection is closed, which rolls back: on SQLite nobody else could write until then, for ever.
    Whatever was open before the block is not its own and stays.
    """
    before = {one.alias for one in _connections() if _is_open(one)}
    try:
        yield
    except BaseException:
        _close_open(before)
        raise
    aliases = _close_open(before)
    if aliases:
        raise TransactionLeftOpenError(
            f"The task returned with its transaction open ({', '.join(aliases)}); "
            "nothing that it wrote in it is stored."
        )


@contextmanager
def children_ended() -> Iterator[None]:
    """Kill what the block started and did not wait for, grandchildren too where this process reaps them."""
    before = set(children_of(os.getpid()))
    try:
        yield
    finally:
        for _ in range(MOST_GENERATIONS):
            left = set(children_of(os.getpid())) - before
            if not left:
                break
            for pid in left:
                end_child(pid)


@contextmanager
def forks_kept_in() -> Iterator[None]:
    """A child that the block forked ends where the block does, at the latest.

    It would go on as a second worker of the same name: end the run that its parent still works on, and
    take messages. At once, since what is closed on the way out is its parent's too, as the connection is.
    """
    own = os.getpid()
    try:
        yield
    except SystemExit as exc:
        if os.getpid() != own:
            os._exit(exc.code if isinstance(exc.code, int) else int(exc.code is not None))
        raise
    except BaseException:
        if os.getpid() != own:
            logger.exception("A child that the task forked failed.")
            os._exit(1)
        raise
    if os.getpid() != own:
        os._exit(0)


def end_child(pid: int) -> None:
    """Kill and reap a child of this process; it may be gone already."""
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _connections() -> list[Any]:
    return list(connections.all(initialized_only=True))


def _close_open(before: set[str]) -> list[str]:
    """Close the connections with an open transaction, but those that had one before; their names."""
    left = [one for one in _connections() if one.alias not in before and _is_open(one)]
    for one in left:
        # Django would wait for the end of a block that nobody will leave any more.
        one.in_atomic_block = False
        one.close()
    return [one.alias for one in left]


def _is_open(one: Any) -> bool:
    """Whether it is in a transaction, by Django's account or by the database's own."""
    if one.connection is None:
        return False
    if one.in_atomic_block or not one.autocommit:
        return True
    if one.vendor == "sqlite":
        return bool(one.connection.in_transaction)
    if one.vendor == "postgresql":
        return bool(one.connection.info.transaction_status)  # 0 is idle
    return False
