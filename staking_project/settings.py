"""Every setting, from the environment, with defaults that work on a laptop.

The file that ENV_FILE names, or a `.env` beside manage.py (of an installed copy in its state folder), is read
too; what the environment says wins.
"""

from pathlib import Path

from scheduling.defaults import CLUSTER
from staking_project.environment import (
    Environment,
    given_addresses,
    given_database,
    given_email,
    given_secret_key,
    is_there,
    read_env_file,
)
from staking_project.home import CODE, default_env_file, default_state_dir, folder_of
from staking_project.logs import logging_of
from staking_project.state import (
    generated_secret_key,
    keep_from_others,
    named_database,
    queue_name,
    running_copy,
)
from validators.solana.endpoint_names import told_apart

BASE_DIR = CODE


env = Environment()
NAMES_IN_ENV_FILE: list[str] = []
if given := env.str("ENV_FILE", default=""):
    NAMES_IN_ENV_FILE = read_env_file(env, Path(given))
elif is_there(default_env_file()):
    NAMES_IN_ENV_FILE = read_env_file(env, default_env_file())

# What the running project writes: the SQLite file, the generated key, the address of the embedded Redis.
# Absolute, for the services of `run` are started in another folder.
STATE_DIR = Path(env.str("STATE_DIR", default="") or default_state_dir()).absolute()
keep_from_others()

PORT = env.int("PORT", default=8000)
DEBUG = env.bool("DEBUG", default=False)
HTTPS = env.bool("HTTPS", default=False)


