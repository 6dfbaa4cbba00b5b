"""Every setting, from the environment, with defaults that work on a laptop.

A `.env` file beside manage.py is read too; what the environment says wins.
"""

import json
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import quote

import environ
from django.core.exceptions import ImproperlyConfigured

from staking_project.logs import logging_of

BASE_DIR = Path(__file__).resolve().parent.parent


class _Environment(environ.Env):  # type: ignore[misc]
    """Says which variable is wrong."""

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().get_value(var, *args, **kwargs)
        except (ValueError, KeyError) as exc:
            raise ImproperlyConfigured(f"{var}: {exc}") from exc


env = _Environment()
if (BASE_DIR / ".env").is_file():
    env.read_env(BASE_DIR / ".env")

# What the running project writes: the SQLite file, the generated key, the address of the embedded Redis.
STATE_DIR = Path(env.str("STATE_DIR", default=str(BASE_DIR / "var")))

PORT = env.int("PORT", default=8000)
DEBUG = env.bool("DEBUG", default=False)
HTTPS = env.bool("HTTPS", default=False)


def _generated_secret_key() -> str:
    """A random key made once per installation and kept where only its owner reads it.

    Django-q signs its messages with it, and those are pickles: a key printed in a
    repository would let whoever reaches Redis run code. Several hosts need one common
    SECRET_KEY; `check --deploy` asks for it.
    """
    path = STATE_DIR / "secret_key"
    STATE_DIR.mkdir(parents=True, exist_ok=True)
    candidate = path.with_name(f"secret_key.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        candidate.touch(mode=0o600)
        candidate.write_text(secrets.token_urlsafe(64))
        try:
            # link() fails when another process was first, so both end with the same key.
            os.link(candidate, path)
        except FileExistsError:
            pass
        finally:
            candidate.unlink()
    return path.read_text()


SECRET_KEY_IS_GENERATED = not env.str("SECRET_KEY", default="")
SECRET_KEY = env.str("SECRET_KEY", default="") or _generated_secret_key()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "staking_project",
    # Before django_q, so that `manage.py qcluster` is ours.
    "scheduling",
    "validators",
    "django_q",
    # For the files of the API's documentation, which it would otherwise load from elsewhere.
    "ninja",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "staking_project.api.ApiHead",
    "staking_project.api.ApiProblems",
]

ROOT_URLCONF = "staking_project.urls"
WSGI_APPLICATION = "staking_project.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]


# A network that swallows everything must not hold a worker for longer than its lease. What
# DATABASE_URL says itself (?connect_timeout=…) goes before.
POSTGRES_PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 3,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 8_000,
}


