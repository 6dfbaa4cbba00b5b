"""Whether every occurrence ran as promised, told from what can be seen from outside.

Knows the cadence, what the tasks left behind and what the ledger says became of each
occurrence; knows nothing of how the scheduler works. Pure: lists in, complaints out.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

# After the last fault this long may pass before everything is on time again.
RECOVERY = timedelta(seconds=5)
# What counts as on time, unless the machine is known to be busy.
ON_TIME = timedelta(seconds=1)
# A death is seen this much after it happened (seconds), at most; two living processes at one
# occurrence are told by the tasks themselves.
DEATH_SEEN_AFTER = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A line of the effect log. `at` is the machine's stopwatch in seconds, `clock` the true time.

    `what` is began, ended, broke (an exception ended the attempt), died (its process did) or
    overlapped (the task met another at its occurrence).
    """

    at: float
    clock: datetime
    what: str
    process: str
    job: str = ""
    occurrence: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the ledger says became of an occurrence, and how many before it were missed."""

    job: str
    occurrence: datetime
    state: str
    reason: str = ""
    missed_before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A job is due at `first` and then every `every`, for as long as we looked."""

    job: str
    first: datetime
    every: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything seen of one installation. `commits` is one (job, occurrence) for each stored effect."""

    rules: Sequence[Rule]
    effects: Sequence[Effect]
    commits: Sequence[tuple[str, datetime]]
    records: Sequence[Record]
    ends_at: datetime
    calm_since: datetime
    on_time: timedelta = ON_TIME


@dataclass(slots=True)
class _Attempt:
    job: str
    occurrence: datetime
    process: str
    began_at: float
    started: datetime
    over_at: float | None = None
    over_by: str = ""


def complaints(evidence: Evidence) -> list[str]:
    """One line for each broken promise; empty when all were kept."""
    attempts = _attempts(evidence.effects)
    return [
        *_not_accounted_for(evidence),
        *_not_once(evidence, attempts),
        *_at_the_same_time(evidence, attempts),
        *_never_over(attempts),
        *_late_after_the_storm(evidence, attempts),
    ]


def _attempts(effects: Iterable[Effect]) -> list[_Attempt]:
    attempts: list[_Attempt] = []
    under_way: dict[str, _Attempt] = {}
    for effect in sorted(effects, key=lambda effect: effect.at):
        if effect.what == "began":
            assert effect.occurrence is not None, "whatever begins is for an occurrence"
            attempt = _Attempt(effect.job, effect.occurrence, effect.process, effect.at, effect.clock)
            under_way[effect.process] = attempt
            attempts.append(attempt)
        elif effect.what in ("ended", "broke", "died") and effect.process in under_way:
            attempt = under_way.pop(effect.process)
            attempt.over_at, attempt.over_by = effect.at, effect.what
    return attempts


def _not_accounted_for(evidence: Evidence) -> list[str]:
    """Occurrences that were due and neither ran nor are recorded as skipped, failed or missed."""
    found = []
    for rule in evidence.rules:
        expected = rule.first
        for record in sorted(_of(rule.job, evidence.records), key=lambda record: record.occurrence):
            after_missed = expected + record.missed_before * rule.every
            if record.occurrence != after_missed:
                found.append(
                    f"{rule.job}: after {_at(expected)} comes {_at(record.occurrence)} "
                    f"with {record.missed_before} counted as missed"
                )
            expected = record.occurrence + rule.every
        if expected <= evidence.ends_at:
            found.append(f"{rule.job}: nothing is known of {_at(expected)} and later")
    return found


def _not_once(evidence: Evidence, attempts: Sequence[_Attempt]) -> list[str]:
    """Occurrences whose effect is not there exactly as often as their record says: once, or never."""
    committed = Counter(evidence.commits)
    recorded = {(record.job, record.occurrence): record for record in evidence.records}
    ran = {(attempt.job, attempt.occurrence) for attempt in attempts}
    found = [
        f"{job} {_at(occurrence)}: ran without a record"
        for job, occurrence in sorted((committed.keys() | ran) - recorded.keys())
    ]
    for (job, occurrence), record in recorded.items():
        times, name = committed[job, occurrence], f"{job} {_at(occurrence)}"
        if record.state == "succeeded" and times != 1:
            found.append(f"{name}: succeeded, and its effect is there {times} times")
        elif record.state in ("skipped", "failed") and (times or not record.reason):
            found.append(
                f"{name}: {record.state} for {record.reason!r}, and its effect is there {times} times"
            )
        elif record.state not in ("succeeded", "skipped", "failed"):
            found.append(f"{name}: still {record.state}")
    whole = Counter((attempt.job, attempt.occurrence) for attempt in attempts if attempt.over_by == "ended")
    found += [
        f"{job} {_at(occurrence)}: ran to its end {times} times"
        for (job, occurrence), times in whole.items()
        if times > committed[job, occurrence]
    ]
    return found


def _at_the_same_time(evidence: Evidence, attempts: Sequence[_Attempt]) -> list[str]:
    found = [
        f"{effect.job} {_at(effect.occurrence)}: {effect.process} met another at it"
        for effect in evidence.effects
        if effect.what == "overlapped" and effect.occurrence
    ]
    by_occurrence: dict[tuple[str, datetime], list[_Attempt]] = defaultdict(list)
    for attempt in attempts:
        by_occurrence[attempt.job, attempt.occurrence].append(attempt)
    for (job, occurrence), several in by_occurrence.items():
        for one, next_one in pairwise(several):
            if one.over_at is None:
                continue  # complained about elsewhere
            shared = one.over_at - next_one.began_at - (DEATH_SEEN_AFTER if one.over_by == "died" else 0)
            if shared > 0:
                found.append(
                    f"{job} {_at(occurrence)}: {one.process} and {next_one.process} "
                    f"ran it together for {shared:.3f} s"
                )
    return found


def _never_over(attempts: Iterable[_Attempt]) -> list[str]:
    return [
        f"{attempt.job} {_at(attempt.occurrence)}: {attempt.process} began and neither ended nor died"
        for attempt in attempts
        if attempt.over_at is None
    ]


def _late_after_the_storm(evidence: Evidence, attempts: Iterable[_Attempt]) -> list[str]:
    """Occurrences that were due when everything should have been on time again, and were not."""
    started: dict[tuple[str, datetime], datetime] = {}
    for attempt in attempts:
        started.setdefault((attempt.job, attempt.occurrence), attempt.started)
    found = []
    for record in evidence.records:
        if record.occurrence < evidence.calm_since + RECOVERY or record.occurrence > evidence.ends_at:
            continue
        name, start = f"{record.job} {_at(record.occurrence)}", started.get((record.job, record.occurrence))
        if record.missed_before:
            found.append(f"{name}: {record.missed_before} missed after the storm")
        if start is None:
            found.append(f"{name}: {record.state} after the storm: {record.reason!r}")
        elif start - record.occurrence > evidence.on_time:
            found.append(f"{name}: {(start - record.occurrence).total_seconds():.2f} s late after the storm")
    return found


def _of(job: str, records: Iterable[Record]) -> list[Record]:
    return [record for record in records if record.job == job]


def _at(instant: datetime | None) -> str:
    return instant.astimezone(UTC).strftime("%H:%M:%S") if instant else "-"