SECRET_KEY_IS_GENERATED = not given_secret_key(env)
SECRET_KEY = given_secret_key(env) or generated_secret_key(STATE_DIR)
# Who looks after the process asks from beside it, by no name: health checks, a scrape of /metrics.
_NAMED_HOSTS = [name for one in env.list("ALLOWED_HOSTS", default=[]) if (name := one.strip())]
ALLOWED_HOSTS = [*_NAMED_HOSTS, "localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [origin.strip() for origin in env.list("CSRF_TRUSTED_ORIGINS", default=[])]

# For the files of the API's documentation. As an app it would be a fifth of every command's start.
NINJA = folder_of("ninja")

INSTALLED_APPS = [
    "staking_project",
    # Before django_q, so that `manage.py qcluster` is ours.
    "scheduling",
    "validators",
    "django_q",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "staking_project.front.headers.NoBodyForHead",
    "staking_project.front.headers.SecurityHeaders",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "staking_project.front.static_files.StaticFiles",
    "staking_project.front.cross_origin.ReadingAcrossOrigins",
    "staking_project.front.bounds.Bounds",
    "staking_project.front.throttle.Throttle",
    "staking_project.front.cross_origin.Preflights",
    "staking_project.front.api_manners.ApiHead",
    "staking_project.front.api_manners.ApiProblems",
    "staking_project.front.refusals.NotThisWay",
    "staking_project.front.compression.Compression",
    "staking_project.front.kept.KeptAnswers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "staking_project.front.sessions.IdleSessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "staking_project.front.left_out.WithoutUnreadable",
]

ROOT_URLCONF = "staking_project.urls"
WSGI_APPLICATION = "staking_project.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [NINJA / "templates"],
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


DATABASES = {"default": given_database(env, STATE_DIR)}


_COPY = running_copy(
    STATE_DIR,
    database=named_database(DATABASES["default"]),
    port=PORT,
    port_is_named=bool(env.str("PORT", default="")),
)
REDIS_URL = env.str("REDIS_URL", default="") or _COPY.get("redis_url", "redis://127.0.0.1:6379/0")

Q_CLUSTER = {
    **CLUSTER,
    "name": queue_name(SECRET_KEY),
    "redis": REDIS_URL,
    "workers": env.int("WORKERS", default=2),
    "save_limit": env.int("SAVE_LIMIT", default=250),
    "log_level": env.level("LOG_LEVEL", default="INFO"),
}

# The JSON-RPC endpoints of the cluster, tried in order. Without any, `run` brings a simulated one.
SOLANA_RPC_URLS = told_apart(env.list("SOLANA_RPC_URL", default=[]))
SOLANA_RPC_IS_OUR_OWN = not SOLANA_RPC_URLS
if SOLANA_RPC_IS_OUR_OWN and "rpc_url" in _COPY:
    SOLANA_RPC_URLS = [_COPY["rpc_url"]]
FETCH_DEADLINE_SECONDS = env.float("FETCH_DEADLINE_SECONDS", default=60.0)
# Of how many validators a run asks for the stake accounts, one request each; 0 asks for none.
STAKES_PER_RUN = env.int("STAKES_PER_RUN", default=20)
# The scoring methods that every run computes; the first is the headline one.
SCORE_METHODS = env.list("SCORE_METHODS", default=["trust-v3", "trust-v2", "baseline-v1"])

# Which jobs `scheduler setup` sets up, and what the cleanup task prunes beside the runs.
SCHEDULED_JOBS = ["validators.jobs.JOBS"]
# Whether trust-v3 is fitted to our own history every twenty days, which needs requirements-fit.txt.
if env.bool("REFIT_SCHEDULE", default=False):
    SCHEDULED_JOBS.append("validators.jobs.OPTIONAL")
# Whether the chain's history is read every day, so that it fills what nobody saw.
if env.bool("HISTORY_SCHEDULE", default=False):
    SCHEDULED_JOBS.append("validators.jobs.OF_HISTORY")
# Where tasks are: a job whose row names anything else fails, and nothing of it is imported.
TASK_MODULES = ["scheduling.tasks", "validators.tasks"]
RETENTION_TASKS = [
    "validators.monitoring.retention.prune_history",
    "validators.monitoring.retention.prune_deliveries",
    "validators.monitoring.retention.prune_events",
    # Deletes nothing: what it sums up need not be read again for a list.
    "validators.services.settled_past.sum_up",
    "scheduling.monitoring.alerts.prune_history",
    "staking_project.front.sessions.prune_sessions",
]
# How long what changed about validators is told to those who ask.
EVENTS_KEPT_DAYS = env.int("EVENTS_KEPT_DAYS", default=400)
# What a job may name as its condition: name -> dotted path of a function.
SCHEDULING_CONDITIONS = {
    "new_epoch_only": "validators.monitoring.conditions.new_epoch_only",
    "cluster_healthy": "validators.monitoring.conditions.cluster_healthy",
    "fresh_data": "validators.monitoring.conditions.fresh_data",
}
# What `/readyz` asks beside the schedules: name -> dotted path of a function.
READINESS_CHECKS = {
    "data": "validators.monitoring.readiness.neglected_data",
    "chain": "validators.monitoring.readiness.standing_chain",
    "endpoints": "validators.monitoring.readiness.doubted_endpoints",
    "sources": "validators.monitoring.readiness.silent_sources",
    "networks": "validators.monitoring.networks.unreadable_networks",
}
# Tables that `monitor` and the operations page show beside the schedules.
MONITOR_PANELS = [
    "validators.monitoring.endpoints.endpoints_panel",
    "validators.monitoring.networks.networks_panel",
]
# What is told to strangers beside alerts, each in a process of its own: name -> dotted path of a class.
COURIER_LANES = {"subscriptions": "validators.subscriptions.lane.SubscriptionLane"}
# What is looked out for: name -> dotted path of a function.
# The worst first, as pages show their alerts.
ALERT_RULES = {
    "broken": "scheduling.monitoring.alert_rules.broken_neighbours",
    "failing": "scheduling.monitoring.alert_rules.failing_jobs",
    "late": "scheduling.monitoring.alert_rules.late_jobs",
    "stale": "validators.monitoring.alerts.stale_data",
    "standing": "validators.monitoring.alerts.standing_chain",
    "endpoints": "validators.monitoring.alerts.doubted_endpoints",
    "shrinking": "validators.monitoring.alerts.shrinking_cluster",
    "delinquent": "validators.monitoring.delinquency.delinquent_alert",
    "silent": "validators.monitoring.alerts.silent_sources",
    "networks": "validators.monitoring.networks.networks_alert",
    "missed": "scheduling.monitoring.alert_rules.missed_occurrences",
    "subscriptions": "validators.monitoring.alerts.paused_subscriptions",
    "commission": "validators.monitoring.alerts.commission_jumps",
    "mev_commission": "validators.monitoring.alerts.mev_commission_jumps",
    "verdict": "validators.monitoring.alerts.changed_verdicts",
    "admission": "validators.monitoring.alerts.not_admitted",
}
# What anybody may read of a text of ours, such as why a run failed: dotted path of a function.
PUBLIC_TEXT = "validators.monitoring.endpoints.public_text"
# Who is told of alerts, and how often of one that stays open.
ALERT_EMAILS = env.list("ALERT_EMAILS", default=[])
ALERT_WEBHOOK_URL = env.str("ALERT_WEBHOOK_URL", default="")
ALERT_WEBHOOK_SECRET = env.str("ALERT_WEBHOOK_SECRET", default="")
# Chats and pagers, as apprise writes them: slack://…, discord://…, tgram://…, pagerduty://…, matrixs://…
ALERT_URLS = given_addresses(env.str("ALERT_URLS", default=""))
ALERT_REPEAT_SECONDS = env.int("ALERT_REPEAT_SECONDS", default=4 * 3600)
# Asked while all is well, so that a dead man's switch outside notices when everything is gone.
HEARTBEAT_URL = env.str("HEARTBEAT_URL", default="")
# Reports of errors and traces, for which nothing is installed: see staking_project/telemetry.py.
SENTRY_DSN = env.str("SENTRY_DSN", default="")
OTEL_EXPORTER_OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default="")
# Networks of ours that subscriptions may be delivered into; of others, only public addresses are talked to.
SUBSCRIPTION_NETWORKS = env.list("SUBSCRIPTION_NETWORKS", default=[])
# Vote accounts that alerts are about, beside those that are rows.
WATCHED_VALIDATORS = [key.strip() for key in env.list("WATCHED_VALIDATORS", default=[]) if key.strip()]
# A folder of rule sets of one's own, TOML files as docs/verdicts.md has them, beside those that are shipped.
RULES_DIR = env.str("RULES_DIR", default="")
# Files that tell of an address its network and country: MMDB or the TSV of iptoasn.com. None is shipped.
# `run` makes one up for the simulated cluster.
_MADE_UP = [_COPY.get("asn_database", "")] if SOLANA_RPC_IS_OUR_OWN else []
_NAMED = [name.strip() for name in env.list("ASN_DATABASE", default=_MADE_UP)]
ASN_DATABASE = [str(Path(name).absolute()) for name in _NAMED if name]
# The proxy that all questions to others go through; variables such as http_proxy are not looked at.
OUTGOING_PROXY = env.str("OUTGOING_PROXY", default="")
# How e-mail leaves: smtp://user:password@host:587, smtp+tls://…, consolemail://
vars().update(given_email(env))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="staking@localhost")

