"""More safeguards that are taken away: of one path among several, and of what jobs are promised."""

from tests.faults.mutate import Mutation
from tests.proof.kept import CLAIMING, CLAIMS, EXECUTION, LEASE_WATCH, LEASES, RECOVERY, STATEMENTS

CHANGING = "scheduling/operations/changing.py"
RETRYING = "scheduling/operations/retrying.py"
TAKEOVER = "scheduling/engine/takeover.py"
TURNS = "scheduling/engine/turns.py"
PLANNING = "scheduling/timing/planning.py"
WALL_CLOCK = '__import__("django.utils.timezone").utils.timezone.now().timestamp()'


def mutant(safeguard: str, path: str, old: str, new: str) -> Mutation:
    return Mutation(safeguard=safeguard, replacements=((path, old, new),))


OF_POLICIES = (
    mutant(
        "the fencing of an end, also where the last attempt failed",
        EXECUTION,
        "_end(claim, RunState.FAILED, **fields)",
        "Run.objects.filter(pk=claim.run_id).update(state=RunState.FAILED, **fields)",
    ),
    mutant(
        "a heartbeat that moves begins the lease anew",
        LEASE_WATCH,
        "known if known and known.count == run.heartbeat else",
        "known if known else",
    ),
    mutant(
        "a worker surrenders by a stopwatch, not by the wall clock",
        LEASES,
        "    asked_at = time.monotonic()\n    ours",
        f"    asked_at = {WALL_CLOCK}\n    ours",
    ),
    mutant("a retry begins with the first attempt", RETRYING, "            attempt=0,\n", ""),
    mutant(
        "a failed run is retried and not backfilled",
        CHANGING,
        "if run.state != RunState.SKIPPED]",
        "if run.state not in (RunState.SKIPPED, RunState.FAILED)]",
    ),
    mutant(
        "a success asks for what follows",
        EXECUTION,
        "if state == RunState.SUCCEEDED and claim.job_is_followed:",
        "if False:",
    ),
    mutant(
        "what is claimed is moved on",
        STATEMENTS,
        "SET next_run = {following}",
        "SET next_run = coalesce(move.column2, {following})",
    ),
    mutant(
        "whose turn it is follows from the last run and not from the first",
        TURNS,
        'ended.order_by("-finished_at")',
        'ended.order_by("finished_at")',
    ),
    mutant(
        "a claim asks whose turn it is",
        CLAIMING,
        "next(under_way, None) or first_asked_for(open_runs, now=now)",
        "next(under_way, None)",
    ),
    mutant(
        "jobs that leave a worker take turns with what was asked for",
        TURNS,
        "or not _is_turn_of_asked(Q(job__name__in=names))",
        "or True",
    ),
    mutant("a claim that came to nothing costs no attempt", CLAIMS, 'F("attempt") - 1', 'F("attempt")'),
    mutant(
        "a pause is ended when it is over, and not before",
        "scheduling/operations/pausing.py",
        "paused_until__lte=now",
        "paused_until__gt=now - timedelta(days=1)",
    ),
    mutant(
        "only a queued run is asked for again",
        RECOVERY,
        "state=RunState.QUEUED, queued_at=run.queued_at)  # [LIVE-1]\n    return bool(silent.update(",
        "queued_at=run.queued_at)\n    return bool(silent.update(state=RunState.QUEUED, ",
    ),
    mutant(
        "a run that was tried since waits for its next attempt",
        RECOVERY,
        "        not_before=run.not_before,\n        **held",
        "        **held",
    ),
    mutant(
        "jitter has its bound",
        PLANNING,
        "return most * (int",
        "return 2 * most * (int",
    ),
    mutant(
        "a lease that is let go has no heart that beats",
        LEASES,
        "        _heart.end()\n    own_watchdog",
        "        pass\n    own_watchdog",
    ),
    mutant("who takes over leaves alone what was not tried", TAKEOVER, "        and run.attempt > 0\n", ""),
    mutant(
        "what a stopped pool did is given back by its own host",
        RECOVERY,
        "        and _is_local(run)\n        and not _process_lives(run)",
        "        and not _process_lives(run)",
    ),
    mutant(
        "what a claim moves past is counted",
        "scheduling/timing/cadence.py",
        "missed=count - len(newest)",
        "missed=0",
    ),
    mutant(
        "a condition is asked",
        EXECUTION,
        "        require_condition(\n",
        "        (lambda *_, **__: None)(\n",
    ),
    mutant(
        "variants take turns",
        CLAIMING,
        'run.variant = "b" if last_variant == "a" else "a"',
        'run.variant = "a"',
    ),
    mutant(
        "an occurrence of which a claim is late is skipped where nothing is made up for",
        PLANNING,
        'policies.catch_up == "skip" and late > MISFIRE_GRACE',
        "False",
    ),
    mutant(
        "a task has its time limit",
        EXECUTION,
        "        time_limit(claim.time_limit),\n",
        "",
    ),
)
