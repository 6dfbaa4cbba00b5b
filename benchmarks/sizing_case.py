"""One case of `benchmarks.sizing`, in a process of its own: Django knows one database."""

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.long_history_case import lengthen
from benchmarks.one_case import fetch  # sets Django up

from benchmarks.big_tables import copy, copy_scores, vacuum  # isort: skip
from django.core.management import call_command  # isort: skip

from scheduling.monitoring.database_state import database_size  # isort: skip
from validators.models import ScoringInputs  # isort: skip
from validators.tasks import score_validators  # isort: skip

REPEATS = 3
# Epochs that a fetch stores by itself.
TOLD = 5


def best(action: Callable[[], Any]) -> float:
    """The fewest seconds of the processor that it took."""
    found = []
    for _ in range(REPEATS):
        began = time.process_time()
        action()
        found.append(time.process_time() - began)
    return min(found)


def main(epochs: int, first: str, following: str) -> dict[str, float]:
    call_command("migrate", verbosity=0)
    fetch(first)
    score_validators()
    vacuum()
    small = database_size()
    lengthen(epochs)
    copy_scores(epochs - TOLD)
    copy(ScoringInputs, epochs - TOLD, {"digest": "substr(source.digest, 1, 50) || n"})
    vacuum()
    size = database_size()
    return {
        "bytes": size,
        "bytes_an_epoch": (size - small) / (epochs - TOLD),
        "fetch": best(lambda: fetch(following)),
        "score": best(score_validators),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), *sys.argv[2:])))
