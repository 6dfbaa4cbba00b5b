"""Sees what becomes of schedules when people set them up, remove or change them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from scheduling.models import RunState, RunTrigger
from tests.simulation.definitions import DEFINITIONS, Definition, definitions_of, redefined
from tests.simulation.processes import BrokenError, Process
from tests.simulation.seen import Known, Row, Standing
from tests.simulation.wishes import Scene, Wish, but_for_counts, of_a_wish, wanted_by


@dataclass(slots=True)
class People:
    """How every job is defined, and how often each of them has changed that."""

    definitions: Mapping[int, Definition] = field(default_factory=dict)
    changed_by: Counter[str] = field(default_factory=Counter)
    # Runs that were under way when their schedule was removed; they may end, and be tried again.
    under_way: set[int] = field(default_factory=set)

    @contextmanager
    def want(self, wish: Wish, by: Process) -> Iterator[None]:
        """What is done within, without an error, is to be done then, unless another one defines something."""
        wanted, others = wanted_by(wish, self.definitions), self._changed_by_others(by)
        by.wish = wish
        try:
            yield
            if others != self._changed_by_others(by):
                return
            if but_for_counts(self.definitions) != but_for_counts(wanted):
                raise BrokenError("SETUP", f"{wish} is done, and is not")
        finally:
            by.wish = None

    def _changed_by_others(self, by: Process) -> int:
        return self.changed_by.total() - self.changed_by[by.name]

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
            self.changed_by[by.name] += definitions != before
            self._of_a_step(by.wish, Scene(definitions=before, standings=was[0], rows=was[1]), now)
        return jobs if definitions == before or not before else redefined(jobs, definitions)

    def _of_a_step(self, wish: Wish | None, was: Scene, now: tuple[Any, Any]) -> None:
        of_a_wish(wish, was, Scene(definitions=self.definitions, standings=now[0], rows=now[1]))
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
