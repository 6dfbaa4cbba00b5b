"""What a claim has to write, reckoned from the ledger that it found: which runs, and in which state.

After the words of the policies (`Overlap`, `CatchUp`, docs/learn/run.md), and not after the engine.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduling.models import ASKED_FOR, OPEN_STATES, Overlap, RunState, RunTrigger
from scheduling.timing.planning import MISFIRE_GRACE, jitter_of
from tests.simulation.jobs import WORKERS
from tests.simulation.moves import due_of
from tests.simulation.processes import BrokenError
from tests.simulation.seen import Known, Ledger, Row, instant, stored
from tests.simulation.turns import UNDER_WAY, first_asked_for, turns_of_asked, waits_for_an_attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Of one job: its runs before and after it by occurrence, and what it moves past, by the instant `at`."""

    job: Known
    before: Mapping[str, Row]
    after: Mapping[str, Row]
    due: Sequence[datetime]
    at: datetime

    @property
    def planned(self) -> Sequence[datetime]:
        """Those that have a run each: the newest, or all of its window; the others count as missed."""
        return [one for one in self.due if self.at - one <= self.job.window] or self.due[-1:]

    @property
    def new(self) -> list[datetime]:
        return [one for one in self.planned if stored(one) not in self.before]

    def is_late(self, occurrence: datetime) -> bool:
        """Too late for a job that makes up for nothing."""
        return not self.job.makes_up and self.at - occurrence > MISFIRE_GRACE


def of_claims(was: Ledger, now: Ledger, jobs: Mapping[int, Known], *, at: datetime) -> None:
    """Of a step that may have claimed of several jobs; it has the one room of those that leave a worker."""
    wanting = 0
    for job_id, stands in now.standings.items():
        stood = was.standings.get(job_id)
        if stood is None or stood.paused or stood.next_run in (None, stands.next_run):
            continue
        before, after = ({row.occurrence: row for row in one.of(job_id)} for one in (was, now))
        due, _ = due_of(stood, jobs[job_id], at=at)
        wanting += _of_one(Claim(job=jobs[job_id], before=before, after=after, due=due, at=at))
    sharing = [row for row in now.rows.values() if jobs[row.job].leaves_a_worker]
    new = [row for row in sharing if row.id not in was.rows and row.state == RunState.QUEUED]
    # Who waits for that room already is not overtaken.
    taken = sum(_takes_room(was.rows[row.id], at=at) for row in sharing if row.id in was.rows)
    room = max(WORKERS - 1 - taken, 0)
    if len(new) > room or len(new) < min(wanting, room):
        raise BrokenError(
            "POLICY", f"{len(new)} of {wanting} are queued at once of those that leave a worker, not {room}"
        )


def _takes_room(row: Row, *, at: datetime) -> bool:
    return row.state in UNDER_WAY or (row.state == RunState.PENDING and instant(row.not_before) <= at)


def _of_one(claim: Claim) -> int:
    """Raises where its runs are others than wanted; returns how many need room to be queued."""
    over = _taken_over(claim)
    for key, row in claim.before.items():
        gives_way = row.state != RunState.FAILED == claim.after[key].state
        if gives_way != (row in over):
            does = "gives way" if gives_way else "does not give way"
            raise BrokenError("POLICY", f"run {row.id} {does} to what is claimed at {claim.at}")
    _of_what_is_missed(claim)
    holds, wanting, wanted = _holds(claim), 0, dict(_wanted(claim, over))
    variant = _last_variant(claim.before.values())
    for key, row in claim.after.items():
        if key not in claim.before and key not in wanted and row.trigger == RunTrigger.SCHEDULE:
            raise BrokenError("POLICY", f"run {row.id} of {key} is claimed, and was to be counted as missed")
    for key, (state, why) in wanted.items():
        if key not in claim.after:
            raise BrokenError("CLAIM-3", f"{claim.job.name} has no run of {key}, which {why}")
        row, states = claim.after[key], {state}
        if state == RunState.QUEUED:
            states = {RunState.PENDING if hold else RunState.QUEUED for hold in holds}
            wanting += claim.job.leaves_a_worker and True not in holds
            states |= {RunState.PENDING} if claim.job.leaves_a_worker else set()
            why += "; what was asked for goes first" if True in holds else ""
        if row.state not in states:
            raise BrokenError("POLICY", f"run {row.id} is claimed as {row.state}, and it {why}")
        variant = _of_its_task(row, claim.job, last=variant)
    return wanting


