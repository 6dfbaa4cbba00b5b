"""Which seed breaks a rule when a safeguard is taken away: those of `make mutation`, and others."""

import subprocess
import sys
import time
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

from tests.faults.mutate import MUTATIONS, PROJECT, Mutation
from tests.proof.kept import CLAIMING, CLAIMS, EXECUTION, LEASE_WATCH, LEASES, RECOVERY, STATEMENTS

CHANGING = "scheduling/operations/changing.py"
RETRYING = "scheduling/operations/retrying.py"

WALL_CLOCK = '__import__("django.utils.timezone").utils.timezone.now().timestamp()'
NOT_UNDER_WAY = "state__in=(RunState.PENDING, RunState.QUEUED),  # [ASK-1]"


def _mutant(safeguard: str, path: str, old: str, new: str) -> Mutation:
    return Mutation(safeguard=safeguard, replacements=((path, old, new),))


FURTHER = (
    _mutant(
        "the fencing of a claim given back",
        CLAIMS,
        "filter(pk=run_id, owner=owner, state=RunState.RUNNING)",
        "filter(pk=run_id, state=RunState.RUNNING)",
    ),
    _mutant(
        "the fencing of recovery: what is taken back is the claim that was seen",
        RECOVERY,
        "pk=run.pk, owner=run.owner, heartbeat=run.heartbeat, state",
        "pk=run.pk, state",
    ),
    _mutant(
        "only a running run is taken back",
        RECOVERY,
        "heartbeat=run.heartbeat, state=RunState.RUNNING)",
        "heartbeat=run.heartbeat)",
    ),
    _mutant("the fencing of a heartbeat", LEASES, "pk=lease.run_id, owner=lease.owner", "pk=lease.run_id"),
    _mutant(
        "the schedule is moved on and its runs are written in one transaction",
        CLAIMING,
        "with transaction.atomic(savepoint=False):  # [CLAIM-3]",
        "if True:",
    ),
    _mutant("a lease is longer than the time between two heartbeats", LEASES, "LEASE = 12.0", "LEASE = 1.0"),
    _mutant(
        "a lease is longer than the time after which its worker surrenders",
        LEASE_WATCH,
        "return proven and now - seen.since > LEASE",
        "return now - seen.since > 4.0",
    ),
    _mutant(
        "an attempt that failed is counted",
        EXECUTION,
        "_end(claim, RunState.PENDING, not_before",
        "_end(claim, RunState.PENDING, attempt=0, not_before",
    ),
    _mutant("an attempt is counted", STATEMENTS, "attempt = attempt + 1, owner", "attempt = attempt, owner"),
    _mutant(
        "an attempt that was lost is counted",
        RECOVERY,
        "ended = run.attempt > len(waits) or losses >= MOST_LOSSES",
        "ended = False",
    ),
    _mutant(
        "leases are measured by a stopwatch, not by the wall clock",
        LEASE_WATCH,
        "now = time.monotonic()",
        f"now = {WALL_CLOCK}",
    ),
    _mutant(
        "a backfill looks for runs that are open",
        CHANGING,
        "if run.state != RunState.SKIPPED]",
        "if run.state in (RunState.SUCCEEDED, RunState.FAILED)]",
    ),
    _mutant(
        "a backfill looks for runs that have ended",
        CHANGING,
        "if run.state != RunState.SKIPPED]",
        "if run.state in (RunState.PENDING, RunState.QUEUED, RunState.RUNNING)]",
    ),
    _mutant(
        "an occurrence that has a run is not claimed again",
        CLAIMING,
        "if (one.job.pk, planned.occurrence) not in known:",
        "if True:",
    ),
    _mutant(
        "a task's writes and its end are one transaction",
        EXECUTION,
        "with transaction.atomic():  # [EFFECT-1]",
        "if True:",
    ),
    _mutant(
        "a lease counts from before its run was asked for",
        EXECUTION,
        "_call(claim, asked_at=asked_at)",
        "_call(claim, asked_at=time.monotonic())",
    ),
    _mutant(
        "a run of this host is taken back only when its process is dead",
        RECOVERY,
        "lost = [run for run in local if not _worker_lives(run, now=now)]",
        "lost = list(local)",
    ),
    _mutant(
        "an occurrence that finds an open run is not queued",
        CLAIMING,
        "if not open_here or one.job.overlap == Overlap.ALLOW:",
        "if True:",
    ),
    _mutant(
        "an occurrence waits for what was asked for",
        CLAIMING,
        "if run.trigger in ASKED_FOR and run.state in (RunState.QUEUED, RunState.RUNNING):",
        "if False:",
    ),
    _mutant(
        "a waiting run is queued only when no other of its job is under way",
        RECOVERY,
        "pending.filter(~Exists(under_way))",
        "pending",
    ),
    _mutant(
        "what was asked for is not queued while its schedule is paused",
        RECOVERY,
        '{"job__paused_at": None} if run.trigger in ASKED_FOR else {}',
        "{}",
    ),
    _mutant(
        "a queued run that no worker took is asked for again",
        RECOVERY,
        "and (messages_lost or _is_silent(run, now=now, messages_waiting=messages_waiting))",
        "and messages_lost",
    ),
    _mutant(
        "only a run that still waits is taken over",
        "scheduling/engine/takeover.py",
        "            state=RunState.PENDING,  # [END-1]\n            attempt=run.attempt,\n"
        "            not_before=run.not_before,\n",
        "",
    ),
    _mutant(
        "only what waits is cancelled",
        "scheduling/operations/cancelling.py",
        NOT_UNDER_WAY,
        "finished_at=None,",
    ),
    Mutation(
        safeguard="only a failed run begins anew",
        replacements=(
            (RETRYING, "if run.state != RunState.FAILED:", "if run.state == RunState.PENDING:"),
            (RETRYING, "filter(pk=run_id, state=RunState.FAILED)", "filter(pk=run_id)"),
        ),
    ),
    _mutant(
        "what a stopped pool did is given back only where its process is dead",
        RECOVERY,
        "and not _process_lives(run)",
        "and True",
    ),
    _mutant(
        "the fencing of what a stopped pool did",
        RECOVERY,
        "Run.objects.filter(pk=run.pk, owner=run.owner, state=RunState.RUNNING).update(",
        "Run.objects.filter(pk=run.pk, state=RunState.RUNNING).update(",
    ),
    _mutant(
        "only a running run is ended",
        STATEMENTS,
        "AND owner = %(ended_owner)s AND state = 'running'",
        "AND owner = %(ended_owner)s",
    ),
    _mutant("a worker surrenders before its lease is over", LEASES, "SURRENDER = 8.0", "SURRENDER = 20.0"),
    _mutant(
        "whether a worker lives is not reckoned from when its run began",
        RECOVERY,
        "    if identity is None or not identity.is_alive:",
        "    if identity is None or now - run.started_at > timedelta(seconds=12):",
    ),
    _mutant(
        "an attempt that is given back is one, and not all",
        CLAIMS,
        'attempt=F("attempt") - 1,  # [ATTEMPT-1]',
        "attempt=0,",
    ),
    _mutant("what is taken back keeps its attempt", RECOVERY, "losses=losses,", "losses=losses, attempt=0,"),
    _mutant("a backfill refuses where one of its occurrences has a run", CHANGING, "if ran:", "if False:"),
    _mutant(
        "what waits for an attempt may be under way again",
        "scheduling/engine/takeover.py",
        "            attempt=run.attempt,\n            not_before=run.not_before,\n",
        "",
    ),
)