# What `/metrics` exposes: dotted paths of functions that yield metrics.
METRICS = [
    "scheduling.monitoring.metrics.scheduling_metrics",
    "validators.monitoring.metrics.validator_metrics",
    "validators.monitoring.subscription_metrics.subscription_metrics",
]
# The bearer token that `/metrics` wants; empty, and anybody may read them.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="").strip()

# Which look at the cluster the API's replies are from: dotted path of a function.
API_ENVELOPE = "validators.reading.picture.envelope"
# What each address may ask for a minute, in units of 20 ms of a processor, a request at least one;
# 0 is no limit. Before pages were counted too, it was API_RATE_LIMIT.
RATE_LIMIT = env.int("RATE_LIMIT", default=env.int("API_RATE_LIMIT", default=300))
# How long an answer for anybody may be given again while the picture is the same; 0 makes each anew.
ANSWERS_KEPT_SECONDS = env.float("ANSWERS_KEPT_SECONDS", default=3_600.0)
# Proxies of our own in front, each of which adds a word to X-Forwarded-For.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=1 if HTTPS else 0)

# From which sites a browser may read the API; * is all. Never with cookies, and never to write.
CORS_ORIGINS = [origin.strip() for origin in env.list("CORS_ORIGINS", default=["*"])]
CORS_ALLOW_ALL_ORIGINS = "*" in CORS_ORIGINS
CORS_ALLOWED_ORIGINS = [origin for origin in CORS_ORIGINS if origin != "*"]
# As it is misread too, so that a page is told what is meant.
CORS_URLS_REGEX = r"(?i)^/+api/+(v1/|openapi(-3\.0)?\.json$)"
CORS_ALLOW_METHODS = ["GET", "HEAD", "OPTIONS"]
CORS_ALLOW_HEADERS = ["accept", "if-none-match"]
CORS_EXPOSE_HEADERS = [
    *("ETag", "Retry-After", "RateLimit", "RateLimit-Policy", "Link", "Deprecation", "Sunset"),
    # Of a list as CSV.
    *("As-Of", "Epoch", "Method", "Version", "Scored-At", "Unknown", "Vote-Account", "Cursor", "More"),
    *("Doubt", "Caps", "Other-Method", "Other-Version", "Other-Scored-At", "Same-Fetch", "Agreement"),
]
# As long as browsers remember it at most.
CORS_PREFLIGHT_MAX_AGE = 86_400

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
STATICFILES_DIRS = [NINJA / "static"]
# Serves static files from the apps' folders, so that there is no collectstatic step to forget.
WHITENOISE_USE_FINDERS = True

AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"
# Seconds without use until staff have to log in again.
SESSION_COOKIE_AGE = env.int("SESSION_IDLE_SECONDS", default=8 * 3600)

# Of this host alone: what else the domain serves is for its owner to say.
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("HSTS_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.bool("HSTS_PRELOAD", default=False)
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    # Asked from beside the process, not through the proxy.
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    # Browsers take cookies of these names from this host alone, over TLS.
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    SECURE_HSTS_SECONDS = 31_536_000
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
else:
    # Each asks for one of the settings above; staking.W006 asks for HTTPS itself.
    SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008", "security.W012", "security.W016"]

LOGGING = logging_of(
    form=env.str("LOG_FORMAT", default="text"),
    level=env.level("LOG_LEVEL", default="INFO"),
    django_q_level=env.level("DJANGO_Q_LOG_LEVEL", default="WARNING"),
    host=HOST_NAME,
)
