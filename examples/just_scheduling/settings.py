"""A Django project that runs one job every ten seconds; what is not said here has a default."""

import os
from pathlib import Path

from scheduling.defaults import CLUSTER

SECRET_KEY = os.environ["SECRET_KEY"]
INSTALLED_APPS = ["scheduling", "django_q", "django.contrib.auth", "django.contrib.contenttypes"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DATABASE", Path(__file__).parent / "db.sqlite3"),
        # Whoever claims takes the write lock at once; SQLite's default takes it too late.
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
Q_CLUSTER = {**CLUSTER, "name": "greetings", "redis": REDIS_URL}
SCHEDULED_JOBS = ["jobs.JOBS"]
TASK_MODULES = ["jobs", "scheduling.tasks"]
