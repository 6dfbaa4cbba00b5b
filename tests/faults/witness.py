"""Gathers the evidence: watches processes die, and reads what an installation left behind."""

import json
import os
import select
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.faults.checker import ON_TIME, Effect, Evidence, Record, Rule
from tests.faults.replay import unlawful
from tests.faults.site import Site
from tests.faults.traces import JOBS, append_line
from tests.faults.transitions import READ, change_of

LOOK_EVERY_MS = 20

NEXT_RUNS = "SELECT name, next_run FROM django_q_schedule WHERE func LIKE 'tests.faults.%'"
RECORDS = """SELECT j.name, r.occurrence, r.state, r.error, r.missed_before
    FROM scheduling_run r JOIN scheduling_job j ON j.id = r.job_id WHERE j.task LIKE 'tests.faults.%'"""


class DeathWatch(threading.Thread):
    """Adds a line to the effect log when a process that wrote one has died."""

    def __init__(self, log: Path) -> None:
        super().__init__(daemon=True)
        self.log = log
        self.over = threading.Event()

    def run(self) -> None:
        log_position, watched, poll = 0, {}, select.poll()
        seen: set[str] = set()
        while not self.over.is_set():
            lines, log_position = _complete_lines(self.log, log_position)
            for line in lines:
                if line["process"] in seen:
                    continue
                seen.add(line["process"])
                try:
                    descriptor = os.pidfd_open(int(line["process"].rsplit("/", 1)[1]))
                except ProcessLookupError:
                    self._write(line, at=line["at"], clock=line["clock"])
                    continue
                watched[descriptor] = line
                poll.register(descriptor, select.POLLIN)
            for descriptor, _ in poll.poll(LOOK_EVERY_MS):
                self._write(watched.pop(descriptor), at=time.monotonic(), clock=time.time())
                poll.unregister(descriptor)
                os.close(descriptor)

    def _write(self, line: dict[str, Any], *, at: float, clock: float) -> None:
        died = {"at": at, "clock": clock, "what": "died", "job": "", "occurrence": None}
        append_line(self.log, line | died)


def rules(site: Site) -> list[Rule]:
    """When each job is due, as set up and before anything ran."""
    seconds = {job.name: job.every_seconds["test"] for job in JOBS}
    return [
        Rule(job=name, first=_instant(next_run), every=timedelta(seconds=seconds[name]))
        for name, next_run in site.rows(NEXT_RUNS)
    ]


def lines_of(log: Path) -> list[dict[str, Any]]:
    return _complete_lines(log, 0)[0]


def gather(
    site: Site, *, rules: list[Rule], ends_at: datetime, calm_since: datetime, on_time: timedelta = ON_TIME
) -> Evidence:
    lines = lines_of(site.effect_log)
    return Evidence(
        rules=rules,
        effects=[
            Effect(
                at=line["at"],
                clock=datetime.fromtimestamp(line["clock"], UTC),
                what=line["what"],
                process=line["process"],
                job=line["job"],
                occurrence=_instant(line["occurrence"]) if line["occurrence"] else None,
            )
            for line in lines
        ],
        commits=[(job, _instant(occurrence)) for job, occurrence in site.rows("SELECT * FROM faults_effect")],
        records=[
            Record(job=job, occurrence=_instant(occurrence), state=state, reason=error, missed_before=missed)
            for job, occurrence, state, error, missed in site.rows(RECORDS)
        ],
        ends_at=ends_at,
        calm_since=calm_since,
        on_time=on_time,
    )


def unlawful_steps(site: Site, evidence: Evidence) -> list[str]:
    """What the database's own log of the ledger and the effect log do that the model does not; sentences."""
    changes = [change_of(row, instant=_instant, loaded=_loaded) for row in site.rows(READ)]
    assert changes, "the database has logged what became of each run"
    return unlawful(changes, evidence.effects)


def _complete_lines(log: Path, position: int) -> tuple[list[dict[str, Any]], int]:
    """The lines from a position on, and the position after them."""
    if not log.exists():
        return [], position
    with log.open("rb") as file:
        file.seek(position)
        text = file.read()
    end = text.rfind(b"\n") + 1
    return [json.loads(line) for line in text[:end].splitlines()], position + end


def _instant(value: Any) -> datetime:
    """What SQLite keeps as text, PostgreSQL as an instant."""
    instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def _loaded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
