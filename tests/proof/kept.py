"""Which line of the code is a guard of the model, and which rule it keeps: its words, as they stand there.

The model is transcribed by hand. These words are what it was transcribed from, so a guard that is changed
or lost in the code fails a test here, and has to be changed in the model as well.
"""

from dataclasses import dataclass

STATEMENTS = "scheduling/engine/statements.py"
CLAIMING = "scheduling/engine/claiming.py"
CLAIMS = "scheduling/engine/claims.py"
EXECUTION = "scheduling/engine/execution.py"
LEASES = "scheduling/engine/leases.py"
LEASE_WATCH = "scheduling/engine/lease_watch.py"
RECOVERY = "scheduling/engine/recovery.py"
TAKEOVER = "scheduling/engine/takeover.py"
CHANGING = "scheduling/operations/changing.py"
RETRYING = "scheduling/operations/retrying.py"


@dataclass(frozen=True, slots=True)
class Kept:
    """A line: the rules that rest on it, where it stands, the function or name there, and its words."""

    rules: tuple[str, ...]
    path: str
    name: str
    words: str


KEPT = (
    Kept(("CLAIM-1",), "scheduling/models/runs.py", "Run", 'UniqueConstraint(fields=["job", "occurrence"]'),
    Kept(("CLAIM-2",), STATEMENTS, "_MOVE", "AND django_q_schedule.next_run = move.column2"),
    Kept(("PAUSE-1",), STATEMENTS, "_MOVE", "AND (job.paused_at IS NOT NULL OR"),
    Kept(("CLAIM-2",), STATEMENTS, "_MOVE", "AND django_q_schedule.repeats = move.column5"),
    Kept(("CLAIM-2",), STATEMENTS, "_MOVE", "OR {another_cadence} OR"),
    Kept(("CLAIM-2",), STATEMENTS, "_MOVE", "OR {another_end})"),
    Kept(
        ("PAUSE-1",),
        "scheduling/operations/pausing.py",
        "end_pauses",
        "resume(name, by=SCHEDULER, now=until - timedelta(microseconds=1), until=until)",
    ),
    Kept(("PAUSE-1",), CHANGING, "resume", "if until is not None and job.paused_until != until:"),
    Kept(("CLAIM-3",), CLAIMING, "claim", "with transaction.atomic("),
    Kept(("LIVE-1",), CLAIMING, "claim", "known = _known_occurrences(won)"),
    Kept(("OVERLAP-1",), CLAIMING, "_state_of", "if not open_here or one.job.overlap == Overlap.ALLOW:"),
    Kept(("OVERLAP-1",), CLAIMING, "_asked_for_ahead", "run.state in (RunState.QUEUED, RunState.RUNNING)"),
    Kept(
        ("ONCE-1", "ATTEMPT-1"),
        STATEMENTS,
        "_TAKE",
        "state = 'running', attempt = attempt + 1, owner = %(owner)s",
    ),
    Kept(("ONCE-1",), STATEMENTS, "_TAKE", "WHERE id = %(run)s AND state = 'queued' AND {briefly}"),
    Kept(("FENCE-1",), STATEMENTS, "_END", "AND owner = %(ended_owner)s AND state = 'running' AND {briefly}"),
    Kept(("FENCE-1",), STATEMENTS, "_END_AND_TAKE", "WITH ended AS ({end} RETURNING 1), taken AS ({take})"),
    Kept(
        ("FENCE-1",), EXECUTION, "_write", "if not statements.end(claim.run_id, owner=claim.owner, **fields):"
    ),
    Kept(("EFFECT-1",), EXECUTION, "_committed", "with transaction.atomic():"),
    Kept(("ATTEMPT-1",), EXECUTION, "_record_failure", "if claim.attempt > len(waits):"),
    Kept(("FENCE-2",), CLAIMS, "give_back", "filter(pk=run_id, owner=owner, state=RunState.RUNNING)"),
    Kept(("LIVE-1",), CLAIMS, "claim_run", "for_certain(lambda: give_back(run_id, owner=owner))"),
    Kept(("ONCE-1",), LEASES, "held_lease", "if time.monotonic() - since > SURRENDER:"),
    Kept(("ONCE-2",), LEASES, "held_lease", "_surrender_at(since + SURRENDER)"),
    Kept(("WATCH-1",), LEASES, "held_lease", "own_watchdog().call_off()"),
    Kept(("ONCE-2",), LEASES, "_beat", "_surrender_at(asked_at + SURRENDER)"),
    Kept(("ONCE-1",), LEASES, "_beat", "filter(pk=lease.run_id, owner=lease.owner)"),
    Kept(
        ("ONCE-1",),
        "scheduling/engine/recording.py",
        "under_lease",
        "return patiently(commit, until=math.inf, what=what)",
    ),
    Kept(("TIME-1",), LEASE_WATCH, "expired", "now = time.monotonic()"),
    Kept(("RECOVER-1",), LEASE_WATCH, "expired", "known.count == run.heartbeat"),
    Kept(("RECOVER-1",), LEASE_WATCH, "_is_over", "now - seen.since > LEASE"),
    Kept(
        ("RECOVER-1", "END-1"),
        RECOVERY,
        "_put_back",
        "filter(pk=run.pk, owner=run.owner, heartbeat=run.heartbeat, state=RunState.RUNNING)",
    ),
    Kept(("ATTEMPT-1",), RECOVERY, "_put_back", "ended = run.attempt > len(waits) or losses >= MOST_LOSSES"),
    Kept(
        ("LIVE-1",),
        RECOVERY,
        "put_back_lost",
        "for run in (*lost, *watch.expired(remote)) if _put_back(run, now=now)",
    ),
    Kept(("RECOVER-1",), RECOVERY, "put_back_lost", "if not _process_lives(run)"),
    Kept(
        ("FENCE-2",),
        RECOVERY,
        "give_back_stopped",
        "filter(pk=run.pk, owner=run.owner, state=RunState.RUNNING)",
    ),
    Kept(("OVERLAP-1",), RECOVERY, "_queue", "pending.filter(free)"),
    Kept(
        ("PAUSE-2",),
        RECOVERY,
        "_queue",
        'held = {"job__paused_at": None} if run.is_held_by_a_pause else {}',
    ),
    Kept(("END-1",), RECOVERY, "_queue", "state=RunState.PENDING,"),
    Kept(("LIVE-1",), RECOVERY, "_ask_again", "state=RunState.QUEUED, queued_at=run.queued_at"),
    Kept(("END-1",), TAKEOVER, "_end", "state=RunState.PENDING,"),
    Kept(
        ("ASK-1",),
        "scheduling/operations/cancelling.py",
        "cancel",
        "state__in=(RunState.PENDING, RunState.QUEUED)",
    ),
    Kept(("ASK-1",), RETRYING, "retry", "filter(pk=run_id, state=RunState.FAILED)"),
    Kept(("ASK-1", "END-1"), CHANGING, "backfill", "if run.state != RunState.SKIPPED]"),
    Kept(("ATTEMPT-1",), CLAIMS, "give_back", 'attempt=F("attempt") - 1'),
    # Without these locks what the model takes for one step would be several.
    Kept(("OVERLAP-1",), RECOVERY, "_queue", "Job.objects.select_for_update(no_key=True)"),
    Kept(
        ("OVERLAP-1",),
        "scheduling/engine/batches.py",
        "_due",
        'due.select_for_update(of=("self", "schedule")',
    ),
    Kept(("ASK-1",), CHANGING, "_changing", "briefly(Job.objects.select_for_update()"),
    # No rule rests on these.
    Kept((), RECOVERY, "_queue", "not_before=run.not_before,"),
    Kept((), TAKEOVER, "_end", "attempt=run.attempt,"),
    Kept((), TAKEOVER, "_end", "not_before=run.not_before,"),
    Kept((), RETRYING, "_require_sense", "unbegun = Run.objects.filter(job=job, attempt=0, state__in="),
)
