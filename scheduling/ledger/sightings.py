"""What the ledger shows of the newest runs, held to the steps that a run may take.

A row keeps of its run what failed, and how it stands now; looks at it while it is open show more. Bounded: so
many runs, and of each what changed.
"""

from collections.abc import Iterable, Set

from scheduling.ledger.attempts import failed_attempts, retries_of
from scheduling.ledger.lawful import NONE, OPEN, RUNNING, Look, broken_way
from scheduling.models import Run
from scheduling.timing.attempts import MOST_KEPT

# The newest runs whose history is read, and of which each look is taken.
MOST_READ = 2_000
MOST_WATCHED = 500
FIELDS = ("job__name", "occurrence", "state", "attempt", "owner", "heartbeat", "failed_attempts")


def look_at(run: Run) -> Look:
    return Look(
        state=run.state,
        attempt=run.attempt,
        owner=run.owner,
        heartbeat=run.heartbeat,
        failures=len(run.failed_attempts),
    )


class Sightings:
    """Looks at the newest runs, of which those that changed are kept."""

    def __init__(self) -> None:
        self._looks: dict[int, list[Look]] = {}
        self._names: dict[int, str] = {}
        # What is said of those that were open and whose row is gone.
        self._lost: list[str] = []
        # Between two looks; what stood there at the first was no change.
        self.changes = 0
        self._has_looked = False

    def look(self) -> None:
        """Look at them now; those that are no longer among the newest are forgotten."""
        newest = list(_newest(MOST_WATCHED))
        self._lost += self._gone(self._looks.keys() - {run.pk for run in newest})
        self._looks = {run.pk: self._looks.get(run.pk, []) for run in newest}
        for run in newest:
            self._names[run.pk] = str(run)
            looks, now = self._looks[run.pk], look_at(run)
            if not looks or looks[-1] != now:
                looks.append(now)
                self.changes += self._has_looked
        self._has_looked = True
        self._names = {key: self._names[key] for key in self._looks}

    def broken(self) -> list[str]:
        """What nothing leads to, of what was seen and what the newest runs keep of themselves; sentences."""
        runs = {run.pk: run for run in _newest(MOST_READ)}
        found = [
            told
            for key, run in runs.items()
            for looks in (_kept(run), [*self._looks.get(key, []), look_at(run)])
            if (told := _broken(run, looks))
        ]
        return found + self._lost + self._gone(self._looks.keys() - runs.keys())

    def _gone(self, unseen: Set[int]) -> list[str]:
        """Nobody deletes the row of an open run; that of an ended one may be too old."""
        missing = sorted(key for key in unseen if self._looks[key][-1].state in OPEN)
        there = set(Run.objects.filter(pk__in=missing).values_list("pk", flat=True))
        return [
            f"{self._names[key]}: {broken_way([self._looks[key][-1], Look(state=NONE)], retried=False)}"
            for key in missing
            if key not in there
        ]


def count_read() -> int:
    """Of how many runs the history is read."""
    return min(Run.objects.count(), MOST_READ)


def _newest(most: int) -> Iterable[Run]:
    return Run.objects.order_by("-pk").select_related("job").only(*FIELDS)[:most].iterator(chunk_size=500)


def _kept(run: Run) -> list[Look]:
    """A run began with nothing, failed in each attempt that is kept, and stands as it does."""
    failed = failed_attempts(run)
    looks = [
        Look(state=RUNNING, attempt=one.attempt, failures=number if len(failed) < MOST_KEPT else MOST_KEPT)
        for number, one in enumerate(failed)
    ]
    begun = [Look(state=NONE)] if len(failed) < MOST_KEPT else []  # else what came first is not kept
    return [*begun, *looks, look_at(run)]


def _broken(run: Run, looks: list[Look]) -> str:
    """The sentence, if nothing leads there; the journal is asked about a retry only where it would matter."""
    told = broken_way(looks, retried=False)
    if not told or (retries_of(run).exists() and not broken_way(looks, retried=True)):
        return ""
    return f"{run}: {told}"
