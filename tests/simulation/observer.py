"""Sees every change of the ledger and every task that begins, and holds both to the specification."""

import math
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from scheduling.engine import turnover
from scheduling.ledger.lawful import NONE, Look, steps_between
from scheduling.models import RunState
from tests.simulation.acted import of_an_act
from tests.simulation.claimed import of_claims
from tests.simulation.invariants import of_all
from tests.simulation.moves import of_a_claim, of_a_standing
from tests.simulation.news import Deliveries, of_what_is_joined
from tests.simulation.people import People
from tests.simulation.policies import (
    not_now,
    of_a_pause,
    of_a_run,
    of_what_is_gone,
)
from tests.simulation.processes import BrokenError, Process, Thread
from tests.simulation.seen import ENDED, JOBS, RUNS, Known, Ledger, Row, Standing, instant, without_beats
from tests.simulation.sequels import of_a_first_success, of_a_success
from tests.simulation.trials import of_a_loss, of_a_takeover, of_a_trial
from tests.simulation.turns import of_releases
from tests.simulation.world import World

# Seconds.
TOLERANCE = 0.001
# How many a task stores before its end, that stores in parts.
PARTS = 2
EFFECTS = "SELECT run_id, count(*) FROM simulation_effect GROUP BY run_id"


@dataclass(slots=True)
class Observer:
    """`jobs` by id. `begun` counts how often the task of a run was begun, `begun_by` under which claims."""

    world: World
    database: Any
    jobs: dict[int, Known]
    rows: dict[int, Row] = field(default_factory=dict)
    standings: dict[int, Standing] = field(default_factory=dict)
    # Before the last step.
    stood: dict[int, Standing] = field(default_factory=dict)
    # Whose process a claim is, and since when.
    owners: dict[str, tuple[Process, float]] = field(default_factory=dict)
    # By claim, when its heartbeat moved last.
    beaten_at: dict[str, float] = field(default_factory=dict)
    begun: Counter[int] = field(default_factory=Counter)
    begun_by: set[str] = field(default_factory=set)
    version: int = -1
    # Whether statements of a transaction may see what others commit meanwhile (PostgreSQL).
    is_shared: bool = False
    # How often the ledger has changed, but for heartbeats.
    changes: int = 0
    # By job and who changed something of it, the step in which he did last.
    changed_at: dict[tuple[int, Process], int] = field(default_factory=dict)
    # For whom a condition was asked, by owner.
    conditioned: set[str] = field(default_factory=set)
    people: People = field(default_factory=People)
    deliveries: Deliveries = field(default_factory=Deliveries)

    def began(self, claim: Any) -> None:
        """A task begins. [ONCE-1] [ATTEMPT-1]"""
        process = self.process()
        others = [
            one.name for one in self.world.living() if one.executing and one.executing[0] == claim.run_id
        ]
        process.executing = (claim.run_id, claim.owner)
        self.world.tell(f"{process.name} executes run {claim.run_id}")
        if others:
            raise self._broken("ONCE-1", f"run {claim.run_id} is executed by {others[0]} already")
        row = self.rows.get(claim.run_id)
        if row and self.jobs[row.job].has_condition:
            if claim.owner not in self.conditioned:
                raise self._broken("POLICY", f"run {claim.run_id} is executed, its condition was not asked")
            if not_now(claim.occurrence):
                raise self._broken("POLICY", f"run {claim.run_id} is executed against its condition")
        self.begun[claim.run_id] += 1
        self.begun_by.add(claim.owner)
        most = self.jobs[row.job].attempts(row.occurrence) if row else self.begun[claim.run_id]
        if self.begun[claim.run_id] > most:
            raise self._broken("ATTEMPT-1", f"run {claim.run_id} is begun more than {most} times")

    def worked(self, claim: Any, *, since: float) -> None:
        """A task has done its work, and was not broken off."""
        row = self.rows.get(claim.run_id)
        limit = self.jobs[row.job].time_limit.total_seconds() if row else math.inf
        if self.world.now - since > limit + TOLERANCE:
            raise self._broken("POLICY", f"run {claim.run_id} works for more than {limit:.0f} s")

    def asked(self, occasion: Any, *, claim: Any) -> None:
        """A condition is asked, and told when the job's newest good run began."""
        self.conditioned.add(claim.owner)
        [job_id] = [job_id for job_id, job in self.jobs.items() if job.name == occasion.job_name]
        good = [row for row in self.rows.values() if row.job == job_id and row.state == RunState.SUCCEEDED]
        newest = max(good, key=lambda row: row.occurrence, default=None)
        began = instant(newest.started_at) if newest and newest.started_at else None
        if occasion.last_success != began:
            raise self._broken("POLICY", f"a condition is told of {occasion.last_success}, not of {began}")

    def kills(self, other: Process) -> None:
        """A dispatcher ends a worker whose task hangs: by a stopwatch, whatever the wall says. [TIME-1]"""
        for row in self.rows.values():
            if row.state != RunState.RUNNING or self.owners[row.owner][0] is not other:
                continue
            worked = self.world.now - self.owners[row.owner][1]
            if worked < self.jobs[row.job].shortest_limit.total_seconds():
                raise self._broken("TIME-1", f"{other.name} is killed after {worked:.1f} s of run {row.id}")

    def over(self) -> None:
        """A task has ended; what it waits for from here on is counted from a clock that is asked now."""
        process = self.process()
        process.executing = process.said = None

    def told(self, run_id: int, *, parts: int) -> None:
        """What a task stored in parts is told with its end. [EFFECT-1]"""
        if parts != PARTS:
            raise self._broken("EFFECT-1", f"run {run_id} is told with {parts} of its {PARTS} parts")

    def done(self, claim: Any, *, since: float) -> None:
        """A task has ended well; within its time limit that cannot become a failure."""
        row = self.rows.get(claim.run_id)
        limit = self.jobs[row.job].shortest_limit.total_seconds() if row else 0.0
        self.process().done = (claim.owner, since + limit)

    def slept(self) -> None:
        """Somebody waits to write the end of a run; who let his lease go is nobody's to end. [WATCH-1]"""
        process = self.process()
        if process.kind == "worker" and process.executing is None and process.watchdog_at is not None:
            raise self._broken("WATCH-1", f"{process.name} waits to write, and its watchdog is set")

    def idle(self) -> None:
        """A worker waits for a message. [WATCH-1] [LIVE-1]"""
        process = self.process()
        process.is_idle = True
        if process.watchdog_at is not None:
            raise self._broken("WATCH-1", f"{process.name} is idle and its watchdog is set")
        if turnover.holds_back():
            raise self._broken("LIVE-1", f"{process.name} is idle and holds the end of a run back")

    def process(self) -> Process:
        assert self.world.current is not None, "told by a process"
        return self.world.current.process

    def _broken(self, rule: str, what: str) -> BrokenError:
        """Raised by the world, too: the code that runs here catches exceptions."""
        self.world._failed = error = BrokenError(rule, what)
        return error

    def look(self, thread: Thread) -> None:
        """What the last step changed."""
        if not self.world.wrote:  # what was written may be there only when its answer was fetched
            return
        (version,) = self.database.execute("PRAGMA data_version").fetchone()
        if version == self.version:
            return
        self.version, self.world.wrote = version, False
        rows = {row[0]: Row(*row) for row in self.database.execute(RUNS)}
        standings = {row[0]: Standing(*row) for row in self.database.execute(JOBS)}
        before, self.rows = self.rows, rows
        self.stood = stood = self.standings
        self.standings = standings
        by = thread.process.stands_for or thread.process
        self.jobs = self.people.look(self.database, self.jobs, (stood, before), (standings, rows), by=by)
        self.changes += stood != standings or without_beats(before) != without_beats(rows)
        for row in rows.values():
            self._tell(before.get(row.id), row)
            self._of_a_row(before.get(row.id), row, by)
            self._of_a_step(before.get(row.id), row)
            self._of_policies(before, row, by)
        for row in before.values():
            if row.id not in rows:
                of_what_is_gone(row, rows.values(), self.jobs[row.job], latest=self.world.latest)
        was, now = Ledger(before, stood), Ledger(rows, standings)
        if by.kind == "dispatcher" and by.said is not None and not self.is_shared:
            of_claims(was, now, self.jobs, at=by.said)
            is_fresh = partial(self.is_undisturbed, by, by.looked_at)
            of_releases(was, now, self.jobs, at=by.said, is_fresh=is_fresh)
        if by.kind == "operator" and not self.is_shared:
            of_an_act(by.act, was, now, self.jobs)
        effects = dict(self.database.execute(EFFECTS).fetchall())
        of_all(rows, self.jobs, self.owners, effects, living=self.world.living("worker"))
        self.deliveries.of_all(rows.values(), self.jobs)
        of_what_is_joined(before, rows)
        for standing in standings.values():
            if standing.job in stood:
                self._of_a_schedule(stood[standing.job], standing, before, by)
        self._remember_changes(before, stood, by)

    def _of_policies(self, before: dict[int, Row], row: Row, by: Process) -> None:
        was, job, standing = before.get(row.id), self.jobs[row.job], self.standings[row.job]
        if row == was:
            return
        if (stood := self.stood.get(row.job)) is not None:
            of_a_claim(was, row, stood, standing)
        of_a_run(was, row, job, latest=self.world.latest, is_paused=standing.paused is not None)
        self.people.of_a_run(was, row, standing)
        if was is not None:
            of_a_trial(was, row, job, by=by, at=self.world.now)
            of_a_takeover(was, row, self.rows, before, job, by=by)
            if was.state == RunState.RUNNING and not self.is_shared:
                of_a_first_success(row, before, self.rows, self.jobs, self.standings)

    def is_undisturbed(self, by: Process, since: int, job_id: int | None = None) -> bool:
        """Whether nobody else has changed anything, or anything of a job, from a step on."""
        others = ((job, at) for (job, who), at in self.changed_at.items() if who is not by)
        return all(at < since or job_id not in (None, job) for job, at in others)

    def _of_a_schedule(self, stood: Standing, stands: Standing, before: dict[int, Row], by: Process) -> None:
        job, rows = self.jobs[stands.job], self.rows
        of_a_standing(stood, stands, job=job, by=by, latest=self.world.latest)
        failed = [
            row
            for row in rows.values()
            if row.job == stands.job and row.state == RunState.FAILED
            if row.id in before and before[row.id].state != row.state
        ]
        is_asked = by.kind == "operator"
        of_a_pause(stood, stands, rows.values(), failed=failed, by_people=is_asked, job=job)

    def _remember_changes(self, before: dict[int, Row], stood: dict[int, Standing], by: Process) -> None:
        changed = {row.job for row in self.rows.values() if before.get(row.id) != row}
        changed |= {row.job for row in before.values() if row.id not in self.rows}
        changed |= {job for job, standing in self.standings.items() if stood.get(job) != standing}
        if by.kind == "operator":  # people set what stands in none of these, such as an end or a cadence
            changed |= self.jobs.keys()
        self.changed_at |= dict.fromkeys(((job, by) for job in changed), self.world.step)

    def _tell(self, was: Row | None, row: Row) -> None:
        if was is None or (was.state, was.attempt) != (row.state, row.attempt):
            old = was.state if was else "new"
            name, at = self.jobs[row.job].name, row.occurrence[11:19]
            self.world.tell(f"run {row.id} ({name} {at}): {old} -> {row.state}, attempt {row.attempt}")

    def _of_a_row(self, was: Row | None, row: Row, by: Process) -> None:
        if was is None or was == row:
            return
        if row.owner != was.owner and row.state == RunState.RUNNING:
            self.owners[row.owner] = (by, self.world.now)
        beats = row.heartbeat != was.heartbeat and row.owner == was.owner
        if beats or row.owner != was.owner:
            self.beaten_at[row.owner] = self.world.now
        if beats and self.owners[row.owner][0] is not by:
            raise BrokenError("FENCE-1", f"{by.name} beats for run {row.id}, which is another's")
        if by.kind == "operator":
            self._of_an_operator(was, row)
        elif was.state in ENDED and row.state != was.state:
            raise BrokenError("END-1", f"run {row.id} had ended ({was.state}) and is {row.state} again")
        if was.state == RunState.RUNNING and row.state != RunState.RUNNING:
            self._of_what_ran(was, row, by)
            of_a_success(row, self.rows, self.jobs, self.standings)
        is_queued = was.state == RunState.PENDING and row.state == RunState.QUEUED
        if is_queued and was.is_held_by_a_pause and self.standings[row.job].paused:
            raise BrokenError("PAUSE-2", f"run {row.id} was asked for and is queued in a pause")

    def _of_a_step(self, was: Row | None, row: Row) -> None:
        """Every change of a row is a step of the model, whatever the rules say of it."""
        look = was.look() if was else Look(state=NONE)
        if not steps_between(look, row.look()):
            raise BrokenError("MODEL", f"run {row.id} goes from {look} to {row.look()}: no step does that")

    def _of_an_operator(self, was: Row, row: Row) -> None:
        if was.state == RunState.RUNNING and row.state != was.state:
            raise BrokenError("ASK-1", f"run {row.id} was under way, and an operator changed it")
        if was.state in ENDED and row.state != was.state:
            if was.state != RunState.FAILED:
                raise BrokenError("END-1", f"run {row.id} was {was.state} and begins anew")
            self.begun[row.id] = 0

    def _of_what_ran(self, was: Row, row: Row, by: Process) -> None:
        if by.kind == "worker" and self.owners[was.owner][0] is not by:
            raise BrokenError("FENCE-1", f"{by.name} ends run {row.id}, which is another's")
        if by.kind != "dispatcher":
            return
        if row.attempt < was.attempt and was.owner in self.begun_by:
            self.begun[row.id] -= 1  # a stop costs no attempt
        owner, beaten_at = self.owners[was.owner][0], self.beaten_at[was.owner]
        of_a_loss(was, row, by=by, owner=owner, stood_for=self.world.now - beaten_at)
        for one in self.world.living("worker"):
            if one.executing == (was.id, was.owner):
                raise BrokenError("RECOVER-1", f"run {was.id} is taken back while {one.name} executes it")


_present: list[Observer] = []


def present() -> Observer:
    """The one of the world that runs now, for its tasks."""
    return _present[-1]


def is_present(watch: Observer | None) -> None:
    _present[:] = [watch] if watch else []
