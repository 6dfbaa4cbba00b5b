"""Every variable of the environment that the settings read, as `env_example` and the documents tell it.

The defaults are written as one would write them; tests hold them to what the settings do without them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap

WIDTH = 100


@dataclass(frozen=True, slots=True)
class Variable:
    """`default` is empty where there is none, or where `meaning` tells what stands for it."""

    name: str
    default: str
    meaning: str


GROUPS: dict[str, tuple[Variable, ...]] = {
    "The chain": (
        Variable(
            "SOLANA_RPC_URL",
            "",
            "JSON-RPC endpoints, comma-separated, tried in order; without any, `run` brings a simulated "
            "cluster. Strangers read of its name (mine=https://…), else of its number in this list.",
        ),
        Variable("FETCH_DEADLINE_SECONDS", "60", "A whole fetch ends within this."),
        Variable(
            "STAKES_PER_RUN",
            "20",
            "Of how many validators a run asks for the stake accounts, one request of getProgramAccounts "
            "each; 0 asks for none.",
        ),
        Variable(
            "SCORE_METHODS",
            "trust-v3,trust-v2,baseline-v1",
            "Scoring methods that every run computes; the first is the headline one.",
        ),
        Variable(
            "REFIT_SCHEDULE",
            "0",
            "1 refits trust-v3 on this history every twenty days, and uses it if it is better; needs "
            "requirements-fit.txt.",
        ),
        Variable(
            "HISTORY_SCHEDULE",
            "0",
            "1 reads Jito's history from the chain every day, as `import_history --from chain` does.",
        ),
        Variable(
            "WATCHED_VALIDATORS",
            "",
            "Vote accounts whose commission, admission and verdicts open alerts, beside those that "
            "`manage.py watched`, the admin or the API added.",
        ),
        Variable(
            "ASN_DATABASE",
            "",
            "Files that tell of an address its network and country: MMDB (MaxMind, DB-IP, IPinfo) or the TSV "
            "of iptoasn.com, comma-separated; what one does not know the next may. None is shipped.",
        ),
        Variable(
            "RULES_DIR",
            "",
            "A folder of rule sets of your own, TOML files as docs/verdicts.md has them; one of the name of "
            "a shipped set goes before it.",
        ),
        Variable(
            "EVENTS_KEPT_DAYS", "400", "How long what changed about validators is told: /events/, the API."
        ),
    ),
    "Database, Redis, processes": (
        Variable(
            "DATABASE_URL",
            "",
            "postgres://user:password@host/name in production, what is special in a password written as %40; "
            "without it, SQLite in STATE_DIR.",
        ),
        Variable(
            "REDIS_URL",
            "",
            "The bell between dispatcher and workers; without it, the embedded Redis of `run`, else "
            "redis://127.0.0.1:6379/0.",
        ),
        Variable(
            "STATE_DIR",
            "",
            "Where the SQLite file and the generated key are, its owner's alone (0700); without it, var/ of "
            "a checkout, and ~/.local/state/staking-backend (XDG_STATE_HOME) of what pip installed.",
        ),
        Variable(
            "ENV_FILE",
            "",
            "A file like this one, for commands typed by hand; without it, .env beside manage.py "
            "or in STATE_DIR.",
        ),
        Variable("PORT", "8000", "Of the web server of `run`; copies on one machine differ in it."),
        Variable("WORKERS", "2", "Worker processes of each qcluster."),
        Variable("STOP_GRACE_SECONDS", "30", "How long running tasks may finish when a qcluster is stopped."),
        Variable(
            "HOST_NAME",
            "",
            "This host's name in the ledger, which must differ between hosts; without it, the machine's.",
        ),
        Variable("SAVE_LIMIT", "250", "How many successes django-q2 itself keeps; 0 is all, -1 none."),
    ),
    "The site": (
        Variable(
            "SECRET_KEY",
            "",
            "Signs sessions and messages, the same on every host; without it, one is made at "
            "random in STATE_DIR.",
        ),
        Variable(
            "ALLOWED_HOSTS",
            "",
            "The names that the site is reached by; localhost and 127.0.0.1 are always among them.",
        ),
        Variable("CSRF_TRUSTED_ORIGINS", "", "Its addresses with https://, where a proxy stands in front."),
        Variable("HTTPS", "0", "1 behind a TLS proxy: secure cookies, redirects, HSTS of this host."),
        Variable("HSTS_SUBDOMAINS", "0", "1 asks browsers for TLS on every name below this one too."),
        Variable("HSTS_PRELOAD", "0", "1 lets browsers' makers write this name into their lists."),
        Variable(
            "TRUSTED_PROXIES",
            "",
            "Proxies of yours in front: so many words from the end of X-Forwarded-For says who asks; without "
            "it, 1 with HTTPS, else 0.",
        ),
        Variable(
            "RATE_LIMIT",
            "300",
            "What one address may ask for a minute, pages and API: a request is one, and one more for each "
            "20 ms of processor; 0 is no limit.",
        ),
        Variable("API_RATE_LIMIT", "", "The older name of RATE_LIMIT, read where that is not given."),
        Variable(
            "ANSWERS_KEPT_SECONDS",
            "3600",
            "How long an answer for anybody may be given again while the data is the same; 0 makes each "
            "anew. What was changed with SQL, past the program, is told after so long.",
        ),
        Variable(
            "CORS_ORIGINS",
            "*",
            "From which sites a browser may read the API, comma-separated, as in https://wallet.example.org; "
            "a comma alone: from none.",
        ),
        Variable("SESSION_IDLE_SECONDS", "28800", "Staff log in again after so long without use."),
        Variable(
            "METRICS_TOKEN", "", "The bearer token that /metrics wants; without one anybody may read them."
        ),
        Variable("DEBUG", "0", "1 shows the inside of errors to whoever asks; never in production."),
    ),
    "Who is told": (
        Variable("ALERT_EMAILS", "", "Who gets alerts by e-mail, comma-separated."),
        Variable("EMAIL_URL", "smtp://localhost:25", "How e-mail leaves: smtp+tls://user:password@host:587."),
        Variable("DEFAULT_FROM_EMAIL", "staking@localhost", "From whom."),
        Variable("ALERT_WEBHOOK_URL", "", "Where alerts are posted as JSON: https, or on this machine."),
        Variable("ALERT_WEBHOOK_SECRET", "", "What those deliveries are signed with."),
        Variable(
            "ALERT_URLS",
            "",
            "Chats and pagers as apprise writes them, between commas or spaces: slack://…; needs "
            "requirements-alerts.txt.",
        ),
        Variable("ALERT_REPEAT_SECONDS", "14400", "How often an alert that stays open is told again."),
        Variable("HEARTBEAT_URL", "", "Asked every 30 s while all is well, for a dead man's switch outside."),
        Variable(
            "SUBSCRIPTION_NETWORKS",
            "",
            "Networks of yours that events may be sent into (127.0.0.0/8,::1/128 to try it out); else only "
            "to public addresses.",
        ),
        Variable("OUTGOING_PROXY", "", "The proxy for all questions to others; http_proxy is not looked at."),
    ),
    "Logs and traces": (
        Variable("LOG_LEVEL", "INFO", "How much of ours is logged: DEBUG, INFO, WARNING, ERROR, CRITICAL."),
        Variable("DJANGO_Q_LOG_LEVEL", "WARNING", "The same of django-q2."),
        Variable(
            "LOG_FORMAT", "text", "text, or json: one object a line, of a run with its job and attempt."
        ),
        Variable("SENTRY_DSN", "", "Errors of runs go there; `check` says what to install."),
        Variable("OTEL_EXPORTER_OTLP_ENDPOINT", "", "Traces of runs go there; `check` says what to install."),
    ),
}
VARIABLES = {one.name: one for group in GROUPS.values() for one in group}


def example() -> Iterator[str]:
    """The lines of `.env.example`: everything as it is anyway, to be uncommented."""
    yield "# What the environment may say; a line is NAME=value, taken as it stands to its end, quotes"
    yield "# around it apart. Nothing has to be set to try it out. Made by `manage.py env_example`."
    for title, variables in GROUPS.items():
        yield f"\n### {title}"
        for one in variables:
            yield "\n" + "\n".join(f"# {line}" for line in wrap(one.meaning, WIDTH))
            yield f"#{one.name}={one.default}"
