"""Sees what becomes of schedules when people set them up, remove or change them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scheduling.models import RunState, RunTrigger
from tests.simulation.acted import Act
from tests.simulation.definitions import DEFINITIONS, Definition, definitions_of, redefined
from tests.simulation.processes import BrokenError, Process
from tests.simulation.seen import Known, Row, Standing
from tests.simulation.wishes import Scene, Wish, but_for_counts, of_a_wish, wanted_by


@dataclass(slots=True)
class People:
    """`wish` is what somebody wants just now, `wanted` how every job is defined when that is done."""

    definitions: Mapping[int, Definition] = field(default_factory=dict)
    wish: Wish | None = None
    # What somebody does to the runs of one job just now.
    act: Act | None = None
    wanted: Mapping[int, Definition] = field(default_factory=dict)
    # Runs that were under way when their schedule was removed; they may end, and be tried again.
    under_way: set[int] = field(default_factory=set)

    def want(self, wish: Wish) -> None:
        self.wish, self.wanted = wish, wanted_by(wish, self.definitions)

    def end(self) -> None:
        self.wish = None

    def granted(self) -> None:
        """It was done, as they were told. Nobody else defines anything."""
        if but_for_counts(self.definitions) != but_for_counts(self.wanted):
            raise BrokenError("SETUP", f"{self.wish} is done, and is not")

    def look(
        self,
        database: Any,
        jobs: dict[int, Known],
        was: tuple[Any, Any],
        now: tuple[Any, Any],
        *,
        by: Process,
    ) -> dict[int, Known]:
        """At a step of theirs; `was` and `now` are standings and rows. Returns what is known of the jobs."""
        if by.kind != "operator" and self.definitions:
            return jobs
        definitions = definitions_of(database.execute(DEFINITIONS).fetchall())
        before, self.definitions = self.definitions, definitions
        if before:
            self._of_a_step(Scene(definitions=before, standings=was[0], rows=was[1]), now)
        return jobs if definitions == before or not before else redefined(jobs, definitions)

    def _of_a_step(self, was: Scene, now: tuple[Any, Any]) -> None:
        of_a_wish(
            self.wish, was, Scene(definitions=self.definitions, standings=now[0], rows=now[1]), self.wanted
        )
        for row in was.rows.values():
            is_removed = self.definitions[row.job].is_removed
            if is_removed and not was.definitions[row.job].is_removed and row.state == RunState.RUNNING:
                self.under_way.add(row.id)

    def of_a_run(self, was: Row | None, row: Row, standing: Standing) -> None:
        """Of a removed schedule nothing begins any more but what was under way."""
        if not standing.is_removed or row.trigger == RunTrigger.ALERT or row.id in self.under_way:
            return
        if was is None or row.state in (RunState.QUEUED, RunState.RUNNING):
            raise BrokenError("SETUP", f"run {row.id} is {row.state}, and its schedule is removed")
