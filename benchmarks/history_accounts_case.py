"""The import of history_accounts on one database, in a process of its own: Django knows one database."""

import json
import os
import resource
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staking_project.settings")
django.setup()

from django.core.management import call_command  # noqa: E402

from validators.services.history.from_chain import Progress, import_from_chain  # noqa: E402
from validators.tasks import fetch_validators  # noqa: E402


def most_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    fetch_validators()
    own = most_mib()
    stored_at = [0.0]

    def note(progress: Progress) -> None:
        stored_at[0] = time.perf_counter()

    began, cpu = time.perf_counter(), time.process_time()
    summary = import_from_chain(on_progress=note)
    ended, cpu_ended = time.perf_counter(), time.process_time()
    import_from_chain()
    found = {
        "accounts": summary.accounts,
        "rows": summary.rows,
        "requests": summary.requests,
        "seconds": ended - began,
        "cpu_seconds": cpu_ended - cpu,
        "asking_seconds": stored_at[0] - began,
        "again": time.perf_counter() - ended,
        "own_mib": own,
        "mib": most_mib(),
    }
    print(json.dumps(found))
