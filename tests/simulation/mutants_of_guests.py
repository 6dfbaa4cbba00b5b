"""Safeguards chosen like those of the strangers by two more; those that no seed noticed at first."""

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
        "    if claim.job_is_followed or jobs_that_need(claim.job_name):\n",
        "    if claim.job_is_followed:\n",
    ),
    mutant(
        "patience for a lost message ends after a minute",
        "scheduling/engine/recovery.py",
        "    patience = min(max(SILENCE, run.queued_at - run.not_before), LONGEST_SILENCE)\n",
        "    patience = max(SILENCE, run.queued_at - run.not_before)\n",
    ),
)