ALL = (*MUTATIONS, *FURTHER)


def hunted(words: str, *, seeds: int) -> int:
    """Which seed notices the absence of each such safeguard. Exit code 1 when one is missed by none."""
    wanted = [one.safeguard for one in ALL if words in one.safeguard]
    missed = 0
    for safeguard in wanted:
        began = time.monotonic()
        failure = _seed_fails(safeguard, seeds)
        missed += not failure
        spent = time.monotonic() - began
        sys.stdout.write(f"{safeguard}: {failure or 'MISSED'} ({spent:.0f} s)\n")
        sys.stdout.flush()
    sys.stdout.write(f"{len(wanted) - missed} of {len(wanted)} are noticed in {seeds} seeds\n")
    return 1 if missed else 0


def _seed_fails(safeguard: str, seeds: int) -> str:
    """The first seed that breaks a rule without it, and which; empty when none does."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--quick", "--seeds", str(seeds), "--without", safeguard],
        capture_output=True,
        text=True,
        check=False,
    )
    if not result.stdout:
        raise SystemExit(f"{safeguard}: {result.stderr}")
    return result.stdout.splitlines()[0] if result.returncode else ""


def texts_without(safeguard: str) -> dict[str, str]:
    """The source of each file that changes, by path. Raises `SystemExit` where its words are gone."""
    [mutation] = [one for one in ALL if one.safeguard == safeguard]
    texts: dict[str, str] = {}
    for name, old, new in mutation.replacements:
        path = str(PROJECT / name)
        text = texts.get(path) or Path(path).read_text()
        if text.count(old) != 1:
            raise SystemExit(f"{safeguard}: {old!r} is {text.count(old)} times in {name}, not once")
        texts[path] = text.replace(old, new)
    return texts


def take_away(safeguard: str) -> None:
    """Have this process import the code without it; before anything of it is imported."""
    texts, get_code = texts_without(safeguard), SourceFileLoader.get_code

    def code(loader: SourceFileLoader, name: str) -> Any:
        text = texts.get(loader.path)
        return get_code(loader, name) if text is None else compile(text, loader.path, "exec")

    SourceFileLoader.get_code = code  # type: ignore[method-assign, assignment]
