"""Safeguards chosen like those of the strangers by four more; those that no seed noticed at first."""

from tests.simulation.mutants_of_policies import mutant

OF_GUESTS = (
    mutant(
        "the clean-up takes away what has ended alone",
        "scheduling/ledger/retention.py",
        "state__in=(RunState.SUCCEEDED, RunState.SKIPPED), finished_at__lt",
        "~Q(state=RunState.FAILED), finished_at__lt",
    ),
    mutant(
        "a backfill takes away rows of its own occurrences alone",
        "scheduling/operations/changing.py",
        "Run.objects.filter(pk__in=[run.pk for run in known.values()])",
        "Run.objects.filter(job=job, occurrence__range=(start, end), state=RunState.SKIPPED)",
    ),
    mutant(
        "a pause without an end is not the one that was over",
        "scheduling/operations/changing.py",
        "        if until is not None and job.paused_until != until:\n",
        "        if until is not None and job.paused_until is not None and job.paused_until != until:\n",
    ),
    mutant(
        "what is rewound is asked for again as soon as other runs",
        "scheduling/operations/changing.py",
        ".update(not_before=now, queued_at=now)",
        ".update(not_before=now)",
    ),
    mutant(
        "what is skipped as late takes over from nobody",
        "scheduling/engine/claiming.py",
        "        if not planned.skip_reason and (one.job.pk, planned.occurrence) not in known\n",
        "        if (one.job.pk, planned.occurrence) not in known\n",
    ),
    mutant(
        "an occurrence that has a run takes over from nobody",
        "scheduling/engine/claiming.py",
        "        if not planned.skip_reason and (one.job.pk, planned.occurrence) not in known\n",
        "        if not planned.skip_reason\n",
    ),
    mutant(
        "a queued run that nobody took is looked at by itself",
        "scheduling/engine/outlook.py",
        "    OR EXISTS (SELECT 1 FROM scheduling_run\n"
        "               WHERE state = 'queued' AND not_before < (SELECT silent FROM clock))\n",
        "",
    ),
    mutant(
        "two machines of one name are two hosts",
        "scheduling/engine/processes.py",
        'return self.host == host_name() and self.machine in ("", machine_tag())',
        "return self.host == host_name()",
    ),
    mutant(
        "overdue is what a stopwatch says",
        "scheduling/engine/lease_watch.py",
        "if now - self._began[run.owner] > (run.job.time_limit + by).total_seconds()",
        "if run.started_at is not None"
        " and time.time() - run.started_at.timestamp() > (run.job.time_limit + by).total_seconds()",
    ),
    mutant(
        "a first success is heard of by what needs the job alone",
        "scheduling/engine/execution.py",
        "    if _is_built_upon(claim):\n",
        "    if claim.job_is_followed:\n",
    ),
    mutant(
        "patience for a lost message ends after a minute",
        "scheduling/engine/recovery.py",
        "    patience = min(max(SILENCE, run.queued_at - run.not_before), LONGEST_SILENCE)\n",
        "    patience = max(SILENCE, run.queued_at - run.not_before)\n",
    ),
    mutant(
        "an answer to an end and a claim that is lost is asked about, and not taken for a refusal",
        "scheduling/engine/turnover.py",
        "        row = statements.take(run_id, owner=owner, worker=worker)\n"
        "        if row is None:\n"
        "            raise\n"
        "        return row\n",
        "        return statements.take(run_id, owner=owner, worker=worker)\n",
    ),
    mutant(
        "who lets his lease go ends the beat under way before the watchdog is called off",
        "scheduling/engine/leases.py",
        "    if _heart is not None and _heart.is_alive:\n"
        "        _heart.end()\n"
        "    own_watchdog().call_off()\n",
        "    own_watchdog().call_off()\n"
        "    if _heart is not None and _heart.is_alive:\n"
        "        _heart.end()\n",
    ),
    mutant(
        "a watchdog that is set too late strikes at once",
        "scheduling/engine/watchdog.py",
        "        self._set(max(instant - time.monotonic(), 0.001))\n",
        "        self._set(max(instant - time.monotonic(), 0.0))\n",
    ),
    mutant(
        "what a stopped pool did is given back only while it is running",
        "scheduling/engine/recovery.py",
        "Run.objects.filter(pk=run.pk, owner=run.owner, state=RunState.RUNNING).update(  # [FENCE-2]\n",
        "Run.objects.filter(pk=run.pk, owner=run.owner).update(\n",
    ),
    mutant(
        "what is under way is looked after where nothing can be claimed",
        "scheduling/engine/dispatcher.py",
        "            connection.close()\n"
        "            self._connection.bound()\n"
        "            self._finish_open(outlook)\n"
        "            raise\n",
        "            connection.close()\n            raise\n",
    ),
    mutant(
        "an end that is held back is written before its worker waits for a message",
        "scheduling/engine/cluster.py",
        "                return self._tasks.get(timeout=0.0)\n"
        "            turnover.flush()\n"
        "        return self._tasks.get()\n",
        "                return self._tasks.get(timeout=0.0)\n        return self._tasks.get()\n",
    ),
    mutant(
        "a cancel ends what waits as it writes, and not as it read",
        "scheduling/operations/cancelling.py",
        "waiting.update(",
        'Run.objects.filter(pk__in=list(waiting.values_list("pk", flat=True))).update(',
    ),
    mutant(
        "a worker that leaves writes the end that it holds back",
        "scheduling/engine/cluster.py",
        "*args)\n    turnover.flush()\n",
        "*args)\n",
    ),
    mutant(
        "a rewind leaves a next run that is due, or that somebody chose",
        "scheduling/operations/changing.py",
        "        if stands_ahead(job, now=now):",
        "        if next_run is not None:",
    ),
    mutant(
        "a commit that failed ends nothing, and may be tried once more",
        "scheduling/engine/execution.py",
        "    result = _committed(claim, write)\n    _current.set(None)\n    return result\n",
        "    try:\n        return _committed(claim, write)\n    finally:\n        _current.set(None)\n",
    ),
    mutant(
        "what was mended is passed over no longer",
        "scheduling/engine/passed_over.py",
        "        self.jobs = frozenset(one.id for one in found)\n",
        "        self.jobs |= frozenset(one.id for one in found)\n",
    ),
    mutant(
        "a delivery that is queued keeps the next one of its channel waiting",
        "scheduling/engine/courier.py",
        "if not due or any(run.state != RunState.PENDING for run in runs):",
        "if not due or any(run.state == RunState.RUNNING for run in runs):",
    ),
    mutant(
        "what waits by a clock that was ahead is told whatever it is for",
        "scheduling/ledger/ahead.py",
        "        Q(not_before__gt=now + AHEAD) & for_no_reason\n",
        "        Q(not_before__gt=now + AHEAD, occurrence__gt=now + AHEAD)\n",
    ),
    mutant(
        "an end where there was none is another end",
        "scheduling/engine/statements.py",
        '"another_end": "job.ends_at IS NOT move.column6"',
        '"another_end": "job.ends_at <> move.column6"',
    ),
    mutant(
        "a cron of six fields names its hour in the third",
        "scheduling/timing/crontab.py",
        "    minute_and_hour = parts[1:3] if len(parts) == 6 else parts[:2]\n",
        "    minute_and_hour = parts[:2]\n",
    ),
    mutant(
        "what was chosen to be deleted is asked for again as it goes",
        "scheduling/ledger/retention.py",
        "            _, by_model = rows.filter(pk__in=keys).order_by().delete()\n",
        "            _, by_model = model._base_manager.filter(pk__in=keys).delete()\n",
    ),
    mutant(
        "a job that queues waits behind what was asked for",
        "scheduling/engine/claiming.py",
        '    if one.job.overlap == Overlap.ALLOW:\n        return ""\n    under_way = (\n',
        '    if one.job.overlap != Overlap.SKIP:\n        return ""\n    under_way = (\n',
    ),
    mutant(
        "what was missed is counted with a run that has ended, too",
        "scheduling/engine/claiming.py",
        "        newest = Run.objects.filter(job=one.job, occurrence=one.plan.runs[-1].occurrence)\n",
        "        newest = Run.objects.filter(\n"
        "            job=one.job, occurrence=one.plan.runs[-1].occurrence, state__in=OPEN_STATES\n"
        "        )\n",
    ),
    mutant(
        "late is told from the occurrence, whatever its jitter",
        "scheduling/timing/planning.py",
        "    late = now - occurrence\n",
        "    late = now - occurrence - jitter_of(policies.name, occurrence, most=policies.jitter)\n",
    ),
    mutant(
        "a lease counts from before its claim was asked for",
        "scheduling/engine/execution.py",
        "    asked_at = time.monotonic()\n    claim = claim_run(run_id)\n",
        "    claim = claim_run(run_id)\n    asked_at = time.monotonic()\n",
    ),
    mutant(
        "who is overdue is told by a stopwatch, and by no clock",
        "scheduling/engine/recovery.py",
        "    _end_workers(watch.overdue(local, by=OVERDUE))\n",
        "    _end_workers(\n"
        "        run for run in local\n"
        "        if run.started_at and now - run.started_at > run.job.time_limit + OVERDUE\n"
        "    )\n",
    ),
    mutant(
        "a count is spent by what was missed, too",
        "scheduling/timing/planning.py",
        "        repeats=-1 if policies.repeats < 0 else policies.repeats - covered,\n",
        "        repeats=-1 if policies.repeats < 0 else policies.repeats - len(runs),\n",
    ),
    mutant(
        "what was queued by a clock that was ahead is silent",
        "scheduling/engine/recovery.py",
        "    return now - run.queued_at > patience or run.queued_at > now + AHEAD",
        "    return now - run.queued_at > patience",
    ),
    mutant(
        "a run has as many attempts as its job says",
        "scheduling/ledger/attempts.py",
        "most=job.max_attempts, first_wait",
        "most=job.max_attempts + 1, first_wait",
    ),
)
