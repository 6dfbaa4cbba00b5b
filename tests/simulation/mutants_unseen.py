"""Safeguards taken away by somebody who had read the engine and none of what tries it."""

from tests.faults.mutate import Mutation
from tests.proof.kept import CLAIMING, EXECUTION, LEASE_WATCH, LEASES, RECOVERY, STATEMENTS
from tests.simulation.mutants_of_policies import CHANGING, PLANNING, RETRYING, TAKEOVER, mutant

AFTERMATH = "scheduling/engine/aftermath.py"
CADENCE = "scheduling/timing/cadence.py"
CRONTAB = "scheduling/timing/crontab.py"
SETTING_UP = "scheduling/operations/setting_up.py"

UNSEEN = (
    Mutation(
        safeguard="a stopwatch belongs to a claim, not to a run",
        replacements=(
            (LEASE_WATCH, "known = self._seen.get(run.owner)", "known = self._seen.get(run.pk)"),
            (LEASE_WATCH, "seen[run.owner] = known if", "seen[run.pk] = known if"),
            (LEASE_WATCH, "_is_over(seen[run.owner], now=now)", "_is_over(seen[run.pk], now=now)"),
            (LEASE_WATCH, "self._seen: dict[str, _Seen] = {}", "self._seen: dict = {}"),
        ),
    ),
    mutant(
        "a heartbeat that failed prolongs nothing",
        LEASES,
        "        connection.close()\n        return True\n",
        "        _surrender_at(time.monotonic() + SURRENDER)\n        return True\n",
    ),
    mutant(
        "an attempt that failed waits for the next",
        EXECUTION,
        "not_before=database_now() + wait",
        "not_before=database_now()",
    ),
    mutant(
        "all attempts are made",
        EXECUTION,
        "if claim.attempt > len(waits):  # [ATTEMPT-1]",
        "if claim.attempt >= len(waits):",
    ),
    mutant(
        "a paused job follows nothing",
        AFTERMATH,
        "Job.objects.filter(after=job_id, paused_at=None, schedule__isnull=False)",
        "Job.objects.filter(after=job_id, schedule__isnull=False)",
    ),
    mutant(
        "a follower that has a run of that occurrence already breaks nothing",
        AFTERMATH,
        "        ignore_conflicts=True,\n",
        "",
    ),
    mutant("a run whose worker died is not taken over", TAKEOVER, "        and run.not_before > now\n", ""),
    mutant(
        "an older run takes over from no newer one",
        TAKEOVER,
        "if run.job_id == by.job_id and run.occurrence < by.occurrence and _end(",
        "if run.job_id == by.job_id and run.pk != by.pk and _end(",
    ),
    mutant(
        "a pause that ends by itself goes on with the first occurrence from its end",
        "scheduling/operations/pausing.py",
        "now=until - timedelta(microseconds=1), until=until)",
        "now=now, until=until)",
    ),
    mutant(
        "a run begun anew has none of its losses",
        RETRYING,
        "            attempt=0,\n            losses=0,\n",
        "            attempt=0,\n",
    ),
    mutant(
        "what was missed counts among the occurrences that are left",
        PLANNING,
        "covered = due.missed + len(due.occurrences)",
        "covered = len(due.occurrences)",
    ),
    mutant(
        "no occurrence lies after the end",
        CADENCE,
        "horizon = min(now, ends_at) if ends_at else now",
        "horizon = now",
    ),
    mutant(
        "no more occurrences than are left",
        CADENCE,
        "count = count if at_most is None else min(count, at_most)",
        "count = count",
    ),
    mutant(
        "variants take turns by the newest run",
        CLAIMING,
        '.order_by("-occurrence")\n        .values_list("variant", flat=True)',
        '.order_by("occurrence")\n        .values_list("variant", flat=True)',
    ),
    mutant(
        "a worker is left: those that run count",
        "scheduling/engine/room.py",
        "self._left = most - sum(name in self._names for name in taken)",
        "self._left = most",
    ),
    mutant(
        "an interval is stretched no further than its limit",
        "scheduling/engine/pressure.py",
        "min(job.stretch * 2, longest) if reason",
        "job.stretch * 2 if reason",
    ),
    mutant(
        "what names an hour happens the first time in a repeated hour",
        CRONTAB,
        "instant = wall.replace(tzinfo=zone).astimezone(UTC)\n    if",
        "instant = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)\n    if",
    ),
    mutant(
        "what names an hour happens once a day whatever the clock does",
        CRONTAB,
        "search = _of_day_times if _names_hour_and_minute(expression) else _on_the_wall",
        "search = _on_the_wall",
    ),
    mutant(
        "retention leaves what waits for another attempt",
        "scheduling/ledger/retention.py",
        "state__in=(RunState.SUCCEEDED, RunState.SKIPPED), finished_at__lt=now - job.keep_succeeded",
        "finished_at__lt=now - job.keep_succeeded",
    ),
    mutant(
        "a condition is asked with the last success",
        "scheduling/conditions.py",
        "Run.objects.filter(job=job_id, state=RunState.SUCCEEDED)",
        "Run.objects.filter(job=job_id, started_at__isnull=False)",
    ),
    mutant(
        "one run asked for at a time",
        CHANGING,
        "if waiting is not None:",
        "if waiting is not None and waiting.state == RunState.QUEUED:",
    ),
    mutant(
        "an end held back is written when the common statement fails",
        "scheduling/engine/turnover.py",
        "    except DatabaseError:\n        flush()",
        "    except DatabaseError:\n        _held = None",
    ),
    mutant(
        "jitter is the same for an occurrence wherever it is planned",
        PLANNING,
        "jitter_of(policies.name, occurrence, most=policies.jitter)",
        "jitter_of(policies.name, now, most=policies.jitter)",
    ),
    mutant(
        "nothing older than the window is made up for",
        CADENCE,
        "and nth(oldest - 1) >= since:",
        "and nth(oldest - 1) >= first:",
    ),
    mutant(
        "set-up leaves a schedule alone that is as declared",
        SETTING_UP,
        "if schedule is not None and _is_as_declared(job, declaration, mode=mode, schedule=schedule):",
        "if False:",
    ),
    mutant(
        "a job is paused by failures in a row only",
        AFTERMATH,
        "state__in=(RunState.SUCCEEDED, RunState.FAILED))",
        "state=RunState.FAILED)",
    ),
    mutant(
        "a worker that finds its claim too old gives it back",
        EXECUTION,
        "for_certain(lambda: give_back(claim.run_id, owner=claim.owner))",
        "pass",
    ),
    mutant(
        "a run that killed its worker three times is over",
        RECOVERY,
        "ended = run.attempt > len(waits) or losses >= MOST_LOSSES",
        "ended = run.attempt > len(waits)",
    ),
    mutant(
        "lateness is that of the first start",
        STATEMENTS,
        "coalesce(lateness, {since_occurrence})",
        "{since_occurrence}",
    ),
    mutant(
        "a newer occurrence takes over from one that waits for its next attempt",
        CLAIMING,
        "if open_runs and coming and not one.problem:",
        "if False:",
    ),
    mutant(
        "what nobody makes up for counts with the run that is there",
        CLAIMING,
        "    if missed:\n        newest",
        "    if False:\n        newest",
    ),
    mutant(
        "what follows has the occurrence of what it follows",
        EXECUTION,
        "follow_success(job_id=claim.job_id, occurrence=claim.occurrence, now=now)",
        "follow_success(job_id=claim.job_id, occurrence=now, now=now)",
    ),
    mutant(
        "a second loss waits", RECOVERY, "            not_before=now + wait,", "            not_before=now,"
    ),
    mutant(
        "what is under way goes on when its schedule is removed",
        SETTING_UP,
        "state__in=(RunState.PENDING, RunState.QUEUED)",
        "state__in=(RunState.PENDING, RunState.QUEUED, RunState.RUNNING)",
    ),
)
