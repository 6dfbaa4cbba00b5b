"""What holds in every state of the ledger, whoever led there."""

from collections import Counter
from collections.abc import Mapping, Sequence

from scheduling.models import Overlap, RunState
from tests.simulation.processes import BrokenError, Process
from tests.simulation.seen import Known, Row


def of_all(
    rows: Mapping[int, Row],
    jobs: Mapping[int, Known],
    owners: Mapping[str, tuple[Process, float]],
    effects: Mapping[int, int],
    *,
    living: Sequence[Process],
) -> None:
    """`owners` by claim, `effects` that are stored by run, `living` workers."""
    keys = Counter((row.job, row.occurrence) for row in rows.values())
    twice = [key for key, count in keys.items() if count > 1]
    if twice:
        raise BrokenError("CLAIM-1", f"{twice[0][1]} has two rows")
    under_way: Counter[int] = Counter()
    for row in rows.values():
        under_way[row.job] += row.state in (RunState.QUEUED, RunState.RUNNING)
        if row.state == RunState.RUNNING and (one := owners[row.owner][0]).alive and one.is_idle:
            raise BrokenError("LIVE-1", f"run {row.id} is running, and {one.name} waits for a message")
        due = int(row.state == RunState.SUCCEEDED and jobs[row.job].stores)
        if effects.get(row.id, 0) != due:
            raise BrokenError("EFFECT-1", f"run {row.id} is {row.state}: {effects.get(row.id, 0)} effects")
    for job, count in under_way.items():
        if count > 1 and jobs[job].overlap != Overlap.ALLOW:
            raise BrokenError("OVERLAP-1", f"{count} runs of {jobs[job].name} are under way")
    for one in living:
        if one.executing and one.executing[0] in rows:
            row = rows[one.executing[0]]
            if row.owner == one.executing[1] and row.state not in (RunState.RUNNING, RunState.SUCCEEDED):
                raise BrokenError("ONCE-2", f"run {row.id} is {row.state} while {one.name} executes it")
