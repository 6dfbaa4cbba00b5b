"""What each variable of the environment is for: the one place that says so.

By the question that brings somebody here; plain text, so that a file of settings may hold it as a comment.
"""

from collections.abc import Mapping
from typing import Final

MEANINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "Where the data comes from": {
        "SOLANA_RPC_URL": "JSON-RPC endpoints, tried in order. Strangers read of one its name "
        "(mine=https://…), else its number in this list. Name a second one as soon as you rely on the first.",
        "FETCH_DEADLINE_SECONDS": "A whole fetch ends within this. More for a slow endpoint that is right.",
        "OUTGOING_PROXY": "The proxy for all questions to others; http_proxy and ~/.netrc are not looked at.",
    },
    "What is made of it": {
        "SCORE_METHODS": "Scoring methods that every run computes; the first is the headline one.",
        "REFIT_SCHEDULE": "1 fits trust-v3 to this history every twenty days and uses it if it is better; "
        "needs requirements-fit.txt.",
    },
    "Where it is kept": {
        "DATABASE_URL": "postgres://user:password@host/name in production; SQLite is for one host.",
        "STATE_DIR": "Where the SQLite file and the generated key are; its owner's alone (0700).",
        "REDIS_URL": "The bell between dispatcher and workers; nothing is kept there.",
    },
    "Processes": {
        "PORT": "Of run's web server; copies on one machine differ in it.",
        "WORKERS": "Worker processes of each qcluster. More when runs wait while processors are idle.",
        "STOP_GRACE_SECONDS": "How long running tasks may finish when a qcluster is stopped.",
        "HOST_NAME": "This host's name in the ledger; must differ between hosts.",
        "SAVE_LIMIT": "How many successes django-q2 itself keeps; the ledger has a retention of its own.",
    },
    "Who may come in": {
        "SECRET_KEY": "Signs sessions and messages. Set one, the same on every host, in production.",
        "ALLOWED_HOSTS": "The names that the site is reached by.",
        "CSRF_TRUSTED_ORIGINS": "Origins that may send forms, as in https://staking.example.org.",
        "HTTPS": "1 behind a TLS proxy: secure cookies, redirects, HSTS of this host.",
        "HSTS_SUBDOMAINS": "1 extends HSTS to the subdomains; only with HTTPS.",
        "HSTS_PRELOAD": "1 lets browsers ship the name with HSTS; only with HTTPS.",
        "TRUSTED_PROXIES": "Proxies of yours in front; so many words from the end of "
        "X-Forwarded-For says who asks.",
        "SESSION_IDLE_SECONDS": "Staff log in again after so long without use.",
        "METRICS_TOKEN": "The bearer token that /metrics wants; without one anybody may read them.",
        "DEBUG": "Never in production.",
    },
    "How much is answered": {
        "RATE_LIMIT": "What one address may ask for a minute, pages and API: a request is one, and one more "
        "for each 20 ms of processor it takes; 0 is no limit.",
        "API_RATE_LIMIT": "The former name of RATE_LIMIT, read where that is not set.",
        "ANSWERS_KEPT_SECONDS": "How long an answer for anybody may be given again while the data is "
        "the same; 0 makes each anew.",
    },
    "Who is told": {
        "ALERT_EMAILS": "Who gets alerts by e-mail.",
        "EMAIL_URL": "How e-mail leaves: smtp://, smtp+tls://user:password@host:587, consolemail://.",
        "DEFAULT_FROM_EMAIL": "Whom that e-mail is from.",
        "ALERT_WEBHOOK_URL": "Where alerts are posted as JSON: https, or this machine.",
        "ALERT_WEBHOOK_SECRET": "What those are signed with.",
        "ALERT_URLS": "Chats and pagers as apprise writes them (slack://…, tgram://…), between commas or "
        "spaces; needs requirements-alerts.txt.",
        "ALERT_REPEAT_SECONDS": "How often an open alert is told again.",
        "HEARTBEAT_URL": "Asked every 30 s while all is well, for a dead man's switch outside.",
        "WATCHED_VALIDATORS": "Vote accounts whose commission and admission alert.",
    },
    "What is written down": {
        "LOG_LEVEL": "How much is logged.",
        "LOG_FORMAT": "text, or json: one object a line, of a run with its job, run, occurrence and attempt.",
        "DJANGO_Q_LOG_LEVEL": "How much django-q2 logs beside that.",
        "SENTRY_DSN": "Errors of runs go there; check says what to install.",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "Traces of runs go there; check says what to install.",
    },
}
