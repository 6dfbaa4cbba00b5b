"""Sees every change of the ledger and every task that begins, and holds both to the specification."""

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from scheduling.ledger.lawful import NONE, Look, steps_between
from scheduling.models import ASKED_FOR, Overlap, RunState
from tests.simulation.policies import not_now, of_a_run, of_variants
from tests.simulation.processes import BrokenError, Process, Thread
from tests.simulation.seen import Known, Row, Standing, instant, without_beats
from tests.simulation.world import World

# Seconds.
TOLERANCE = 0.001
ENDED = (RunState.SUCCEEDED, RunState.FAILED, RunState.SKIPPED)
RUNS = """SELECT id, job_id, occurrence, state, owner, attempt, heartbeat, "trigger", missed_before,
    json_array_length(failed_attempts), not_before,
    queued_at, variant FROM scheduling_run ORDER BY id"""
JOBS = """SELECT job.id, schedule.next_run, job.paused_at, job.paused_until FROM scheduling_job job
    JOIN django_q_schedule schedule ON schedule.id = job.schedule_id ORDER BY job.id"""
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
    # Whose process a claim is, and since when.
    owners: dict[str, tuple[Process, float]] = field(default_factory=dict)
    begun: Counter[int] = field(default_factory=Counter)
    begun_by: set[str] = field(default_factory=set)
    version: int = -1
    # How often the ledger has changed, but for heartbeats.
    changes: int = 0

    def began(self, claim: Any) -> None:
        """A task begins. [ONCE-1] [ATTEMPT-1]"""
        process = self._process()
        others = [
            one.name for one in self.world.living() if one.executing and one.executing[0] == claim.run_id
        ]
        process.executing = (claim.run_id, claim.owner)
        self.world.tell(f"{process.name} executes run {claim.run_id}")
        if others:
            raise self._broken("ONCE-1", f"run {claim.run_id} is executed by {others[0]} already")
        row = self.rows.get(claim.run_id)
        if row and self.jobs[row.job].has_condition and not_now(claim.occurrence):
            raise self._broken("POLICY", f"run {claim.run_id} is executed against its condition")
        self.begun[claim.run_id] += 1
        self.begun_by.add(claim.owner)
        most = self.jobs[row.job].attempts if row else self.begun[claim.run_id]
        if self.begun[claim.run_id] > most:
            raise self._broken("ATTEMPT-1", f"run {claim.run_id} is begun more than {most} times")

    def worked(self, claim: Any, *, since: float) -> None:
        """A task has done its work, and was not broken off."""
        row = self.rows.get(claim.run_id)
        limit = self.jobs[row.job].time_limit.total_seconds() if row else math.inf
        if self.world.now - since > limit + TOLERANCE:
            raise self._broken("POLICY", f"run {claim.run_id} works for more than {limit:.0f} s")

    def over(self) -> None:
        self._process().executing = None

    def told(self, run_id: int, *, parts: int) -> None:
        """What a task stored in parts is told with its end. [EFFECT-1]"""
        if parts != PARTS:
            raise self._broken("EFFECT-1", f"run {run_id} is told with {parts} of its {PARTS} parts")

    def idle(self) -> None:
        """A worker waits for a message. [WATCH-1]"""
        process = self._process()
        if process.watchdog_at is not None:
            raise self._broken("WATCH-1", f"{process.name} is idle and its watchdog is set")

    def _process(self) -> Process:
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
        stood, self.standings = self.standings, standings
        self.changes += stood != standings or without_beats(before) != without_beats(rows)
        by = thread.process
        for row in rows.values():
            self._tell(before.get(row.id), row)
            self._of_a_row(before.get(row.id), row, by)
            self._of_a_step(before.get(row.id), row)
            of_a_run(before.get(row.id), row, self.jobs[row.job], latest=self.world.latest)
        for row in before.values():
            if row.id not in rows and row.state != RunState.SKIPPED:
                raise BrokenError("ASK-1", f"run {row.id} was {row.state}, and is there no more")
        of_variants(before, rows, self.jobs)
        self._of_all(rows)
        for standing in standings.values():
            if standing.job in stood and by.kind == "dispatcher":
                self._of_a_claim(stood[standing.job], standing, before)

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
        if by.kind == "operator":
            self._of_an_operator(was, row)
        elif was.state in ENDED and row.state != was.state:
            raise BrokenError("END-1", f"run {row.id} had ended ({was.state}) and is {row.state} again")
        if was.state == RunState.RUNNING and row.state != RunState.RUNNING:
            self._of_what_ran(was, row, by)
            self._of_what_follows(row)
        begins = was.state == RunState.PENDING and row.state == RunState.QUEUED
        if begins and row.trigger in ASKED_FOR and self.standings[row.job].paused:
            raise BrokenError("PAUSE-2", f"run {row.id} was asked for and begins in a pause")

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
        for one in self.world.living("worker"):
            if one.executing == (was.id, was.owner):
                raise BrokenError("RECOVER-1", f"run {was.id} is taken back while {one.name} executes it")

    def _of_what_follows(self, row: Row) -> None:
        follower = self.jobs[row.job].follower
        if row.state != RunState.SUCCEEDED or follower is None or self.standings[follower].paused:
            return
        if all((one.job, one.occurrence) != (follower, row.occurrence) for one in self.rows.values()):
            raise BrokenError("LIVE-1", f"run {row.id} has succeeded, and what follows is not asked for")

    def _of_all(self, rows: dict[int, Row]) -> None:
        """What holds in every state."""
        keys = Counter((row.job, row.occurrence) for row in rows.values())
        twice = [key for key, count in keys.items() if count > 1]
        if twice:
            raise BrokenError("CLAIM-1", f"{twice[0][1]} has two rows")
        effects = dict(self.database.execute(EFFECTS).fetchall())
        under_way: Counter[int] = Counter()
        for row in rows.values():
            under_way[row.job] += row.state in (RunState.QUEUED, RunState.RUNNING)
            due = int(row.state == RunState.SUCCEEDED and self.jobs[row.job].stores)
            if effects.get(row.id, 0) != due:
                raise BrokenError(
                    "EFFECT-1", f"run {row.id} is {row.state}: {effects.get(row.id, 0)} effects"
                )
        for job, count in under_way.items():
            if count > 1 and self.jobs[job].overlap != Overlap.ALLOW:
                raise BrokenError("OVERLAP-1", f"{count} runs of {self.jobs[job].name} are under way")
        for one in self.world.living("worker"):
            if one.executing and one.executing[0] in rows:
                row = rows[one.executing[0]]
                if row.owner == one.executing[1] and row.state in (RunState.PENDING, RunState.QUEUED):
                    raise BrokenError("ONCE-2", f"run {row.id} is {row.state} while {one.name} executes it")

    def _of_a_claim(self, stood: Standing, stands: Standing, before: dict[int, Row]) -> None:
        every = self.jobs[stands.job].every
        if stood.paused and stood.until is None and not stands.paused:
            raise BrokenError("PAUSE-1", f"{self.jobs[stands.job].name} goes on, and was paused for good")
        if stood.paused and stood.until and not stands.paused and instant(stood.until) > self.world.latest:
            raise BrokenError("PAUSE-1", f"{self.jobs[stands.job].name} goes on before {stood.until}")
        if stands.next_run == stood.next_run or stood.next_run is None or every is None:
            return
        if stood.paused:
            if stands.paused:
                raise BrokenError("PAUSE-1", f"{self.jobs[stands.job].name} is claimed while it is paused")
            return  # its pause was over
        if stands.next_run is None or stands.next_run < stood.next_run:
            raise BrokenError("CLAIM-2", f"a claim sets {self.jobs[stands.job].name} back")
        claimed = (instant(stands.next_run) - instant(stood.next_run)) // timedelta(seconds=every)
        ours = [row for row in self.rows.values() if row.job == stands.job]
        there = sum(stood.next_run <= row.occurrence < stands.next_run for row in ours)
        missed = sum(row.missed for row in ours)
        missed -= sum(row.missed for row in before.values() if row.job == stands.job)
        # With rows of its own an occurrence may be counted as missed as well, where a schedule was set back.
        anew = not any(row.job == stands.job and row.occurrence >= stood.next_run for row in before.values())
        if there + missed < claimed or (anew and there + missed > claimed):
            name = self.jobs[stands.job].name
            raise BrokenError("CLAIM-3", f"of {claimed} occurrences of {name} there are {there} + {missed}")


_present: list[Observer] = []


def present() -> Observer:
    """The one of the world that runs now, for its tasks."""
    return _present[-1]


def is_present(watch: Observer | None) -> None:
    _present[:] = [watch] if watch else []
