"""What the environment says, where reading it takes more than a line of settings.py."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import environ
from django.core.exceptions import ImproperlyConfigured

from staking_project.state import private_folder

# Of a SECRET_KEY, and how many different ones it has at least.
SHORTEST_SECRET_KEY = 50
FEWEST_CHARACTERS = 5
DATABASE_ENGINES = ("django.db.backends.sqlite3", "django.db.backends.postgresql")
# A network that swallows everything must not hold a worker for longer than its lease. What
# DATABASE_URL says itself (?connect_timeout=…) goes before.
POSTGRES_PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 3,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 8_000,
}


class Environment(environ.Env):  # type: ignore[misc]
    """Says which variable is wrong."""

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().get_value(var, *args, **kwargs)
        except (ValueError, KeyError) as exc:
            raise ImproperlyConfigured(f"{var}: {exc}") from exc


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
    """SQLite beside the code unless DATABASE_URL names another database."""
    if not env.str("DATABASE_URL", default=""):
        private_folder(state_dir)
    default_url = f"sqlite:///{quote(str(state_dir / 'db.sqlite3'))}"
    database: dict[str, Any] = env.db_url("DATABASE_URL", default=default_url)
    if database.get("ENGINE") not in DATABASE_ENGINES:
        raise ImproperlyConfigured(
            "DATABASE_URL is no address of PostgreSQL or SQLite; write it like "
            "postgres://user:password@host:5432/name"
        )
    if database["ENGINE"] == "django.db.backends.sqlite3":
        # IMMEDIATE takes the write lock when a transaction opens. The default takes it at
        # the first write, and two clusters then ran 8 of 10 occurrences twice.
        database["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        }
        database["TEST"] = {"NAME": str(state_dir / "test.sqlite3")}
    elif database["ENGINE"] == "django.db.backends.postgresql":
        database["OPTIONS"] = POSTGRES_PATIENCE | database.get("OPTIONS", {})
    # A connection for each task takes a third of a worker's time and more (docs/decisions/0007).
    database["CONN_MAX_AGE"] = 600
    database["CONN_HEALTH_CHECKS"] = True
    return database


def given_email(env: Environment) -> dict[str, Any]:
    try:
        settings: dict[str, Any] = env.email_url("EMAIL_URL", default="smtp://localhost:25")
    except (environ.ImproperlyConfigured, KeyError, ValueError) as exc:
        raise ImproperlyConfigured(
            "EMAIL_URL is no way for e-mail; write it like smtp+tls://user:password@host:587"
        ) from exc
    return settings
