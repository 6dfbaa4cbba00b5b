"""Safeguards of what people do to schedules as such, and of deliveries; chosen before any was tried."""

from tests.proof.kept import STATEMENTS
from tests.simulation.mutants_of_policies import CHANGING, mutant
from tests.simulation.mutants_unseen import SETTING_UP

COURIER = "scheduling/engine/courier.py"
OVERRIDES = "scheduling/operations/overrides.py"
RETIMING = "scheduling/operations/retiming.py"

OF_PEOPLE = (
    mutant(
        "a set-up is one transaction",
        SETTING_UP,
        'with in_turn(), refused_while_held("A schedule"), transaction.atomic():',
        'with in_turn(), refused_while_held("A schedule"):',
    ),
    mutant(
        "a removal is one transaction",
        SETTING_UP,
        'with refused_while_held("A schedule"), transaction.atomic():',
        'with refused_while_held("A schedule"):',
    ),
    mutant(
        "a removal forgets what somebody had set",
        SETTING_UP,
        "    Job.objects.filter(pk=job.pk).update(overrides={})\n",
        "",
    ),
    mutant(
        "of a removed schedule what waits to begin ends",
        SETTING_UP,
        "state__in=(RunState.PENDING, RunState.QUEUED)",
        "state__in=(RunState.QUEUED,)",
    ),
    mutant(
        "a removal leaves what was not named",
        SETTING_UP,
        "return list(dict.fromkeys(names))",
        "return list(jobs)",
    ),
    mutant(
        "a removal of a mode's leaves the others",
        SETTING_UP,
        "if jobs[name].mode == names[0]]",
        "]",
    ),
    mutant(
        "set-up keeps the cadence that somebody set",
        OVERRIDES,
        "if CADENCE not in job.overrides or job.schedule is None:",
        "if True:",
    ),
    mutant(
        "set-up keeps what else somebody set",
        SETTING_UP,
        "if field not in job.overrides:",
        "if True:",
    ),
    mutant(
        "set-up leaves a pause",
        SETTING_UP,
        "    job.mode = mode.name\n",
        "    job.mode, job.paused_at = mode.name, None\n",
    ),
    mutant(
        "set-up begins when it was declared to",
        SETTING_UP,
        "first_run=now + timedelta(seconds=starts[declaration.name]),",
        "first_run=now,",
    ),
    mutant(
        "set-up without a mode goes by the schedules that there are",
        SETTING_UP,
        "for job in scheduled or jobs:",
        "for job in jobs:",
    ),
    mutant(
        "a set-up that resets forgets a count",
        OVERRIDES,
        "            schedule.repeats = -1\n",
        "            pass\n",
    ),
    mutant(
        "a set-up makes run again whose reached count nobody set",
        SETTING_UP,
        "        schedule.repeats = -1\n",
        "        pass\n",
    ),
    mutant(
        "who sets a cadence is remembered",
        CHANGING,
        "note_overrides(job, (key for key in before if before[key] != after_change[key]), by=by, now=now)",
        "pass",
    ),
    mutant(
        "who sets a cadence in the admin is remembered",
        CHANGING,
        "        note_overrides(job, [CADENCE], by=by, now=now)\n",
        "",
    ),
    mutant(
        "a new interval counts from the last occurrence",
        RETIMING,
        "return max(_after(last, cadence), now)",
        "return _after(now, cadence)",
    ),
    mutant(
        "what somebody asked for is no occurrence that an interval counts from",
        RETIMING,
        "Run.objects.filter(job=job, trigger__in=by_itself, occurrence__lte=now)",
        "Run.objects.filter(job=job, occurrence__lte=now)",
    ),
    mutant(
        "an occurrence to come is none that an interval counts from",
        RETIMING,
        "trigger__in=by_itself, occurrence__lte=now)",
        "trigger__in=by_itself)",
    ),
    mutant(
        "what never ran keeps its next run, unless it comes sooner",
        RETIMING,
        "return min(max(stood, now), _after(now, cadence)) if stood else now",
        "return _after(now, cadence)",
    ),
    mutant(
        "a schedule that had ended goes on when somebody changes it",
        RETIMING,
        "elif cadence is not None or (job.after is None and schedule.next_run is None):",
        "elif cadence is not None:",
    ),
    mutant(
        "the first run of a new cron is one of its matches",
        RETIMING,
        "        return cadence.after(instant - timedelta(microseconds=1))\n",
        "        return instant\n",
    ),
    mutant(
        "what is given a cadence follows nobody any more",
        RETIMING,
        "        job.after, job.stretch = None, 1\n",
        "        job.stretch = 1\n",
    ),
    mutant(
        "what follows is not asked for once it is removed",
        "scheduling/engine/aftermath.py",
        "after=job_id, paused_at=None, schedule__isnull=False)",
        "after=job_id, paused_at=None)",
    ),
    mutant(
        "a count that somebody sets between a look and its claim stays",
        STATEMENTS,
        "    AND django_q_schedule.repeats = move.column5\n",
        "",
    ),
    mutant(
        "an end that somebody sets between a look and its claim is known to the claim",
        STATEMENTS,
        " OR {another_end})",
        ")",
    ),
    mutant(
        "a schedule that is removed while a run of it is looked at stops no dispatcher",
        "scheduling/models/jobs.py",
        "except Schedule.DoesNotExist:",
        "except ZeroDivisionError:",
    ),
    mutant(
        "one delivery of a channel at a time",
        COURIER,
        "if not due or any(run.state != RunState.PENDING for run in runs):",
        "if not due:",
    ),
    mutant(
        "a delivery that nobody began is found",
        COURIER,
        "            if run.state == RunState.QUEUED and run.queued_at "
        "and abs(now - run.queued_at) > FORGOTTEN:\n"
        "                return run.pk\n",
        "            pass\n",
    ),
    mutant(
        "what waits for another attempt is told with what is new",
        COURIER,
        "return _join(runs, into=due[-1], now=now)",
        "return _join(due, into=due[-1], now=now)",
    ),
    mutant(
        "of several news about one alert the newest is told",
        "scheduling/monitoring/alert_delivery.py",
        'newest = {(one.get("rule"), one.get("subject")): one for one in news}',
        'newest = {(one.get("rule"), one.get("subject")): one for one in reversed(news)}',
    ),
    mutant(
        "news that differ by what they are about are no news of one alert",
        "scheduling/monitoring/alert_delivery.py",
        'one for one in news if newest[one.get("rule"), one.get("subject")] is one',
        "one for one in news[-1:]",
    ),
    mutant(
        "a delivery is made before it is said to be over",
        COURIER,
        "            execute_run(run_id)\n",
        "            Run.objects.filter(pk=run_id).update(state=RunState.SUCCEEDED)\n",
    ),
    mutant(
        "a delivery of older news is joined into the newer",
        COURIER,
        "into=due[-1], now=now)",
        "into=due[0], now=now)",
    ),
    mutant(
        "deliveries are joined in one transaction",
        COURIER,
        "    with transaction.atomic():\n        job = briefly(",
        "    if True:\n        job = briefly(",
    ),
)
