"""When a dispatcher that looks again would find what it found, and do nothing.

Only such looks are left out, and the last before anything happens is none of them. Whatever is not surely
seen in the ledger (who holds a row, the lease of another host, a message that nobody took) is looked at.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from scheduling.models import RunState
from tests.simulation.observer import Observer
from tests.simulation.parts import Redis, running
from tests.simulation.processes import Process
from tests.simulation.seen import ENDED, Row, instant
from tests.simulation.time_passing import FOR_EVER
from tests.simulation.world import World

# Seconds for which a run may be under way before a dispatcher asks whether it should be.
SURELY_IN_TIME = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Who looked, and at what: how often the ledger had changed, and by which clock."""

    by: Process
    changes: int
    at: float
    wrong_by: float


def looking(world: World, watch: Observer) -> Look:
    return Look(by=running(world), changes=watch.changes, at=world.now, wrong_by=world.wrong_by)


def quiet_until(look: Look, watch: Observer, redis: Redis) -> float:
    """The instant before which another look like that finds nothing to do; now if it may."""
    world, now = watch.world, watch.world.now
    is_as_it_was = look.changes == watch.changes and look.wrong_by == world.wrong_by
    away_until = max(redis.away_until, world.cut_off_until.get(look.by.host, 0.0))
    are_reached = redis.has_marker and away_until <= now
    if not is_as_it_was or not are_reached or not all(_is_settled(row, look, watch) for row in _open(watch)):
        return now
    instants = [(instant(at) - world.beginning).total_seconds() for at in _instants(watch)]
    seen_until = look.at + look.wrong_by
    looked_at = (at - world.wrong_by for at in instants if at > seen_until)
    return min((*looked_at, *_overdue_at(watch)), default=FOR_EVER)


def _overdue_at(watch: Observer) -> Iterator[float]:
    """Before which nobody asks whether a run that is under way should still be."""
    for row in _open(watch):
        if row.state == RunState.RUNNING:
            yield watch.owners[row.owner][1] + SURELY_IN_TIME


def _open(watch: Observer) -> list[Row]:
    return [row for row in watch.rows.values() if row.state not in ENDED]


def _is_settled(row: Row, look: Look, watch: Observer) -> bool:
    """Whether there is nothing to be done about that run as it is, as long as nothing changes."""
    if row.state == RunState.RUNNING:
        process, since = watch.owners[row.owner]
        in_time = watch.world.now - since < SURELY_IN_TIME
        return process.alive and process.host == look.by.host and in_time
    if row.state == RunState.QUEUED:
        return False
    waits = (instant(row.not_before) - watch.world.beginning).total_seconds() > look.at + look.wrong_by
    is_held = row.is_held_by_a_pause and watch.standings[row.job].paused is not None
    return waits or is_held or Counter(one.job for one in _open(watch))[row.job] > 1


def _instants(watch: Observer) -> Iterator[str]:
    """At which something may be to be done, by the clock of the wall."""
    for one in watch.standings.values():
        if one.paused and one.until:
            yield one.until
        if one.next_run and not one.paused:
            yield one.next_run
    for row in _open(watch):
        yield row.not_before
