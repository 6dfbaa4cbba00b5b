"""What people want of schedules as such, and what has to be there when they have got it, reckoned anew."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from scheduling.models import RunState, RunTrigger
from scheduling.modes import DEFAULT_MODE, MODES, JobDeclaration
from tests.simulation.cadences import after_each
from tests.simulation.definitions import Definition
from tests.simulation.processes import BrokenError
from tests.simulation.seen import Row, Standing, instant, stored

LEAST = timedelta(microseconds=1)
WAITING = (RunState.PENDING, RunState.QUEUED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    now: datetime
    mode: str
    reset: bool
    declared: Mapping[str, JobDeclaration]


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Of these, or of a mode's, or of all."""

    now: datetime
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Of what is None nothing is said; `in_admin` writes a cadence and nothing else."""

    now: datetime
    name: str
    seconds: int | None = None
    cron: str | None = None
    time_zone: str = ""
    start: datetime | None = None
    repeats: int | None = None
    time_limit: timedelta | None = None
    says_end: bool = False
    ends_at: datetime | None = None
    in_admin: bool = False

    @property
    def has_cadence(self) -> bool:
        return self.seconds is not None or self.cron is not None


Wish = SetUp | Removal | Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything about schedules and their runs, at one instant."""

    definitions: Mapping[int, Definition]
    standings: Mapping[int, Standing]
    rows: Mapping[int, Row]


def mode_that_is_kept(definitions: Mapping[int, Definition], declared: Mapping[str, JobDeclaration]) -> str:
    """By a set-up that names none: the default where nothing is set up; empty where there are several."""
    ours = [one for one in definitions.values() if one.name in declared]
    modes = {one.mode for one in ours if not one.is_removed} or {one.mode for one in ours}
    if not modes:
        return DEFAULT_MODE
    return modes.pop() if len(modes) == 1 else ""


def wanted_by(wish: Wish, definitions: Mapping[int, Definition]) -> dict[int, Definition]:
    """How each job is defined when that is done."""
    return {job_id: _wanted(wish, one) for job_id, one in definitions.items()}


def _wanted(wish: Wish, was: Definition) -> Definition:
    if isinstance(wish, Removal):
        return _removed(was) if is_meant(wish, was) else was
    if isinstance(wish, SetUp):
        return _set_up(wish, was) if was.name in wish.declared else was
    return _set(wish, was) if was.name == wish.name else was


def is_meant(wish: Removal, one: Definition) -> bool:
    is_one = one.name in wish.names or not wish.names or wish.names == (one.mode,)
    return is_one and not one.is_removed


def _removed(was: Definition) -> Definition:
    return was._replace(
        overrides=frozenset(), seconds=None, cron=None, time_zone="", is_removed=True, after=was.after
    )


def _set_up(wish: SetUp, was: Definition) -> Definition:
    overrides = frozenset() if wish.reset else was.overrides
    mode, declared = MODES[wish.mode], wish.declared[was.name]
    by_mode: dict[str, Any] = {
        "ends_at": None,
        "time_limit": declared.time_limit // LEAST,
        "keep_succeeded": mode.keep_succeeded // LEAST,
        "keep_failed": mode.keep_failed // LEAST,
    }
    said = {field: value for field, value in by_mode.items() if field not in overrides}
    if "cadence" not in overrides or was.is_removed:
        said |= {"after": None, "seconds": declared.every_seconds[wish.mode], "cron": None, "time_zone": ""}
    return was._replace(mode=wish.mode, overrides=overrides, is_removed=False, **said)


