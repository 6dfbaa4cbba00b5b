"""SQLite's file is made by `migrate` alone: who mistypes its name got an empty one, and missed his own."""

import os
import sqlite3
from functools import cache
from typing import Any

NO_FILE = "no such database file"


@cache
def existing_only(path: str) -> type[sqlite3.Connection]:
    """For sqlite3.connect: a connection to whatever file there is, but to `path` only where it is."""

    class Existing(sqlite3.Connection):
        def __init__(self, database: Any, *args: Any, **kwargs: Any) -> None:
            # Of a folder that is not there SQLite says so itself.
            if database == path and _is_missing(path) and os.path.isdir(os.path.dirname(path)):
                refusal = sqlite3.OperationalError(f"{NO_FILE}: {path}")
                # As SQLite says it of a file that may not be made: it may be there again later.
                refusal.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
                raise refusal
            super().__init__(database, *args, **kwargs)

    return Existing


def _is_missing(path: str) -> bool:
    """Not so where it cannot be told, in a folder that we may not enter say: SQLite then says that."""
    try:
        os.stat(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False
