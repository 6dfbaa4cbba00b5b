"""What a job was at an instant of the past, as far as its journal and its present tell: pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# The keys of `operations.descriptions`, by which a change of policies is written down.
_KEYS = (
    "cadence|next_run|count|ends_at|jitter|overlap|catch_up|catch_up_window|condition|parameters|parameters_b"
    "|stretch_limit|time_limit|max_attempts|backoff|pause_after_failures|keep_succeeded|keep_failed"
    "|keep_newest|counted_from"
)
_KEY = re.compile(rf"(?:^|, )({_KEYS}): ")
_SET_UP = re.compile(
    r"(?P<mode>\w+): (?P<cadence>.*?)(?P<kept> \(kept: .*\))?"
    r"(?:, next run (?P<stood>.*) -> (?P<next_run>.*))?"
)
_RESUMED = re.compile(r"next run (?P<stood>.*) -> .*")
_DURATION = re.compile(r"(?:(-?\d+) days?, )?(\d+):(\d+):(\d+)(?:\.(\d+))?")

# Who changes a job reads the clock, and then waits for who changes it meanwhile: on SQLite so long.
LONGEST_WAIT = timedelta(seconds=20)
# Instead of a cadence, after a job was removed.
NO_CADENCE = "none"
# Instead of a next run, where an older version set one and did not write down which.
SOMEWHERE = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a job's journal."""

    at: datetime
    by: str
    action: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an entry says a thing was before and after it; None where it does not say."""

    at: datetime
    before: str | None
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """No occurrence was asked for from `start` on, up to and with `end`; None while it lasts.

    It was `begun` later than its `start` when something stood unclaimed. `lifted` is when the last change
    was made before it was: a pause with an end is ended at that time, by who looks later.
    """

    start: datetime
    begun: datetime
    end: datetime | None
    lifted: datetime | None
    why: str


class Past:
    """A job's present facts as text, and what each entry of its journal says about before.

    The entries come as they were written, which may be later than what they tell of.
    """

    def __init__(self, present: dict[str, str], entries: Sequence[Entry]) -> None:
        self._present = present
        self._written = tuple(entries)
        in_force = _in_force(entries)
        self.entries = [entry for _, entry in in_force]
        self._said: dict[str, list[Said]] = {}
        for at, entry in in_force:
            for key, before, after in _facts_of(entry):
                self._said.setdefault(key, []).append(Said(at=at, before=before, after=after))

    def said(self, key: str) -> list[Said]:
        """Every change of it, oldest first."""
        return self._said.get(key, [])

    def at(self, key: str, instant: datetime) -> str | None:
        """What it was right after an instant; None when nobody knows."""
        said = self.said(key)
        earlier = [one for one in said if one.at <= instant]
        if earlier:
            return earlier[-1].after
        return said[0].before if said else self._present.get(key)

    def pauses(self, *, paused_at: datetime | None) -> list[Pause]:
        """Oldest first; the last one has no end when the job is paused now."""
        found: list[Pause] = []
        begun: Entry | None = None
        written = {id(entry): place for place, entry in enumerate(self._written)}
        for entry in self.entries:
            if entry.action == "pause":
                begun = begun or entry
            elif entry.action == "resume" and begun is not None:
                # What stood unclaimed when the pause began is not made up for either.
                stood = read_instant(_stood(entry)) or begun.at
                before = self._written[: written[id(entry)]]
                found.append(
                    Pause(
                        start=min(begun.at, stood),
                        begun=begun.at,
                        end=entry.at,
                        lifted=max(one.at for one in before),
                        why=_why_paused(begun),
                    )
                )
                begun = None
        if paused_at is not None:
            why = _why_paused(begun) if begun else "paused"
            since = begun.at if begun else paused_at
            found.append(Pause(start=since, begun=since, end=None, lifted=None, why=why))
        return found


def _in_force(entries: Sequence[Entry]) -> list[tuple[datetime, Entry]]:
    """From when on each was, oldest first; one that waited for another not before that."""
    found: list[tuple[datetime, Entry]] = []
    for entry in entries:
        before = found[-1][0] if found else entry.at
        waited = entry.at < before <= entry.at + LONGEST_WAIT
        found.append((before if waited else entry.at, entry))
    return sorted(found, key=lambda one: one[0])


def read_instant(text: str | None) -> datetime | None:
    """As `str` writes one; None for anything else."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def read_duration(text: str | None) -> timedelta | None:
    """As `str` writes one; None for anything else."""
    matched = _DURATION.fullmatch(text or "")
    if matched is None:
        return None
    days, hours, minutes, seconds, fraction = matched.groups(default="0")
    return timedelta(
        days=int(days),
        hours=int(hours),
        minutes=int(minutes),
        seconds=int(seconds),
        microseconds=int(fraction.ljust(6, "0")),
    )


def _facts_of(entry: Entry) -> list[tuple[str, str | None, str]]:
    """What it says of each key: before, and after."""
    if entry.action == "set":
        return _facts_set(entry.detail)
    if entry.action == "removed":
        return [("cadence", None, NO_CADENCE)]
    matched = _SET_UP.fullmatch(entry.detail) if entry.action in ("created", "changed") else None
    if matched is None:
        return []
    facts: list[tuple[str, str | None, str]] = [("mode", None, matched["mode"])]
    if entry.action == "created" or not matched["kept"]:
        facts += [
            ("cadence", None, matched["cadence"]),
            ("next_run", matched["stood"], matched["next_run"] or SOMEWHERE),
        ]
    return facts


def _facts_set(detail: str) -> list[tuple[str, str | None, str]]:
    """The parts of `cadence: every 10 s -> every 45 s, next_run: …`; values may hold commas of their own."""
    _, *parts = _KEY.split(detail)
    pairs = zip(parts[::2], parts[1::2], strict=True)
    split = [(key, *value.partition(" -> ")) for key, value in pairs]
    return [(key, before, after) for key, before, arrow, after in split if arrow]


def _stood(entry: Entry) -> str | None:
    """Where a schedule stood that moved on when it was resumed."""
    matched = _RESUMED.fullmatch(entry.detail)
    return matched["stood"] if matched else None


def _why_paused(entry: Entry) -> str:
    return f"paused by {entry.by}" + (f": {entry.detail}" if entry.detail else "")
