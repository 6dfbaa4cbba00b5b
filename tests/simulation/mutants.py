"""Safeguards that are taken away from the code: those of `make mutation`, and others."""

from tests.faults.mutate import MUTATIONS
from tests.proof.kept import CLAIMING, CLAIMS, EXECUTION, LEASE_WATCH, LEASES, RECOVERY, STATEMENTS
from tests.simulation.mutants_of_examiners import OF_EXAMINERS
from tests.simulation.mutants_of_guests import OF_GUESTS
from tests.simulation.mutants_of_judges import OF_JUDGES
from tests.simulation.mutants_of_operations import OF_OPERATIONS
from tests.simulation.mutants_of_people import OF_PEOPLE
from tests.simulation.mutants_of_policies import OF_POLICIES, WALL_CLOCK, mutant
from tests.simulation.mutants_of_readers import OF_READERS
from tests.simulation.mutants_of_references import OF_REFERENCES
from tests.simulation.mutants_of_strangers import OF_STRANGERS
from tests.simulation.mutants_unseen import UNSEEN

FURTHER = (
    mutant(
        "the fencing of a claim given back",
        CLAIMS,
        "filter(pk=run_id, owner=owner, state=RunState.RUNNING)",
        "filter(pk=run_id, state=RunState.RUNNING)",
    ),
    mutant(
        "the fencing of recovery: what is taken back is the claim that was seen",
        RECOVERY,
        "pk=run.pk, owner=run.owner, heartbeat=run.heartbeat, state",
        "pk=run.pk, state",
    ),
    mutant(
        "only a running run is taken back",
        RECOVERY,
        "heartbeat=run.heartbeat, state=RunState.RUNNING)",
        "heartbeat=run.heartbeat)",
    ),
    mutant("the fencing of a heartbeat", LEASES, "pk=lease.run_id, owner=lease.owner", "pk=lease.run_id"),
    mutant(
        "the schedule is moved on and its runs are written in one transaction",
        CLAIMING,
        "with transaction.atomic(savepoint=False):  # [CLAIM-3]",
        "if True:",
    ),
    mutant("a lease is longer than the time between two heartbeats", LEASES, "LEASE = 12.0", "LEASE = 1.0"),
    mutant(
        "a lease is longer than the time after which its worker surrenders",
        LEASE_WATCH,
        "return proven and now - seen.since > LEASE",
        "return now - seen.since > 4.0",
    ),
    mutant(
        "an attempt that failed is counted",
        EXECUTION,
        "_end(claim, RunState.PENDING, not_before",
        "_end(claim, RunState.PENDING, attempt=0, not_before",
    ),
    mutant("an attempt is counted", STATEMENTS, "attempt = attempt + 1, owner", "attempt = attempt, owner"),
    mutant(
        "an attempt that was lost is counted",
        RECOVERY,
        "ended = run.attempt > len(waits) or losses >= MOST_LOSSES",
        "ended = False",
    ),
    mutant(
        "leases are measured by a stopwatch, not by the wall clock",
        LEASE_WATCH,
        "now = time.monotonic()  # [TIME-1]",
        f"now = {WALL_CLOCK}",
    ),
    mutant(
        "an occurrence that has a run is not claimed again",
        CLAIMING,
        "if (one.job.pk, planned.occurrence) not in known:",
        "if True:",
    ),
    mutant(
        "a task's writes and its end are one transaction",
        EXECUTION,
        "with transaction.atomic():  # [EFFECT-1]",
        "if True:",
    ),
    mutant(
        "a lease counts from before its run was asked for",
        EXECUTION,
        "_call(claim, asked_at=asked_at)",
        "_call(claim, asked_at=time.monotonic())",
    ),
    mutant(
        "a run of this host is taken back only when its process is dead",
        RECOVERY,
        "lost = [run for run in local if not _process_lives(run)]",
        "lost = list(local)",
    ),
    mutant(
        "an occurrence that finds an open run is not queued",
        CLAIMING,
        "if not open_here or one.job.overlap == Overlap.ALLOW:",
        "if True:",
    ),
    mutant(
        "an occurrence waits for what was asked for",
        CLAIMING,
        "if run.trigger in ASKED_FOR and run.state in (RunState.QUEUED, RunState.RUNNING)",
        "if False",
    ),
    mutant(
        "a waiting run is queued only when no other of its job is under way",
        RECOVERY,
        "pending.filter(free)",
        "pending",
    ),
    mutant(
        "what was asked for is not queued while its schedule is paused",
        RECOVERY,
        '{"job__paused_at": None} if run.is_held_by_a_pause else {}',
        "{}",
    ),
    mutant(
        "a queued run that no worker took is asked for again",
        RECOVERY,
        "and (messages_lost or _is_silent(run, now=now, messages_waiting=messages_waiting))",
        "and messages_lost",
    ),
    mutant(
        "only a run that still waits is taken over",
        "scheduling/engine/takeover.py",
        "            state=RunState.PENDING,  # [END-1]\n            attempt=run.attempt,\n"
        "            not_before=run.not_before,\n",
        "",
    ),
    mutant(
        "what a stopped pool did is given back only where its process is dead",
        RECOVERY,
        "and not _process_lives(run)",
        "and True",
    ),
    mutant(
        "the fencing of what a stopped pool did",
        RECOVERY,
        "Run.objects.filter(pk=run.pk, owner=run.owner, state=RunState.RUNNING).update(",
        "Run.objects.filter(pk=run.pk, state=RunState.RUNNING).update(",
    ),
    mutant(
        "only a running run is ended",
        STATEMENTS,
        "AND owner = %(ended_owner)s AND state = 'running'",
        "AND owner = %(ended_owner)s",
    ),
    mutant("a worker surrenders before its lease is over", LEASES, "SURRENDER = 8.0", "SURRENDER = 20.0"),
    mutant(
        "whether a worker lives is not reckoned from when its run began",
        RECOVERY,
        "    if identity is None or not identity.is_alive:",
        "    if identity is None or now - run.started_at > timedelta(seconds=12):",
    ),
    mutant(
        "an attempt that is given back is one, and not all",
        CLAIMS,
        'attempt=F("attempt") - 1,  # [ATTEMPT-1]',
        "attempt=0,",
    ),
    mutant("what is taken back keeps its attempt", RECOVERY, "losses=losses,", "losses=losses, attempt=0,"),
    mutant(
        "what waits for an attempt may be under way again",
        "scheduling/engine/takeover.py",
        "            attempt=run.attempt,\n            not_before=run.not_before,\n",
        "",
    ),
    mutant(
        "only a run that waits is queued",
        RECOVERY,
        "        state=RunState.PENDING,  # [END-1]\n",
        "",
    ),
    mutant(
        "a worker that lost its run stores nothing",
        EXECUTION,
        'raise RunLostError(f"{claim} was given to somebody else during',
        'logger.warning(f"{claim} was given to somebody else during',
    ),
    mutant(
        "whether a process of another host lives is not asked of this one",
        RECOVERY,
        "identity is None or identity.is_local or connection.vendor",
        "identity is None or identity.host or connection.vendor",
    ),
    mutant(
        "a lease counts from before its heartbeat was asked for",
        LEASES,
        "_surrender_at(asked_at + SURRENDER)",
        "_surrender_at(time.monotonic() + SURRENDER)",
    ),
    mutant(
        "what an occurrence that has a run was to make up for is counted once",
        CLAIMING,
        "            yield replace(planned, missed_before=missed)\n            missed = 0",
        "            yield replace(planned, missed_before=missed)",
    ),
    mutant(
        "runs are written of those schedules alone that were moved on",
        CLAIMING,
        "return [one for one in due if one.schedule_id in moved]",
        "return list(due)",
    ),
    mutant(
        "what was asked for and the clock's take turns",
        RECOVERY,
        "key=lambda run: rank(run, turns=turns)):\n",
        "key=lambda run: rank(run, turns=())):\n",
    ),
    mutant(
        "a success and the run that follows it are one transaction",
        EXECUTION,
        "with transaction.atomic(savepoint=False) if has_sequel else nullcontext():",
        "with nullcontext():",
    ),
    mutant(
        "a part is stored with the lease held",
        EXECUTION,
        "under_lease(commit,",
        "within_reach(commit,",
    ),
    # Taken away at random, to see what notices.
    mutant(
        "a worker that is idle has no heart that beats",
        LEASES,
        "heart.end()\n        finally",
        "pass\n        finally",
    ),
    mutant(
        "what waits for its time is not queued before it",
        RECOVERY,
        "if run.not_before <= now:\n            yield run",
        "if True:\n            yield run",
    ),
    mutant(
        "messages that were lost are remembered until they are asked for again",
        "scheduling/engine/dispatcher.py",
        "self._messages_lost |= self._doorbell.has_lost_messages()",
        "self._doorbell.has_lost_messages()",
    ),
    mutant(
        "an occurrence with jitter waits for its time",
        CLAIMING,
        "RunState.QUEUED if planned.not_before <= now else RunState.PENDING",
        "RunState.QUEUED",
    ),
    # What races on PostgreSQL alone.
    mutant(
        "who queues a run holds its job's row, so that two look one after the other",
        RECOVERY,
        'Job.objects.select_for_update(no_key=True).only("pk").get(pk=run.job_id)',
        "pass",
    ),
    mutant(
        "the fencing of an end that is written with the next claim",
        STATEMENTS,
        'end=_end_here("postgresql", names), take',
        'end=_end_here("postgresql", names).replace("owner = %(ended_owner)s AND", ""), take',
    ),
)


ALL = (
    *(*MUTATIONS, *FURTHER, *OF_OPERATIONS, *OF_POLICIES, *UNSEEN),
    *(*OF_JUDGES, *OF_PEOPLE, *OF_EXAMINERS, *OF_READERS, *OF_REFERENCES, *OF_STRANGERS, *OF_GUESTS),
)
