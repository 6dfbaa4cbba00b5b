"""Safeguards chosen from specification and engine by who had seen nothing of what tries them."""

from tests.simulation.mutants_of_policies import mutant

ENGINE, OPERATIONS = "scheduling/engine/", "scheduling/operations/"

OF_STRANGERS = (
    mutant(
        "a stopped pool gives back only what is still its own",
        ENGINE + "recovery.py",
        "and Run.objects.filter(pk=run.pk, owner=run.owner, state=RunState.RUNNING).update(  # [FENCE-2]",
        "and Run.objects.filter(pk=run.pk, state=RunState.RUNNING).update(  # [FENCE-2]",
    ),
    mutant(
        "a claim that came to nothing is given back only while it runs",
        ENGINE + "claims.py",
        "Run.objects.filter(pk=run_id, owner=owner, state=RunState.RUNNING).update(  # [FENCE-2]",
        "Run.objects.filter(pk=run_id, owner=owner).update(",
    ),
    mutant(
        "a take-over is of the attempt and the wait that were seen",
        ENGINE + "takeover.py",
        "            attempt=run.attempt,\n            not_before=run.not_before,\n        ).update(",
        "        ).update(",
    ),
    mutant(
        "a release asks what is under way when the row of the job is its own",
        ENGINE + "recovery.py",
        "    with transaction.atomic():\n"
        '        Job.objects.select_for_update(no_key=True).only("pk").get(pk=run.job_id)'
        "  # [OVERLAP-1] [PAUSE-2]\n"
        "        return bool(pending.filter(free).update(**queued))  # [OVERLAP-1]",
        "    if run.job.overlap != Overlap.ALLOW and under_way.exists():\n"
        "        return False\n"
        "    with transaction.atomic():\n"
        '        Job.objects.select_for_update(no_key=True).only("pk").get(pk=run.job_id)\n'
        "        return bool(pending.update(**queued))",
    ),
    mutant(
        "a heartbeat that failed does not put the surrender off",
        ENGINE + "leases.py",
        "    except DatabaseError:\n        connection.close()\n        return True\n",
        "    except DatabaseError:\n        connection.close()\n        held = True\n",
    ),
    mutant(
        "a run that somebody retries has no losses", OPERATIONS + "retrying.py", "            losses=0,\n", ""
    ),
    mutant(
        "the loss of the last attempt ends the run",
        ENGINE + "recovery.py",
        "    ended = run.attempt > len(waits) or losses >= MOST_LOSSES  # [ATTEMPT-1]",
        "    ended = run.attempt > len(waits) + 1 or losses >= MOST_LOSSES  # [ATTEMPT-1]",
    ),
    mutant(
        "a stopped pool leaves alone what others of its host do",
        ENGINE + "recovery.py",
        "        and not _process_lives(run)\n",
        "",
    ),
    mutant(
        "a backfill takes nothing that is open",
        OPERATIONS + "changing.py",
        "if run.state != RunState.SKIPPED]  # [ASK-1]",
        "if run.state in (RunState.SUCCEEDED, RunState.FAILED)]  # [ASK-1]",
    ),
    mutant(
        "an occurrence sees that what was asked for is queued",
        ENGINE + "claiming.py",
        "if run.trigger in ASKED_FOR and run.state in (RunState.QUEUED, RunState.RUNNING)  # [OVERLAP-1]",
        "if run.trigger in ASKED_FOR and run.state == RunState.RUNNING",
    ),
    mutant(
        "no retry beside a run that waits to begin",
        OPERATIONS + "retrying.py",
        "unbegun = Run.objects.filter(job=job, attempt=0, state__in=(RunState.PENDING, RunState.QUEUED))",
        "unbegun = Run.objects.filter(job=job, attempt=0, state=RunState.QUEUED)",
    ),
    mutant(
        "a Redis that is back may have lost what was in it",
        ENGINE + "doorbell.py",
        "        return emptied or came_back\n",
        "        return emptied\n",
    ),
    mutant(
        "a message takes only what is queued",
        ENGINE + "statements.py",
        "WHERE id = %(run)s AND state = 'queued' AND {briefly}",
        "WHERE id = %(run)s AND state IN ('queued', 'pending') AND {briefly}",
    ),
    mutant(
        "what waits of a removed schedule ends also in the ledger",
        OPERATIONS + "setting_up.py",
        "    Run.objects.filter(job=job, state__in=(RunState.PENDING, RunState.QUEUED)).update(\n",
        "    Run.objects.filter(job=job, state=RunState.QUEUED).update(\n",
    ),
    mutant(
        "a condition is told of a success, not of a skip",
        "scheduling/conditions.py",
        'successes = Run.objects.filter(job=job_id, state=RunState.SUCCEEDED).order_by("-occurrence")',
        "successes = Run.objects.filter(\n"
        "        job=job_id, state__in=(RunState.SUCCEEDED, RunState.SKIPPED)\n"
        '    ).order_by("-occurrence")',
    ),
    mutant(
        "what is late is skipped by its lateness",
        "scheduling/timing/planning.py",
        'misfired = policies.catch_up == "skip" and late > MISFIRE_GRACE',
        'misfired = policies.catch_up == "skip" and missed_before > 0',
    ),
    mutant(
        "what a task stores is committed with its end",
        ENGINE + "execution.py",
        "            result = write()\n"
        "            _end(claim, RunState.SUCCEEDED, result=keepable(result))\n"
        "            return result\n",
        "            result = write()\n"
        "        _end(claim, RunState.SUCCEEDED, result=keepable(result))\n"
        "        return result\n",
    ),
    mutant(
        "what follows a success is asked for with its end",
        ENGINE + "execution.py",
        "state == RunState.FAILED or (state == RunState.SUCCEEDED and _is_built_upon(claim))\n",
        "state == RunState.FAILED\n",
    ),
    mutant(
        "the end of a pause ends the one that was seen",
        OPERATIONS + "changing.py",
        "        if until is not None and job.paused_until != until:\n",
        "        if until is not None and job.paused_until is None:\n",
    ),
    mutant(
        "what is cancelled is asked for when the rows are held",
        OPERATIONS + "cancelling.py",
        "    with refused_while_held(name), transaction.atomic():\n"
        "        job = job_named(name)\n"
        "        briefly(Job.objects.select_for_update().filter(pk=job.pk)).get()\n"
        "        waiting = Run.objects.filter(\n"
        "            job=job,\n"
        "            trigger__in=_TRIGGERS[what],\n"
        "            state__in=(RunState.PENDING, RunState.QUEUED),  # [ASK-1]\n"
        "        )\n",
        "    seen = Run.objects.filter(job__name=name, trigger__in=_TRIGGERS[what])\n"
        "    found = [run.pk for run in seen.filter(state__in=(RunState.PENDING, RunState.QUEUED))]\n"
        "    with refused_while_held(name), transaction.atomic():\n"
        "        job = job_named(name)\n"
        "        briefly(Job.objects.select_for_update().filter(pk=job.pk)).get()\n"
        "        waiting = Run.objects.filter(\n"
        "            pk__in=found,\n"
        "        )\n",
    ),
)
