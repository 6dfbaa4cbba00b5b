"""What a task may do wrong in a storm: one is left in a file, and the next attempt to begin does it."""

import asyncio
import contextlib
import os
import random
import time
from pathlib import Path

from django.db import connection, transaction

from scheduling.outgoing import BoundedSession, body_of

# Seconds. A source that drips is given up, a forked child would live on.
DEADLINE = 1.0
CHILD_LIVES = 5.0


def leave(log: Path, kind: str) -> None:
    """Have the next attempt do this; what nobody has done yet is forgotten."""
    waiting = _waiting(log)
    fresh = waiting.with_suffix(".fresh")
    fresh.write_text(kind)
    fresh.replace(waiting)


def forget(log: Path) -> None:
    """What nobody has done yet, nobody will."""
    _waiting(log).unlink(missing_ok=True)


def is_left_to_return(log: Path) -> bool:
    """Do what was left to be done, if anything; say whether the task is to return without another word."""
    mine = _waiting(log).with_suffix(f".{os.getpid()}")
    try:
        _waiting(log).rename(mine)
    except FileNotFoundError:
        return False
    kind = mine.read_text()
    mine.unlink()
    return _DEEDS[kind]()


def _leave_its_transaction_open() -> bool:
    transaction.set_autocommit(False)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO faults_effect VALUES ('nobody', 'never')")
    return True


def _raise_what_is_no_exception() -> bool:
    raise random.choice(
        [
            KeyboardInterrupt(),
            SystemExit(3),
            asyncio.CancelledError("cancelled"),
            BaseExceptionGroup("several", [ValueError("one"), SystemExit(2)]),
        ]
    )


def _fork() -> bool:
    if os.fork() == 0:
        os.closerange(3, 1_024)
        time.sleep(CHILD_LIVES)
        os._exit(0)
    return False


def _read_what_drips() -> bool:
    with (
        contextlib.closing(BoundedSession(deadline=time.monotonic() + DEADLINE)) as session,
        session.asked("GET", os.environ["DRIPPING_URL"], patience=(DEADLINE, DEADLINE)) as reply,
    ):
        body_of(reply, largest=1_000)
    return False


_DEEDS = {
    "leave its transaction open": _leave_its_transaction_open,
    "raise what is no exception": _raise_what_is_no_exception,
    "fork": _fork,
    "read what drips": _read_what_drips,
}
KINDS = tuple(_DEEDS)


def _waiting(log: Path) -> Path:
    return log.with_name(f"{log.name}.mischief")
