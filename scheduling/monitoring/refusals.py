"""What keeps a neighbour from its work, in words for anybody: of its own message only what it is about.

That message may hold an address, a user's name or a row.
"""

import re
import sqlite3
import ssl
from typing import Any

import redis
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError

# By the word that Redis begins its error with; redis-py takes it off those that it has a class for.
_REDIS_WORDS = {
    "OOM": "its memory is full (maxmemory)",
    "READONLY": "it is a replica, which takes no writes",
    "MISCONF": "it cannot save to its disk (MISCONF)",
    "NOREPLICAS": "it has too few replicas (NOREPLICAS)",
    "WRONGTYPE": "a key of ours holds something else (WRONGTYPE); delete it",
    "NOPERM": "its user may not do this (NOPERM)",
    "NOAUTH": "it wants a password, or another one",
    "LOADING": "it is still loading its data",
    "MASTERDOWN": "it is a replica that lost its master",
    "CLUSTERDOWN": "its cluster is down",
    "BUSY": "a script keeps it busy",
    "index": "it has no database of that number (the end of REDIS_URL)",
}
_REDIS_CLASSES: dict[type[redis.RedisError], str] = {
    redis.OutOfMemoryError: "OOM",
    redis.ReadOnlyError: "READONLY",
    redis.exceptions.NoPermissionError: "NOPERM",
    redis.AuthenticationError: "NOAUTH",
    redis.BusyLoadingError: "LOADING",
    redis.exceptions.MasterDownError: "MASTERDOWN",
    redis.exceptions.ClusterDownError: "CLUSTERDOWN",
}
# This it says instead of a greeting, and redis-py takes it for no connection.
_NO_CONNECTION_LEFT = "max number of clients reached"
_UNTRUSTED = (
    "its certificate is not trusted, or of another name (?ssl_ca_certs=FILE names an authority of yours)"
)
_NO_FILE = "a file that REDIS_URL names, its socket or one for TLS, is not there"
_FORBIDDEN = "the system forbids it: a file that REDIS_URL names may not be read, or a firewall is between"
# A row or a file that somebody else is writing to: it works.
_LOCKED = "55P03"
_FULL = "53100"
# Of a database that was never migrated, was not since the program was updated, or was by a newer one.
_OTHER_TABLES = (
    "its tables are missing, or of an older or a newer version of this program; run `manage.py migrate`"
)
MIGRATION_IS_MISSING = "migration is missing"
_SQLSTATES = {
    "25006": "it is read-only: a standby, or default_transaction_read_only",
    "42501": "our role may not do this",
    _FULL: "its disk is full",
    "53200": "it is out of memory",
    _LOCKED: "somebody else holds what it needs",
    "42P01": _OTHER_TABLES,
    "42703": _OTHER_TABLES,
}
_SQLITE_TEXTS = {
    "readonly database": "its file or its folder may only be read",
    "database or disk is full": "its disk is full, or it may not grow any more",
    "disk i/o error": "its disk fails, or is full",
    "is locked": "somebody else is writing to it",
    "no such database file": "its file is not there; `manage.py migrate` makes a new one",
    "unable to open database file": "its file cannot be opened",
    "is not a database": "its file is damaged",
    "is malformed": "its file is damaged",
    "no such table": _OTHER_TABLES,
    "no such column": _OTHER_TABLES,
    "has no column named": _OTHER_TABLES,
    MIGRATION_IS_MISSING: _OTHER_TABLES,
}
# Who is not let in gets no SQLSTATE of the driver: patterns of the server's English words, or pgbouncer's.
_CONNECTION_TEXTS = {
    "No space left on device": _SQLSTATES[_FULL],
    "too many connections": "it has no connection left",
    "too many clients": "it has no connection left",
    "connection slots are reserved": "it has no connection left",
    "no more connections allowed": "it has no connection left",
    "the database system is": "it is starting or stopping",
    "password authentication failed": "it does not take our password",
    "no pg_hba.conf entry": "it lets nobody in from our address (pg_hba.conf)",
    # Not as libpq of a certificate's file.
    '(role|database) ".*" does not exist': "it does not know our role, or has no such database",
}
# SQLSTATEs, or their beginnings, of what goes well later: no connection, not enough of something, a write
# that lost against another, a row that is held, a server that is read-only, starts, or ended our session.
_PASSING_STATES = ("08", "53", "40", _LOCKED, "25006", "57P01", "57P02", "57P03", "57P05")
_PASSING_IN_SQLITE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
}
# The lower bits of SQLite's extended codes, which say which kind of I/O error, say.
_PRIMARY_CODE = 0xFF


