"""`python -m tests.faults.mutate`: takes one safeguard away at a time and expects the suite to notice.

With words, those whose name has them. Each mutant is a copy of the tree of its own.
Exit code 1 when a mutant survives. A mutation whose text is no longer there is an error: it
has to follow the code.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
# What a copy does without.
LEFT_OUT = shutil.ignore_patterns(".venv", ".git", "var", "__pycache__", ".*_cache", ".hypothesis")
# The tests that are about what happens once, and about nothing else.
TESTS = (
    "tests/faults/test_stale_dispatchers.py",
    "tests/scheduling/engine/test_claiming.py",
    "tests/scheduling/engine/test_execution.py",
    "tests/scheduling/engine/test_leases.py",
    "tests/scheduling/engine/test_recovery.py",
    "tests/faults/test_bad_endings.py",
    "tests/faults/test_crash_points.py",
)
OPTIONS = ("-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider")
PATIENCE = 600
CONSTRAINT = "scheduling_run_once_per_occurrence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A safeguard, and the texts whose replacement takes it away: (file, old, new)."""

    safeguard: str
    replacements: tuple[tuple[str, str, str], ...]


MUTATIONS = (
    Mutation(
        safeguard="the unique constraint: one run per occurrence",
        replacements=(
            (
                "scheduling/models/runs.py",
                f'models.UniqueConstraint(fields=["job", "occurrence"], name="{CONSTRAINT}"),',
                "",
            ),
            (
                "scheduling/migrations/0001_initial.py",
                f"models.UniqueConstraint(fields=('job', 'occurrence'), name='{CONSTRAINT}')",
                "",
            ),
        ),
    ),
    Mutation(
        safeguard="the compare-and-swap: a schedule moves on only from where it was seen",
        replacements=(
            (
                "scheduling/engine/statements.py",
                "move.column1 AND django_q_schedule.next_run = move.column2",
                "move.column1 AND move.column2 IS NOT NULL",
            ),
        ),
    ),
    Mutation(
        safeguard="the claim: only a queued run is taken",
        replacements=(
            (
                "scheduling/engine/statements.py",
                "id = %(run)s AND state = 'queued' AND",
                "id = %(run)s AND",
            ),
        ),
    ),
    Mutation(
        safeguard="the fencing: only the owner ends a run",
        replacements=(
            (
                "scheduling/engine/statements.py",
                "AND owner = %(ended_owner)s AND state = 'running'",
                "AND %(ended_owner)s IS NOT NULL AND state = 'running'",
            ),
        ),
    ),
    Mutation(
        safeguard="the lease: another host's run is taken back only when its heartbeat stood still",
        replacements=(("scheduling/engine/recovery.py", "*watch.expired(remote)", "*remote"),),
    ),
    Mutation(
        safeguard="the end of a lease: another host's run is taken back at all",
        replacements=(("scheduling/engine/recovery.py", "(*lost, *watch.expired(remote))", "lost"),),
    ),
    Mutation(
        safeguard="the heartbeat seen is the heartbeat that stands",
        replacements=(("scheduling/engine/recovery.py", "heartbeat=run.heartbeat, ", ""),),
    ),
    Mutation(
        safeguard="a claim that was answered too late is not started",
        replacements=(
            ("scheduling/engine/leases.py", "if time.monotonic() - since > SURRENDER:", "if False:"),
        ),
    ),
    Mutation(
        safeguard="the watchdog: a worker that cannot renew its lease ends itself",
        replacements=(("scheduling/engine/leases.py", "_surrender_at(since + SURRENDER)", "pass"),),
    ),
    Mutation(
        safeguard="the watchdog is called off when the run is over",
        replacements=(
            ("scheduling/engine/leases.py", "            own_watchdog().call_off()", "            pass"),
        ),
    ),
    Mutation(
        safeguard="a claim that broke off is given back",
        replacements=(
            ("scheduling/engine/claims.py", "for_certain(lambda: give_back(run_id, owner=owner))", "pass"),
        ),
    ),
    Mutation(
        safeguard="a paused schedule is not moved on, whenever it was seen",
        replacements=(("scheduling/engine/statements.py", "(job.paused_at IS NOT NULL OR", "(FALSE OR"),),
    ),
)


def main(words: str) -> int:
    say = sys.stdout.write
    survivors = 0
    tried = [mutation for mutation in MUTATIONS if words in mutation.safeguard]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        unchanged = _suite_fails(_copy(Path(folder) / "unchanged"))
        if unchanged:
            say(f"The suite fails without any mutation:\n{unchanged}\n")
            return 1
        for number, mutation in enumerate(tried):
            started = time.monotonic()
            copy = _copy(Path(folder) / str(number))
            _apply(mutation, copy)
            failure = _suite_fails(copy)
            survivors += not failure
            verdict = f"killed by {failure}" if failure else "SURVIVED"
            say(f"{mutation.safeguard}: {verdict} ({time.monotonic() - started:.0f} s)\n")
            sys.stdout.flush()
            shutil.rmtree(copy)
    say(f"{len(tried) - survivors} of {len(tried)} mutants killed\n")
    return 1 if survivors else 0


def _copy(target: Path) -> Path:
    shutil.copytree(PROJECT, target, ignore=LEFT_OUT)
    return target


def _apply(mutation: Mutation, copy: Path) -> None:
    for name, old, new in mutation.replacements:
        text = (copy / name).read_text()
        if text.count(old) != 1:
            raise SystemExit(f"{mutation.safeguard}: {old!r} is {text.count(old)} times in {name}, not once")
        (copy / name).write_text(text.replace(old, new))


def _suite_fails(copy: Path) -> str:
    """The first test that fails in a copy, on SQLite or else on PostgreSQL; empty when none does."""
    for module in ("pytest", "tests.on_postgres"):
        try:
            result = subprocess.run(
                [sys.executable, "-m", module, *OPTIONS, *TESTS],
                cwd=copy,
                env=os.environ | {"STATE_DIR": str(copy / "var"), "PYTHONPATH": str(copy)},
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
        except subprocess.TimeoutExpired:
            return f"the suite, which did not end within {PATIENCE} s"
        if result.returncode != 0:
            found = [line for line in result.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
            if not found:  # a machine without memory, say: no test has noticed anything
                raise SystemExit(f"The suite broke off:\n{(result.stdout + result.stderr)[-2000:]}")
            return found[0].split(" - ")[0]
    return ""


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
