"""What the environment says, where reading it takes more than a line of settings.py."""

import os
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import django
import environ
from django.core.exceptions import ImproperlyConfigured

from staking_project.database_file import existing_only
from staking_project.state import private_folder

# Of a SECRET_KEY, and how many different ones it has at least.
SHORTEST_SECRET_KEY = 50
FEWEST_CHARACTERS = 5
DATABASE_ENGINES = ("django.db.backends.sqlite3", "django.db.backends.postgresql")
LONGEST_NUMBER = 40
# Seconds.
EMAIL_TIMEOUT = 10
# What Django before 6.1 has as settings of their own.
_SMTP_OPTIONS = {
    "EMAIL_HOST": "host",
    "EMAIL_PORT": "port",
    "EMAIL_HOST_USER": "username",
    "EMAIL_HOST_PASSWORD": "password",
    "EMAIL_USE_TLS": "use_tls",
    "EMAIL_USE_SSL": "use_ssl",
}
_YES, _NO = environ.Env.BOOLEAN_TRUE_STRINGS, ("false", "off", "no", "n", "0", "none")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between what a number lies, both included, and what it is, for whoever has to change it."""

    least: float
    most: float
    meaning: str


# A network that swallows everything must not hold a worker for longer than its lease. What
# DATABASE_URL says itself (?connect_timeout=…) goes before.
POSTGRES_PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 3,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 8_000,
}

# What may stand behind the ? of DATABASE_URL beside the options of libpq: Django and psycopg take these.
OPTIONS_OF_OTHERS = {"assume_role", "isolation_level", "pool", "prepare_threshold", "server_side_binding"}


# What every number in the environment may be, and what it is for: the one place that refuses a wrong one.
BOUNDS: Mapping[str, Bounds] = {
    "PORT": Bounds(1, 65_535, "the port of the web server"),
    "WORKERS": Bounds(1, 512, "worker processes of each qcluster"),
    "SAVE_LIMIT": Bounds(-1, 1_000_000, "successes that django-q2 keeps; 0 is all, -1 none"),
    "FETCH_DEADLINE_SECONDS": Bounds(0.001, 86_400, "seconds that a whole fetch may take"),
    # Beside the four other requests by the method, as many of it as public endpoints take in ten seconds.
    "STAKES_PER_RUN": Bounds(0, 36, "validators whose stake accounts a run asks for; 0 asks for none"),
    "ALERT_REPEAT_SECONDS": Bounds(60, 365 * 86_400, "seconds until an open alert is told again"),
    "RATE_LIMIT": Bounds(0, 1_000_000_000, "what one address may ask for a minute; 0 is no limit"),
    "API_RATE_LIMIT": Bounds(0, 1_000_000_000, "what one address may ask for a minute; 0 is no limit"),
    "ANSWERS_KEPT_SECONDS": Bounds(0, 3_600, "seconds that an answer for anybody is kept; 0 keeps none"),
    "TRUSTED_PROXIES": Bounds(0, 100, "proxies of yours in front"),
    # A bad epoch that is told within two more is told once, as long as that is remembered.
    "EVENTS_KEPT_DAYS": Bounds(10, 36_500, "days that events about validators are kept"),
    "STOP_GRACE_SECONDS": Bounds(0, 86_400, "seconds that running tasks may go on when asked to stop"),
    "SESSION_IDLE_SECONDS": Bounds(60, 365 * 86_400, "seconds without use until staff log in again"),
}
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class Environment(environ.Env):  # type: ignore[misc]
    """Says which variable is wrong, and what it may be."""

    def int(self, var: str, default: Any = environ.Env.NOTSET) -> Any:
        return self._number(var, int, "a whole number", default)

    def float(self, var: str, default: Any = environ.Env.NOTSET) -> Any:
        return self._number(var, float, "a number", default)

    def bool(self, var: str, default: Any = environ.Env.NOTSET) -> Any:
        text = str(self.ENVIRON.get(var, "")).lower()
        if text.strip() and text not in (*_YES, *_NO):
            raise ImproperlyConfigured(f"{var}: {text!r} is neither yes nor no; write 1 or 0.")
        return super().bool(var, default=default)

    def level(self, var: str, default: str) -> str:
        level = self.str(var, default=default).upper()
        if level not in LEVELS:
            raise ImproperlyConfigured(f"{var}: {level!r} is none of {', '.join(LEVELS)}.")
        return str(level)

    def _number(self, var: str, kind: Callable[[str], Any], called: str, default: Any) -> Any:
        bounds, text = BOUNDS[var], str(self.ENVIRON.get(var, "")).strip()
        if not text:
            return default
        try:
            number = kind(text) if text.isascii() and len(text) <= LONGEST_NUMBER else None
        except ValueError:
            number = None
        # NaN is not between anything.
        if number is None or not bounds.least <= number <= bounds.most:
            raise ImproperlyConfigured(
                f"{var}: {text[:LONGEST_NUMBER]!r} is not {called} from {bounds.least:,} to {bounds.most:,}; "
                f"it means: {bounds.meaning}."
            )
        return number

    def get_value(self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, **kwargs: Any) -> Any:
        text = self.ENVIRON.get(var)
        # NAME= in a file, or of a compose.yaml, is as if it were not there.
        if text is not None and not text.strip() and default is not self.NOTSET:
            return default
        if text and re.fullmatch(r"(['\"]).*\1\s*", text):
            raise ImproperlyConfigured(
                f"{var}: the quotes around it are a part of it, as of a file that `docker --env-file` reads; "
                "write it without"
            )
        # Env takes it for the name of another variable, and a token that begins like that for none.
        if text and text.startswith("$"):
            return self.parse_value(text, cast)
        try:
            return super().get_value(var, cast, default, **kwargs)
        except (ValueError, KeyError) as exc:
            raise ImproperlyConfigured(f"{var}: {exc}") from exc


def read_env_file(env: Environment, path: Path) -> list[str]:
    """Take over what a file says, but for what the environment has; returns the names that it gives.

    A line is NAME=value, a comment or empty: of any other, Env would only write a warning with its text.
    Raises ImproperlyConfigured for that, and for a file that cannot be read.
    """
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "no text in UTF-8"
        raise ImproperlyConfigured(
            f"the file of settings {path}: {reason}; let this user read it, or name another by ENV_FILE"
        ) from exc
    names = []
    for number, line in enumerate(lines, start=1):
        found = re.match(r"#|(?:export )?([A-Za-z_]\w*)=", line)
        if line.strip() and not found:
            raise ImproperlyConfigured(f"{path}, line {number} is not written NAME=value, without spaces.")
        if found and found[1]:
            names.append(found[1])
            # Compose would take it for a comment, and a SQLite file would be another one.
            if re.search(r"\s#", value := line[found.end() :]) and not re.fullmatch(r"'.*'|\".*\"", value):
                raise ImproperlyConfigured(
                    f"{path}, line {number}: {found[1]} has a # behind white space, which is a part of the "
                    "value here; write a comment on a line of its own, or quotes around the value."
                )
    env.read_env(path)
    return names


def is_there(path: Path) -> bool:
    """Whether there is such a file; also one that may not be looked at, which reading it will say."""
    try:
        return path.is_file()
    except PermissionError:
        return True


def given_secret_key(env: Environment) -> str:
    """Empty when none is given. Raises ImproperlyConfigured for one that can be guessed."""
    key: str = env.str("SECRET_KEY", default="")
    guessable = len(key) < SHORTEST_SECRET_KEY or len(set(key)) < FEWEST_CHARACTERS
    if key and (guessable or "change-me" in key or key.startswith("django-insecure")):
        raise ImproperlyConfigured(
            "SECRET_KEY can be guessed; who does is superuser. Make one: "
            'python3 -c "import secrets; print(secrets.token_urlsafe(64))"'
        )
    return key


def given_database(env: Environment, state_dir: Path) -> dict[str, Any]:
    """SQLite in the state folder unless DATABASE_URL names another database."""
    if not env.str("DATABASE_URL", default=""):
        private_folder(state_dir)
    default_url = f"sqlite:///{quote(str(state_dir / 'db.sqlite3'))}"
    database = _parsed_database(env, default_url)
    # Without a name Django would ask for one of its own settings, which nobody has written.
    named = database.get("NAME") or "service" in database.get("OPTIONS", {})
    if database.get("ENGINE") not in DATABASE_ENGINES or not named:
        raise ImproperlyConfigured(
            "DATABASE_URL is no address of a database of PostgreSQL or SQLite; write it like "
            "postgres://user:password@host:5432/name, what is special in the password as %40 and the like"
        )
    if database["ENGINE"] == "django.db.backends.sqlite3":
        # The services of `run` are started in another folder.
        on_disk = database["NAME"] != ":memory:"
        if on_disk:
            database["NAME"] = os.path.abspath(database["NAME"])
        # IMMEDIATE takes the write lock when a transaction opens. The default takes it at
        # the first write, and two clusters then ran 8 of 10 occurrences twice.
        database["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        }
        if on_disk:
            database["OPTIONS"]["factory"] = existing_only(database["NAME"])
        database["TEST"] = {"NAME": str(state_dir / "test.sqlite3")}
    elif database["ENGINE"] == "django.db.backends.postgresql":
        given = database.get("OPTIONS", {})
        _require_known(given)
        database["OPTIONS"] = POSTGRES_PATIENCE | given
    # A connection for each task takes a third of a worker's time and more (docs/decisions/0007).
    database["CONN_MAX_AGE"] = 600
    database["CONN_HEALTH_CHECKS"] = True
    return database


def _require_known(options: Mapping[str, Any]) -> None:
    """Raise for an option that libpq does not know, or a value that it does not take: none would connect."""
    libpqs = {name: value for name, value in options.items() if name not in OPTIONS_OF_OTHERS}
    if not libpqs:
        return
    from psycopg import ProgrammingError, pq
    from psycopg.conninfo import make_conninfo, timeout_from_conninfo

    try:
        make_conninfo(**libpqs)
        timeout_from_conninfo(POSTGRES_PATIENCE | libpqs)
    except ProgrammingError as exc:
        raise ImproperlyConfigured(f"DATABASE_URL, behind its ?: {exc}") from exc
    # Begun towards a socket that is nowhere, so that nobody is asked, and no file of passwords is read.
    nowhere = {"host": "/", "hostaddr": "", "port": 1, "user": "nobody", "password": "none"}
    nowhere["gssencmode"] = "disable"  # a socket of files has no other
    begun = (pq.PGconn.connect_start(make_conninfo(**one).encode()) for one in (nowhere, libpqs | nowhere))
    without, said = (one.get_error_message() for one in begun)
    # Where our environment alone would fail, and the address mends that, the socket is what is not there.
    if said != without and "/.s.PGSQL.1" not in said:
        raise ImproperlyConfigured(f"DATABASE_URL, behind its ?: {said}")


def _parsed_database(env: Environment, default_url: str) -> dict[str, Any]:
    """Empty for what is no address. What the parser says of one holds the password, or a part of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found: dict[str, Any] = env.db_url("DATABASE_URL", default=default_url)
        except (environ.ImproperlyConfigured, KeyError, ValueError):
            return {}
    return found


def given_addresses(text: str) -> list[str]:
    """Addresses between white space or commas, each once; a comma that no address follows is part of one."""
    between = re.compile(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]*://)|\s+")
    return list(dict.fromkeys(one for one in between.split(text) if one))


def given_email(env: Environment) -> dict[str, Any]:
    """The settings that EMAIL_URL is; a server that says nothing is left after ten seconds."""
    try:
        found: dict[str, Any] = env.email_url("EMAIL_URL", default="smtp://localhost:25")
    except (environ.ImproperlyConfigured, KeyError, ValueError) as exc:
        raise ImproperlyConfigured(
            "EMAIL_URL is no way for e-mail; write it like smtp+tls://user:password@host:587"
        ) from exc
    if django.VERSION < (6, 1):
        return found | {"EMAIL_TIMEOUT": EMAIL_TIMEOUT}
    backend = found["EMAIL_BACKEND"]
    options = {option: found[name] for name, option in _SMTP_OPTIONS.items() if found.get(name) is not None}
    return {
        "MAILERS": {
            "default": {
                "BACKEND": backend,
                "OPTIONS": options | {"timeout": EMAIL_TIMEOUT} if ".smtp." in backend else {},
            }
        }
    }
