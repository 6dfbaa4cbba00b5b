"""What `ten_years` asks beside the pages: a fetch, an import, a clean-up, the longest transaction of each."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Min
from django.utils import timezone

from scheduling.ledger.retention import current_retention, prune
from scheduling.models import Run
from tests.validators.histories import HEADER, line
from tests.validators.replies import key
from validators import tasks
from validators.models import Validator
from validators.services.history.importing import import_history

REPEATS: Final = 5
# Of accounts that nobody knew, and of epochs before the copied history: whatever is stored of one is judged
# again with what is new in it.
IMPORTED_EPOCHS: Final = 50
IMPORTED_ACCOUNTS: Final = 2_000
# Of each job so many seconds of the oldest runs, one in ten seconds of them: what a clean-up finds.
CLEANED_SECONDS: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds: by the clock, and of CPU (`spent`) in all of it and in its longest transaction."""

    rows: int
    seconds: float
    cpu: float
    longest: float


def spent() -> float:
    """Seconds of CPU up to now, of this process and of its session of a PostgreSQL on this machine."""
    ours = time.process_time()
    if connection.vendor != "postgresql":
        return ours
    connection.ensure_connection()
    session: Any = connection.connection
    # In nanoseconds.
    return ours + int(Path(f"/proc/{session.info.backend_pid}/schedstat").read_text().split()[0]) / 1e9


def fetches() -> Cost:
    """The cheapest of some fetches of votes."""
    return min((_cost(_fetched) for _ in range(REPEATS)), key=lambda one: one.cpu)


def _fetched() -> int:
    tasks.fetch_validators()
    return Validator.objects.present().count()


def imported() -> Cost:
    """Epochs of which nothing else is stored, of accounts that have left."""
    accounts = [(key(f"imported {number}"), key(f"node {number}")) for number in range(IMPORTED_ACCOUNTS)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.csv"
        with path.open("w") as file:
            file.write(f"{HEADER}\n")
            for epoch in range(IMPORTED_EPOCHS):
                rows = (line(epoch, vote_account=account, identity=node) for account, node in accounts)
                file.writelines(f"{row}\n" for row in rows)
        return _cost(lambda: _imported(path))


def _imported(path: Path) -> int:
    summary = import_history(
        path, imported_at=timezone.now(), on_rejected=print, on_progress=lambda file: None
    )
    return summary.added


def cleaned_up() -> Cost:
    """A clean-up that finds the oldest runs too old, and nothing else."""
    oldest = Run.objects.aggregate(oldest=Min("finished_at"))["oldest"]
    kept = current_retention()
    now = oldest + max(kept.keep_succeeded, kept.keep_failed) + timedelta(seconds=CLEANED_SECONDS)
    return _cost(lambda: sum(prune(now=now, dry_run=False).values()))


def _cost(action: Callable[[], int]) -> Cost:
    with _transactions() as took:
        wall, cpu = time.perf_counter(), spent()
        rows = action()
        wall, cpu = time.perf_counter() - wall, spent() - cpu
    return Cost(rows=rows, seconds=wall, cpu=cpu, longest=max(took, default=0.0))


@contextmanager
def _transactions() -> Iterator[list[float]]:
    """How much CPU each outermost transaction takes from here on."""
    took: list[float] = []
    began: list[float] = []
    enter, leave = transaction.Atomic.__enter__, transaction.Atomic.__exit__

    def entered(atomic: Any) -> None:
        enter(atomic)
        began.append(spent())

    def left(atomic: Any, *error: Any) -> None:
        leave(atomic, *error)
        since = spent() - began.pop()
        if not began:
            took.append(since)

    transaction.Atomic.__enter__, transaction.Atomic.__exit__ = entered, left  # type: ignore[method-assign]
    try:
        yield took
    finally:
        transaction.Atomic.__enter__, transaction.Atomic.__exit__ = enter, leave  # type: ignore[method-assign]
