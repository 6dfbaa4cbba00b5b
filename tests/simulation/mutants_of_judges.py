"""More safeguards taken away by somebody who had read the engine and none of what tries it."""

from tests.proof.kept import CLAIMING, CLAIMS, EXECUTION, RECOVERY, STATEMENTS
from tests.simulation.mutants_of_operations import CANCELLING
from tests.simulation.mutants_of_policies import CHANGING, PLANNING, RETRYING, TAKEOVER, TURNS, mutant
from tests.simulation.mutants_unseen import AFTERMATH, CADENCE, CRONTAB

OF_JUDGES = (
    mutant(
        "a failed run and the pause that follows are one transaction",
        EXECUTION,
        "has_sequel = state == RunState.FAILED or (",
        "has_sequel = (",
    ),
    mutant(
        "a pause after failures leaves the one that somebody began meanwhile",
        AFTERMATH,
        "if Job.objects.filter(pk=job_id, paused_at=None).update(",
        "if Job.objects.filter(pk=job_id).update(",
    ),
    mutant(
        "the wait for another attempt counts from the end of the last",
        EXECUTION,
        "not_before=database_now() + wait",
        "not_before=claim.started_at + wait",
    ),
    mutant(
        "a lost worker takes no attempt beside its own",
        RECOVERY,
        "run.attempt > len(waits) or losses",
        "run.attempt >= len(waits) or losses",
    ),
    mutant(
        "a release sees who takes the room, also of jobs that have nothing waiting",
        RECOVERY,
        "found |= {run.pk: run for run in rows.filter(of_their_jobs | taking_room())",
        "found |= {run.pk: run for run in rows.filter(of_their_jobs)",
    ),
    mutant(
        "nothing takes over before it is due",
        RECOVERY,
        "if waiting and new.state == RunState.PENDING and new.not_before <= now",
        "if waiting and new.state == RunState.PENDING",
    ),
    mutant(
        "an old run is not begun anew before a live one that has yet to begin",
        RETRYING,
        "    if other is not None:",
        "    if False:",
    ),
    mutant(
        "variants take turns among the runs of one claim",
        CLAIMING,
        "last_variant = _give_parameters(run, last_variant=last_variant)",
        "_give_parameters(run, last_variant=last_variant)",
    ),
    mutant(
        "an occurrence waits for what was asked for and is queued",
        CLAIMING,
        "run.state in (RunState.QUEUED, RunState.RUNNING)  # [OVERLAP-1]",
        "run.state == RunState.RUNNING",
    ),
    mutant(
        "what several known occurrences were to make up for is added up",
        CLAIMING,
        "        missed += planned.missed_before\n",
        "        missed = planned.missed_before\n",
    ),
    mutant(
        "where runs may overlap none takes over",
        TAKEOVER,
        "overlap == Overlap.ALLOW or not all(",
        "not all(",
    ),
    mutant(
        "what was missed counts with the oldest that is made up for, and no other",
        PLANNING,
        "missed_before=0 if position else due.missed)",
        "missed_before=due.missed)",
    ),
    mutant(
        "jitter counts from the occurrence, not from its claim",
        PLANNING,
        "not_before=occurrence + jitter_of",
        "not_before=now + jitter_of",
    ),
    mutant(
        "an occurrence at the very end is one",
        CADENCE,
        "ends_at is not None and following > ends_at)\n    return",
        "ends_at is not None and following >= ends_at)\n    return",
    ),
    mutant(
        "two times in one hole of the clock are one occurrence",
        CRONTAB,
        "if instant > newest:",
        "if instant >= newest:",
    ),
    mutant(
        "the first second after the clock was set may match",
        CRONTAB,
        "(change + _offset(change, zone)).replace(tzinfo=None) - SECOND",
        "(change + _offset(change, zone)).replace(tzinfo=None)",
    ),
    mutant(
        "an occurrence at the very end of a pause runs",
        "scheduling/operations/pausing.py",
        "now=until - timedelta(microseconds=1), until=until)",
        "now=until, until=until)",
    ),
    mutant(
        "one run asked for at a time, also while it is queued",
        CHANGING,
        "job=job, trigger=RunTrigger.OPERATOR, state__in=(RunState.PENDING, RunState.QUEUED)",
        "job=job, trigger=RunTrigger.OPERATOR, state=RunState.PENDING",
    ),
    mutant(
        "what is queued is cancelled too",
        CANCELLING,
        "state__in=(RunState.PENDING, RunState.QUEUED),",
        "state=RunState.PENDING,",
    ),
    mutant(
        "when Redis is back, what is queued is asked for at once",
        "scheduling/engine/doorbell.py",
        "return emptied or came_back",
        "return emptied",
    ),
    mutant(
        "the last worker is left",
        "scheduling/engine/room.py",
        "if self._left < 1:",
        "if self._left < 0:",
    ),
    mutant(
        "a turn is taken by a run that was executed",
        TURNS,
        "attempt__gt=0, finished_at",
        "finished_at",
    ),
    mutant(
        "a condition is asked with the newest success",
        "scheduling/conditions.py",
        '.order_by("-occurrence")',
        '.order_by("occurrence")',
    ),
    mutant(
        "a claim beside an end, whose answer was lost, is given back",
        "scheduling/engine/turnover.py",
        "        if row is None:\n            raise\n        return row",
        "        return row",
    ),
    mutant(
        "a delivery tells the news of all that it stands for",
        "scheduling/engine/courier.py",
        "digest([one for run in runs for one",
        "digest([one for run in [into] for one",
    ),
    mutant(
        "a new interval begins in the past for nobody",
        "scheduling/operations/retiming.py",
        "return max(_after(last, cadence), now)",
        "return _after(last, cadence)",
    ),
    mutant(
        "the fencing of an end as skipped by the task",
        EXECUTION,
        "_end(claim, RunState.SKIPPED, error=reason)",
        "Run.objects.filter(pk=claim.run_id).update(state=RunState.SKIPPED, error=reason, **_ended(claim))",
    ),
    mutant(
        "what waits for its next attempt keeps those behind it waiting",
        RECOVERY,
        "        busy.add(run.job_id)\n",
        "        if run.not_before <= now:\n            busy.add(run.job_id)\n",
    ),
    mutant(
        "a claim begins its own heartbeat",
        STATEMENTS,
        "heartbeat = 0, started_at",
        "started_at",
    ),
    mutant(
        "a claim is given back while it is in force",
        CLAIMS,
        "filter(pk=run_id, owner=owner, state=RunState.RUNNING)",
        "filter(pk=run_id, owner=owner)",
    ),
    mutant(
        "what waits already is not asked for again by a first success",
        AFTERMATH,
        "~Exists(waiting), name__in=needing",
        "name__in=needing",
    ),
)
