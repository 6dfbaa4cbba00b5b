"""Safeguards of every path, chosen from the engine alone; fourteen more stood on the other lists."""

from tests.proof.kept import STATEMENTS
from tests.simulation.mutants_of_policies import CHANGING, mutant

CLAIMS = "scheduling/engine/claims.py"
CLAIMING = "scheduling/engine/claiming.py"
RECOVERY = "scheduling/engine/recovery.py"
TAKEOVER = "scheduling/engine/takeover.py"
LEASES = "scheduling/engine/leases.py"
EXECUTION = "scheduling/engine/execution.py"
AFTERMATH = "scheduling/engine/aftermath.py"
RETRYING = "scheduling/operations/retrying.py"
CANCELLING = "scheduling/operations/cancelling.py"
DISPATCHER = "scheduling/engine/dispatcher.py"
OUTLOOK = "scheduling/engine/outlook.py"
ROOM = "scheduling/engine/room.py"
TRIALS = "scheduling/engine/write_trials.py"

OF_EXAMINERS = (
    mutant(
        "what waits is not taken",
        STATEMENTS,
        "state = 'queued' AND {briefly}",
        "state IN ('queued', 'pending') AND {briefly}",
    ),
    mutant(
        "what runs is not taken",
        STATEMENTS,
        "state = 'queued' AND {briefly}",
        "state IN ('queued', 'running') AND {briefly}",
    ),
    mutant("a taking counts an attempt", STATEMENTS, "attempt = attempt + 1, owner", "owner"),
    mutant("an end asks for its owner", STATEMENTS, "AND owner = %(ended_owner)s AND state", "AND state"),
    mutant(
        "a given back claim is no attempt", CLAIMS, '        attempt=F("attempt") - 1,  # [ATTEMPT-1]\n', ""
    ),
    mutant(
        "a stop costs no attempt",
        RECOVERY,
        'state=RunState.PENDING, attempt=F("attempt") - 1, error',
        "state=RunState.PENDING, error",
    ),
    mutant(
        "the loss of one owner's run",
        RECOVERY,
        "pk=run.pk, owner=run.owner, heartbeat=run.heartbeat",
        "pk=run.pk, heartbeat=run.heartbeat",
    ),
    mutant("the last attempt's loss is the end", RECOVERY, "ended = run.attempt > len(waits) or", "ended ="),
    mutant("losses are counted", RECOVERY, "            losses=losses,\n", ""),
    mutant(
        "a loss and what follows are one",
        RECOVERY,
        "    with transaction.atomic():\n        won = seen",
        "    with suppress(ValueError):\n        won = seen",
    ),
    mutant("a lease is longer than a surrender", LEASES, "LEASE = 12.0", "LEASE = 7.0"),
    mutant("a heart beats within a lease", LEASES, "HEARTBEAT_EVERY = 1.5", "HEARTBEAT_EVERY = 13.0"),
    mutant(
        "a lease counts from when a run was asked for",
        LEASES,
        "_surrender_at(since + SURRENDER)",
        "_surrender_at(time.monotonic() + SURRENDER)",
    ),
    mutant(
        "what was tried by hand holds back",
        CLAIMING,
        "run.trigger not in ASKED_FOR or _was_tried(run)",
        "run.trigger not in ASKED_FOR",
    ),
    mutant(
        "a backfill keeps what was missed", CHANGING, "missed_before=missed_before.get(occurrence, 0),", ""
    ),
    mutant("a retry is due now", RETRYING, "            not_before=now,\n", ""),
    mutant(
        "a cancel leaves what runs",
        CANCELLING,
        "(RunState.PENDING, RunState.QUEUED),  # [ASK-1]",
        "(RunState.PENDING, RunState.QUEUED, RunState.RUNNING),",
    ),
    mutant(
        "nothing is queued before its time",
        RECOVERY,
        "        if run.not_before <= now:\n            yield run",
        "        yield run",
    ),
    mutant("one of a job at a time is ready", RECOVERY, "        busy.add(run.job_id)\n", ""),
    mutant(
        "who runs keeps the others waiting",
        RECOVERY,
        "if run.state != RunState.PENDING or (run.job_id in busy and run.job.overlap != Overlap.ALLOW):",
        "if run.state != RunState.PENDING:",
    ),
    mutant("the older gives way", TAKEOVER, "run.occurrence < by and waits", "waits"),
    mutant("all wait or none is taken over", TAKEOVER, "or not all(", "or not any("),
    mutant(
        "the last attempt is the last",
        EXECUTION,
        "if claim.attempt > len(waits):",
        "if claim.attempt > len(waits) + 1:",
    ),
    mutant(
        "no attempt is left out",
        EXECUTION,
        "if claim.attempt > len(waits):",
        "if claim.attempt >= len(waits):",
    ),
    mutant(
        "waits grow",
        EXECUTION,
        "wait = with_jitter(waits[claim.attempt - 1])",
        "wait = with_jitter(waits[0])",
    ),
    mutant(
        "who is too late gives back",
        EXECUTION,
        "            for_certain(lambda: give_back(claim.run_id, owner=claim.owner))\n",
        "",
    ),
    mutant(
        "lost messages are remembered",
        DISPATCHER,
        "self._messages_lost |= self._doorbell",
        "self._messages_lost = self._doorbell",
    ),
    mutant(
        "what runs is looked at",
        OUTLOOK,
        "EXISTS (SELECT 1 FROM scheduling_run WHERE state = 'running')\n    OR ",
        "",
    ),
    mutant(
        "writers go first", TRIALS, "WRITERS_FIRST = LONGEST_WAIT * (1 + JITTER) + 1.0", "WRITERS_FIRST = 0.0"
    ),
    mutant("a worker is left for the others", ROOM, 'workers"] - 1, 1)', 'workers"], 1)'),
    mutant(
        "a failed last attempt ends its run in one with its pause",
        TAKEOVER,
        "    with transaction.atomic():\n",
        "    if True:\n",
    ),
    mutant(
        "five failures, not the newest alone",
        AFTERMATH,
        "if newest != [RunState.FAILED] * limit:",
        "if newest[:1] != [RunState.FAILED]:",
    ),
    mutant(
        "a pause after failures asks for one that is not",
        AFTERMATH,
        "if not limit or job.paused_at is not None:",
        "if not limit:",
    ),
)