def _database() -> dict[str, Any]:
    """SQLite beside the code unless DATABASE_URL names another database."""
    STATE_DIR.mkdir(parents=True, exist_ok=True)
    default_url = f"sqlite:///{quote(str(STATE_DIR / 'db.sqlite3'))}"
    database: dict[str, Any] = env.db_url("DATABASE_URL", default=default_url)
    if not database.get("ENGINE"):
        raise ImproperlyConfigured(
            "DATABASE_URL is no database's address; write it like postgres://user:password@host:5432/name"
        )
    if database["ENGINE"] == "django.db.backends.sqlite3":
        # IMMEDIATE takes the write lock when a transaction opens. The default takes it at
        # the first write, and two clusters then ran 8 of 10 occurrences twice.
        database["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        }
        database["TEST"] = {"NAME": str(STATE_DIR / "test.sqlite3")}
    elif database["ENGINE"] == "django.db.backends.postgresql":
        database["OPTIONS"] = POSTGRES_PATIENCE | database.get("OPTIONS", {})
    # A connection for each task takes a third of a worker's time and more (docs/decisions/0007).
    database["CONN_MAX_AGE"] = 600
    database["CONN_HEALTH_CHECKS"] = True
    return database


DATABASES = {"default": _database()}


def _running_copy() -> dict[str, str]:
    """Where the Redis and the simulated cluster of a `manage.py run` are, so that commands in another
    shell find them: of the one that serves this PORT, else of the only one there is."""
    own, others = STATE_DIR / f"run-{PORT}.json", list(STATE_DIR.glob("run-*.json"))
    path = others[0] if len(others) == 1 else own
    try:
        found: dict[str, str] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found


_COPY = _running_copy()
REDIS_URL = env.str("REDIS_URL", default="") or _COPY.get("redis_url", "redis://127.0.0.1:6379/0")

Q_CLUSTER = {
    "name": "staking",
    "redis": REDIS_URL,
    "broker_class": "scheduling.engine.broker.SturdyRedis",
    # Our own dispatcher calls the schedules: django-q2 looks for due ones only every 30 s.
    "scheduler": False,
    "workers": env.int("WORKERS", default=2),
    # The ledger of runs has a retention of its own; this is only django-q2's own history.
    "save_limit": env.int("SAVE_LIMIT", default=250),
    "max_attempts": 1,
    # A task ends itself by the job's own time limit; a limit of django-q2's would kill the
    # worker, and can freeze the pool. None here would make it warn, so: a day.
    "timeout": 86_400,
    "retry": 86_401,
    "queue_limit": 50,
    # Tasks until a worker is replaced, which costs its first runs a second: not within a burst.
    "recycle": 5_000,
    "log_level": env.str("LOG_LEVEL", default="INFO"),
}

# The JSON-RPC endpoints of the cluster, tried in order. Without any, `run` brings a simulated one.
SOLANA_RPC_URLS = env.list("SOLANA_RPC_URL", default=[])
SOLANA_RPC_IS_OUR_OWN = not SOLANA_RPC_URLS
if SOLANA_RPC_IS_OUR_OWN and "rpc_url" in _COPY:
    SOLANA_RPC_URLS = [_COPY["rpc_url"]]
FETCH_DEADLINE_SECONDS = env.float("FETCH_DEADLINE_SECONDS", default=60.0)
# The scoring methods that every run computes; the first is the headline one.
SCORE_METHODS = env.list("SCORE_METHODS", default=["trust-v3", "trust-v2", "baseline-v1"])

# Which jobs `scheduler setup` sets up, and what the cleanup task prunes beside the runs.
SCHEDULED_JOBS = ["validators.jobs.JOBS"]
RETENTION_TASKS = [
    "validators.monitoring.retention.prune_history",
    "scheduling.monitoring.alerts.prune_history",
]
# What a job may name as its condition: name -> dotted path of a function.
SCHEDULING_CONDITIONS = {
    "new_epoch_only": "validators.monitoring.conditions.new_epoch_only",
    "cluster_healthy": "validators.monitoring.conditions.cluster_healthy",
    "fresh_data": "validators.monitoring.conditions.fresh_data",
}
# What `/readyz` asks beside the schedules: name -> dotted path of a function.
READINESS_CHECKS = {
    "data": "validators.monitoring.readiness.stale_data",
    "chain": "validators.monitoring.readiness.standing_chain",
    "endpoints": "validators.monitoring.readiness.doubted_endpoints",
    "sources": "validators.monitoring.readiness.silent_sources",
}
# Tables that `monitor` and the operations page show beside the schedules.
MONITOR_PANELS = ["validators.monitoring.endpoints.endpoints_panel"]
# What is looked out for: name -> dotted path of a function.
ALERT_RULES = {
    "failing": "scheduling.monitoring.alert_rules.failing_jobs",
    "late": "scheduling.monitoring.alert_rules.late_jobs",
    "missed": "scheduling.monitoring.alert_rules.missed_occurrences",
    "stale": "validators.monitoring.alerts.stale_data",
    "standing": "validators.monitoring.alerts.standing_chain",
    "endpoints": "validators.monitoring.alerts.doubted_endpoints",
    "silent": "validators.monitoring.alerts.silent_sources",
    "shrinking": "validators.monitoring.alerts.shrinking_cluster",
    "commission": "validators.monitoring.alerts.commission_jumps",
    "admission": "validators.monitoring.alerts.not_admitted",
}
# Who is told of alerts, and how often of one that stays open.
ALERT_EMAILS = env.list("ALERT_EMAILS", default=[])
ALERT_WEBHOOK_URL = env.str("ALERT_WEBHOOK_URL", default="")
ALERT_WEBHOOK_SECRET = env.str("ALERT_WEBHOOK_SECRET", default="")
ALERT_REPEAT_SECONDS = env.int("ALERT_REPEAT_SECONDS", default=4 * 3600)
# Asked while all is well, so that a dead man's switch outside notices when everything is gone.
HEARTBEAT_URL = env.str("HEARTBEAT_URL", default="")
# Reports of errors and traces, for which nothing is installed: see staking_project/telemetry.py.
SENTRY_DSN = env.str("SENTRY_DSN", default="")
OTEL_EXPORTER_OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default="")
# Vote accounts whose commission is watched.
WATCHED_VALIDATORS = env.list("WATCHED_VALIDATORS", default=[])
# How e-mail leaves: smtp://user:password@host:587, smtp+tls://…, consolemail://
vars().update(env.email_url("EMAIL_URL", default="smtp://localhost:25"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="staking@localhost")
EMAIL_TIMEOUT = 10

# What `/metrics` exposes: dotted paths of functions that yield metrics.
METRICS = [
    "scheduling.monitoring.metrics.scheduling_metrics",
    "validators.monitoring.metrics.validator_metrics",
]

# Which look at the cluster the API's replies are from: dotted path of a function.
API_ENVELOPE = "validators.reading.picture.envelope"
# Requests to the API a minute for each address; 0 is no limit.
API_RATE_LIMIT = env.int("API_RATE_LIMIT", default=300)

# The name of this host in the ledger; two hosts that share a database need two names.
HOST_NAME = env.str("HOST_NAME", default="")
# How long running tasks may finish when a worker process is asked to stop.
STOP_GRACE_SECONDS = env.float("STOP_GRACE_SECONDS", default=30.0)

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
# Times with their seconds: a schedule may be of ten.
FORMAT_MODULE_PATH = ["staking_project.formats"]
LANGUAGE_CODE = "en-us"

STATIC_URL = "static/"
STATIC_ROOT = STATE_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
# Serves static files from the apps' folders, so that there is no collectstatic step to forget.
WHITENOISE_USE_FINDERS = True

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"

if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    # Asked from beside the process, not through the proxy.
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True

LOGGING = logging_of(
    form=env.str("LOG_FORMAT", default="text"),
    level=env.str("LOG_LEVEL", default="INFO"),
    django_q_level=env.str("DJANGO_Q_LOG_LEVEL", default="WARNING"),
    host=HOST_NAME,
)