def _wanted(claim: Claim, over: Sequence[Row]) -> Iterator[tuple[str, tuple[RunState, str]]]:
    """By occurrence the state of each new run, but for what goes before it though it stands behind it."""
    ahead = [row for row in claim.before.values() if row.state in OPEN_STATES and row not in over]
    many, overlap = sum(row.trigger not in ASKED_FOR for row in ahead), claim.job.overlap
    for occurrence in claim.new:
        begins = occurrence + jitter_of(claim.job.name, occurrence, most=claim.job.jitter)
        wanted = RunState.SKIPPED, f"finds {many} before it, and overlap is {overlap}"
        if claim.is_late(occurrence):
            wanted = RunState.SKIPPED, "is late, and nothing is made up for"
        elif not many or overlap == Overlap.ALLOW:
            may_begin = begins <= claim.at
            wanted = (RunState.QUEUED if may_begin else RunState.PENDING), f"may begin from {begins} on"
        elif len(claim.planned) > 1:
            wanted = RunState.PENDING, "is made up for after others"
        elif overlap == Overlap.QUEUE and many == 1:
            wanted = RunState.PENDING, "waits behind one"
        many += wanted[0] in OPEN_STATES
        yield stored(occurrence), wanted


def _taken_over(claim: Claim) -> list[Row]:
    """A newer one ends what waits for another attempt, if nothing else is in its way."""
    begin = [one for one in claim.new if not claim.is_late(one)]
    if not begin or claim.job.overlap == Overlap.ALLOW:
        return []
    tried = [
        row
        for row in claim.before.values()
        if row.state in OPEN_STATES
        and (row.trigger not in ASKED_FOR or (row.trigger == RunTrigger.OPERATOR and row.attempt > 0))
    ]
    give_way = all(
        instant(row.occurrence) < begin[-1] and waits_for_an_attempt(row, now=claim.at) for row in tried
    )
    return tried if give_way else []


def _holds(claim: Claim) -> set[bool]:
    """Whether new ones wait for what was asked for: under way, or in its turn; both, if nobody can say."""
    ours = claim.before.values()
    if claim.job.overlap == Overlap.ALLOW:
        return {False}
    if any(row.trigger in ASKED_FOR and row.state in UNDER_WAY for row in ours):
        return {True}
    if first_asked_for(ours, now=claim.at) is None:
        return {False}
    return turns_of_asked(claim.after.values())


def _of_what_is_missed(claim: Claim) -> None:
    """What has no run counts with the first new one, or with the newest, which has one already. [CLAIM-3]"""
    many = len(claim.due) - len(claim.planned)
    counting = [*claim.new, *claim.planned[-1:]][:1]
    for key, row in claim.after.items():
        was = claim.before[key].missed if key in claim.before else 0
        counts = many if many and key == stored(counting[0]) else 0
        if row.missed != was + counts and (key in claim.before or row.trigger == RunTrigger.SCHEDULE):
            raise BrokenError(
                "CLAIM-3", f"run {row.id} stands for {row.missed} missed, and not {was + counts}"
            )


def _last_variant(rows: Iterable[Row]) -> str:
    seen = [row for row in rows if row.variant]
    return max(seen, key=lambda row: row.occurrence).variant if seen else ""


def _of_its_task(row: Row, job: Known, *, last: str) -> str:
    """Variants take turns, and jitter is that of the occurrence; returns the variant."""
    waits, own = instant(row.not_before) - instant(row.occurrence), instant(row.occurrence)
    if waits != jitter_of(job.name, own, most=job.jitter) or not timedelta(0) <= waits <= job.jitter:
        raise BrokenError("POLICY", f"run {row.id} waits {waits}; the jitter of {job.name} is {job.jitter}")
    wanted = ("b" if last == "a" else "a") if job.has_variants else ""
    if row.variant != wanted:
        raise BrokenError("POLICY", f"run {row.id} is of variant {row.variant!r}, and not {wanted!r}")
    return row.variant