def redis_refusal(exc: Exception) -> str:
    """Why Redis, which answers, does not do what is asked; empty when it does not answer."""
    for kind, word in _REDIS_CLASSES.items():
        if isinstance(exc, kind):
            return _REDIS_WORDS[word]
    if _NO_CONNECTION_LEFT in str(exc):
        return "it has no connection left (maxclients)"
    # redis-py raises its own for it while it handles it, and names no cause.
    if isinstance(exc.__context__, ssl.SSLCertVerificationError):
        return _UNTRUSTED
    if isinstance(exc.__context__, FileNotFoundError):
        return _NO_FILE
    if isinstance(exc.__context__, PermissionError):
        return _FORBIDDEN
    if isinstance(exc, redis.ConnectionError | redis.TimeoutError):
        return ""
    words = str(exc).split()
    return next((reason for word, reason in _REDIS_WORDS.items() if word in words), "it refuses")


def redis_problem(exc: Exception) -> str:
    if refusal := redis_refusal(exc):
        return f"Redis takes no messages: {refusal}."
    in_time = " in time" if isinstance(exc, redis.TimeoutError) else ""
    return f"Redis does not answer{in_time}."


def database_refusal(exc: Exception) -> str:
    """Why the database, which answers, does not do what is asked; empty when nothing is known."""
    if (state := _sqlstate(exc)) in _SQLSTATES:
        return _SQLSTATES[state]
    text = str(exc).lower()
    return next((reason for words, reason in _SQLITE_TEXTS.items() if words in text), "")


def database_problem(exc: Exception) -> str:
    """For anybody, and with what was noted on it."""
    return " ".join([_problem(exc), *notes_of(exc)])


def _problem(exc: Exception) -> str:
    if refusal := database_refusal(exc):
        return f"The database does not work: {refusal}."
    if refusal := _not_let_in(exc):
        return f"The database does not let us in: {refusal}."
    return f"{_unnamed(exc)} ({type(exc).__name__})."


def notes_of(exc: Exception) -> list[str]:
    """Such as what was done before it."""
    return list(getattr(exc, "__notes__", ()))


def database_failure(exc: Exception) -> str:
    """A sentence's beginning, for who runs it: with the database's own words, without the statement."""
    reason = " ".join(str(exc).split("\nLINE ", 1)[0].split())
    if refusal := database_refusal(exc):
        return f"The database does not work ({refusal}: {reason})"
    if refusal := _not_let_in(exc):
        return f"The database does not let us in ({refusal}: {reason})"
    return f"{_unnamed(exc)} ({reason})"


def _not_let_in(exc: Exception) -> str:
    """Why no connection came about; empty when the server said nothing, or nothing that is known."""
    if not isinstance(exc, OperationalError) or _sqlstate(exc):
        return ""
    text = str(exc)
    return next((reason for words, reason in _CONNECTION_TEXTS.items() if re.search(words, text)), "")


def _unnamed(exc: Exception) -> str:
    return "The database does not answer" if is_passing(exc) else "The database refuses what it is asked"


def is_passing(exc: Exception) -> bool:
    """Whether the same may go well later: the database is away, or takes no writes for now.

    A table that is missing, a statement that is too long or a right that we lack stays so.
    """
    if state := _sqlstate(exc):
        return str(state).startswith(_PASSING_STATES)
    if isinstance(exc.__cause__, sqlite3.Error):
        code = getattr(exc.__cause__, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        return code & _PRIMARY_CODE in _PASSING_IN_SQLITE
    return isinstance(exc, OperationalError | InterfaceError)  # of the connection: no server said it


def is_full(exc: DatabaseError) -> bool:
    """Whether PostgreSQL's disk is, which only a write that needs room can find out."""
    return bool(_sqlstate(exc) == _FULL)


def may_not_spill(exc: DatabaseError) -> bool:
    """Whether PostgreSQL's temp_file_limit, which is no limit of what is stored, refused something."""
    return bool(_sqlstate(exc) == "53400")


def is_locked(exc: DatabaseError) -> bool:
    """Whether somebody else is writing just now."""
    return _sqlstate(exc) == _LOCKED or "is locked" in str(exc)


def _sqlstate(exc: Exception) -> Any:
    return getattr(exc.__cause__, "sqlstate", None)
