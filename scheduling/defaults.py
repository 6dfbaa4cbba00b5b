"""What a project that uses this app need not say: settings that it reads, and what it wants of django-q2."""

from collections.abc import Mapping
from typing import Any, Final

# For Q_CLUSTER, beside its name and the address of Redis.
CLUSTER: Final[Mapping[str, Any]] = {
    "workers": 2,
    "broker_class": "scheduling.engine.broker.SturdyRedis",
    # Our own dispatcher calls the schedules: django-q2 looks for due ones only every 30 s.
    "scheduler": False,
    # The ledger of runs has a retention of its own; this is only django-q2's own history.
    "save_limit": 250,
    "max_attempts": 1,
    # A task ends itself by the job's own time limit; a limit of django-q2's would kill the
    # worker, and can freeze the pool. None here would make it warn, so: a day.
    "timeout": 86_400,
    "retry": 86_401,
    "queue_limit": 50,
    # Tasks until a worker is replaced, which costs its first runs a second: not within a burst.
    "recycle": 5_000,
}
# In force where the project says nothing; `SCHEDULED_JOBS` and `TASK_MODULES` it has to say.
SETTINGS: Final[Mapping[str, Any]] = {
    "RETENTION_TASKS": ["scheduling.monitoring.alerts.prune_history"],
    "SCHEDULING_CONDITIONS": {},
    "READINESS_CHECKS": {},
    "MONITOR_PANELS": [],
    "COURIER_LANES": {},
    "ALERT_RULES": {
        "broken": "scheduling.monitoring.alert_rules.broken_neighbours",
        "failing": "scheduling.monitoring.alert_rules.failing_jobs",
        "late": "scheduling.monitoring.alert_rules.late_jobs",
        "missed": "scheduling.monitoring.alert_rules.missed_occurrences",
    },
    "METRICS": ["scheduling.monitoring.metrics.scheduling_metrics"],
    "METRICS_TOKEN": "",
    "ALERT_EMAILS": [],
    "ALERT_URLS": [],
    "ALERT_WEBHOOK_URL": "",
    "ALERT_WEBHOOK_SECRET": "",
    "ALERT_REPEAT_SECONDS": 4 * 3600,
    "HEARTBEAT_URL": "",
    "OUTGOING_PROXY": "",
    "HOST_NAME": "",
    "STOP_GRACE_SECONDS": 30.0,
    "SECRET_KEY_IS_GENERATED": False,
    # Only for pages and API, which it has no addresses for unless the project gives them some.
    "API_ENVELOPE": "scheduling.defaults.no_envelope",
    "PUBLIC_TEXT": "scheduling.defaults.whole_text",
}


def no_envelope() -> dict[str, Any]:
    """For replies that are of no particular look at anything."""
    return {}


def whole_text(text: str) -> str:
    """What our own errors say may be read by anybody, where nobody says otherwise."""
    return text
