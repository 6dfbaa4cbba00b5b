"""Safeguards chosen by a sixth reader: 18 before he had seen what tries the engine, six after the lists."""

from tests.proof.kept import CLAIMING, EXECUTION, LEASE_WATCH, RECOVERY
from tests.simulation.mutants_of_examiners import ROOM
from tests.simulation.mutants_of_people import COURIER
from tests.simulation.mutants_of_policies import CHANGING, PLANNING, mutant
from tests.simulation.mutants_unseen import AFTERMATH, SETTING_UP

OF_READERS = (
    mutant(
        "which runs are open is asked in the transaction of the claim",
        CLAIMING,
        "    with transaction.atomic(savepoint=False):  # [CLAIM-3]\n"
        "        won = _advanced(due)\n        open_runs = _open_runs(won)\n",
        "    open_runs = _open_runs(due)\n    with transaction.atomic(savepoint=False):\n"
        "        won = _advanced(due)\n",
    ),
    mutant(
        "of two that are made up for neither is skipped for the other",
        CLAIMING,
        "made_up_for = len(one.plan.runs) > 1",
        "made_up_for = len(one.plan.runs) > 2",
    ),
    mutant(
        "behind a run under way one waits, and no more",
        CLAIMING,
        "one.job.overlap == Overlap.QUEUE and len(open_here) == 1",
        "one.job.overlap == Overlap.QUEUE and len(open_here) >= 1",
    ),
    mutant(
        "what is late is skipped also where it is the newest of several",
        PLANNING,
        'policies.catch_up == "skip" and late > MISFIRE_GRACE',
        'policies.catch_up == "skip" and late > MISFIRE_GRACE and not missed_before',
    ),
    mutant(
        "what begins anew is not queued in a pause that came after the look",
        RECOVERY,
        '{"job__paused_at": None} if run.is_held_by_a_pause else {}',
        '{"job__paused_at": None} if run.trigger in ("operator", "backfill") else {}',
    ),
    mutant(
        "a waiting run is not queued beside one that is queued",
        RECOVERY,
        "state__in=(RunState.QUEUED, RunState.RUNNING))\n    free",
        "state=RunState.RUNNING)\n    free",
    ),
    mutant(
        "the fencing of an attempt that failed and is not the last",
        EXECUTION,
        "_end(claim, RunState.PENDING, not_before=database_now() + wait, **fields)",
        "Run.objects.filter(pk=claim.run_id, state=RunState.RUNNING).update("
        "state=RunState.PENDING, not_before=database_now() + wait, **fields)",
    ),
    mutant(
        "a success that stores nothing asks for what needs it",
        EXECUTION,
        "if _is_built_upon(claim):",
        "if claim.job_is_followed:",
    ),
    mutant(
        "a first success is not known before it",
        AFTERMATH,
        ".exclude(pk=run_id).exists()",
        ".exists()",
    ),
    mutant(
        "a condition is asked before every attempt",
        EXECUTION,
        "        require_condition(\n",
        "        (require_condition if claim.attempt == 1 else lambda *_, **__: None)(\n",
    ),
    mutant(
        "a run that fails by a lost worker counts among the failures in a row",
        RECOVERY,
        "        if won and ended:\n            follow_failure",
        "        if False:\n            follow_failure",
    ),
    mutant(
        "an attempt that was lost is kept among those that failed",
        RECOVERY,
        "            failed_attempts=with_failed_attempt(run, error=error, now=now),\n        )\n        if",
        "        )\n        if",
    ),
    mutant(
        "a run of another host is not taken back for what the wall clock says",
        RECOVERY,
        "(*lost, *watch.expired(remote))",
        "(*lost, *watch.expired(remote), *(one for one in remote "
        "if now - one.started_at > one.job.time_limit + OVERDUE))",
    ),
    mutant(
        "a queued run is asked for within a minute, however long it has waited",
        RECOVERY,
        "patience = min(max(SILENCE, run.queued_at - run.not_before), LONGEST_SILENCE)",
        "patience = max(SILENCE, run.queued_at - run.not_before)",
    ),
    mutant(
        "a lease is over only where the database took writes meanwhile",
        LEASE_WATCH,
        "return proven and now - seen.since > LEASE",
        "return now - seen.since > LEASE",
    ),
    mutant(
        "a job is paused by as many failures as it says, also where it never ran before",
        AFTERMATH,
        "if newest != [RunState.FAILED] * limit:",
        "if RunState.SUCCEEDED in newest:",
    ),
    mutant(
        "a claim leaves the room to what waits for it already",
        ROOM,
        "filter(taking_room() | waiting)",
        "filter(taking_room())",
    ),
    mutant(
        "a backfill leaves what waits to run",
        CHANGING,
        "if run.state != RunState.SKIPPED]",
        "if run.state not in (RunState.SKIPPED, RunState.PENDING)]",
    ),
    mutant(
        "who changes a job reads it when its row is his",
        CHANGING,
        "    with refused_while_held(name), transaction.atomic():\n        job = job_named(name)\n"
        "        briefly(Job.objects.select_for_update().filter(pk=job.pk)).get()  # [ASK-1]\n"
        "        require_edition(job, expected)\n        yield job_named(name)",
        "    job = job_named(name)\n    with refused_while_held(name), transaction.atomic():\n"
        "        briefly(Job.objects.select_for_update().filter(pk=job.pk)).get()\n"
        "        require_edition(job, expected)\n        yield job",
    ),
    mutant(
        "of a removed schedule what is queued ends",
        SETTING_UP,
        "state__in=(RunState.PENDING, RunState.QUEUED)",
        "state__in=(RunState.PENDING,)",
    ),
    mutant(
        "set-up leaves the next run of a cadence that it keeps",
        SETTING_UP,
        "        schedule.next_run = first_run\n    schedule.save()",
        "    schedule.next_run = first_run\n    schedule.save()",
    ),
    mutant(
        "a delivery that was refused waits for its next attempt",
        COURIER,
        "due = [run for run in runs if run.not_before <= now or run.pk in ahead]",
        "due = list(runs)",
    ),
    mutant(
        "who claims holds the row of the job, not of its schedule alone",
        "scheduling/engine/batches.py",
        'select_for_update(of=("self", "schedule"), no_key',
        'select_for_update(of=("schedule",), no_key',
    ),
    mutant(
        "a statement that the database refused is not sent again",
        "scheduling/engine/prepared.py",
        'if getattr(exc.__cause__, "sqlstate", "") not in _UNKNOWN:\n',
        "if False:\n",
    ),
)