def _set(wish: Setting, was: Definition) -> Definition:
    new = was
    if wish.has_cadence:
        new = new._replace(after=None, seconds=wish.seconds, cron=wish.cron, time_zone=wish.time_zone)
    if wish.time_limit is not None:
        new = new._replace(time_limit=wish.time_limit // LEAST)
    if wish.says_end:
        new = new._replace(ends_at=stored(wish.ends_at) if wish.ends_at else None)
    changed = {
        "cadence": wish.in_admin or new.cadence != was.cadence,
        "time_limit": new.time_limit != was.time_limit,
        "ends_at": _ends(new) != _ends(was),
    }
    return new._replace(overrides=was.overrides | {key for key, is_new in changed.items() if is_new})


def _ends(one: Definition) -> datetime | None:
    return instant(one.ends_at) if one.ends_at else None


def of_a_wish(wish: Wish | None, was: Scene, now: Scene) -> None:
    """Of a step of somebody who wants that, or nothing of the kind."""
    if wish is None:
        if now.definitions != was.definitions:
            raise BrokenError("SETUP", f"nobody wants {_difference(was.definitions, now.definitions)}")
        return
    if now == was:
        return
    wanted = wanted_by(wish, was.definitions)
    is_defined, is_wanted = but_for_counts(now.definitions), but_for_counts(wanted)
    if is_defined != is_wanted:
        raise BrokenError("SETUP", f"{_difference(is_wanted, is_defined)}, of what somebody wants at once")
    for row in was.rows.values():
        _of_a_row(wish, row, now.rows.get(row.id), was.definitions[row.job])
    if len(now.rows) > len(was.rows):
        raise BrokenError("SETUP", "a run is there that nobody asked for")
    for job_id, stands in now.standings.items():
        stood, definition = was.standings[job_id], was.definitions[job_id]
        wished = _standing(wish, stood, definition, wanted[job_id], was.rows)
        if _as_instants(stands) != _as_instants(wished):
            raise BrokenError("SETUP", f"{definition.name} stands at {stands}, and not at {wished}")


def but_for_counts(definitions: Mapping[int, Definition]) -> dict[int, Definition]:
    """A count is somebody's wish only where it differs, which stands in the schedule's row. Ends alike."""
    return {
        job_id: one._replace(overrides=one.overrides - {"count"}, ends_at=str(_ends(one)))
        for job_id, one in definitions.items()
    }


def _difference(some: Mapping[int, Definition], others: Mapping[int, Definition]) -> str:
    return "; ".join(
        f"{one.name}: {name} {value} -> {getattr(others[job_id], name)}"
        for job_id, one in some.items()
        for name, value in one._asdict().items()
        if value != getattr(others[job_id], name)
    )


def _of_a_row(wish: Wish, was: Row, row: Row | None, definition: Definition) -> None:
    """A set-up and a setting leave runs alone; of what is removed the waiting end, and all others stay."""
    if row is None:
        raise BrokenError("SETUP", f"run {was.id} is history, and is there no more")
    if isinstance(wish, Removal) and is_meant(wish, definition) and was.state in WAITING:
        if row.state != RunState.SKIPPED:
            raise BrokenError("SETUP", f"run {row.id} is {row.state}, and its schedule is removed")
    elif row != was:
        raise BrokenError("SETUP", f"run {row.id} is {row.state}, was {was.state}, and was to be left alone")


def _as_instants(one: Standing) -> tuple[object, ...]:
    return (one.next_run and instant(one.next_run), *one[2:])


def _standing(
    wish: Wish, stood: Standing, was: Definition, wanted: Definition, rows: Mapping[int, Row]
) -> Standing:
    if isinstance(wish, Removal):
        return stood._replace(next_run=None, repeats=None) if is_meant(wish, was) else stood
    if isinstance(wish, SetUp):
        return _when_set_up(wish, stood, was, wanted) if was.name in wish.declared else stood
    return _when_set(wish, stood, was, wanted, rows) if was.name == wish.name else stood


def _when_set_up(wish: SetUp, stood: Standing, was: Definition, wanted: Definition) -> Standing:
    first = wish.now + timedelta(seconds=wish.declared[was.name].start_after_seconds[wish.mode])
    begins = stood._replace(next_run=stored(first))
    if was.is_removed:
        return begins._replace(repeats=-1)
    # One that is reached stands where somebody set it, and nothing comes.
    is_set, has_cadence = "count" in was.overrides, "cadence" in wanted.overrides
    is_nobodys = stood.repeats == 0 and not is_set and not has_cadence
    left = -1 if (wish.reset and is_set) or is_nobodys else stood.repeats
    keeps = has_cadence or left == 0
    is_as_declared = was.but_for_overrides() == wanted.but_for_overrides() and stood.next_run is not None
    stays = keeps or (is_as_declared and left == stood.repeats)
    return (stood if stays else begins)._replace(repeats=left)


def _when_set(
    wish: Setting, stood: Standing, was: Definition, wanted: Definition, rows: Mapping[int, Row]
) -> Standing:
    if wish.repeats is not None:
        stood = stood._replace(repeats=wish.repeats)
    if wanted.after is not None:  # what follows has no time of its own, whoever says a start
        return stood
    is_over = stood.next_run is None
    first: datetime | None = None
    if wish.start is not None:
        first = wish.start
        if wanted.cron:
            first = next(after_each(wanted.cron, wanted.time_zone, every=0)(wish.start - LEAST))
    elif wish.has_cadence or is_over:
        first = _next_by(wanted, stood, rows, now=wish.now)
    return stood._replace(next_run=stored(first)) if first else stood


def _next_by(wanted: Definition, stood: Standing, rows: Mapping[int, Row], *, now: datetime) -> datetime:
    """An interval after the last occurrence and not before now; without one as it stood, or sooner."""
    by_itself = (RunTrigger.SCHEDULE, RunTrigger.CHAIN)
    ours = (instant(row.occurrence) for row in rows.values() if _is_of(row, wanted.job, by_itself))
    last = max((one for one in ours if one <= now), default=None)
    if wanted.cron:
        after = max(now - LEAST, last) if last else now - LEAST
        return next(after_each(wanted.cron, wanted.time_zone, every=0)(after))
    every = timedelta(seconds=wanted.seconds or 0)
    if last is not None:
        return max(last + every, now)
    return min(max(instant(stood.next_run), now), now + every) if stood.next_run else now


def _is_of(row: Row, job_id: int, triggers: tuple[RunTrigger, ...]) -> bool:
    return row.job == job_id and row.trigger in triggers
