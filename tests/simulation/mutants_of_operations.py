"""Safeguards of what people ask for, taken away: cancels, retries, backfills, triggers, pauses."""

from tests.faults.mutate import Mutation
from tests.simulation.mutants_of_policies import CHANGING, RETRYING, mutant

CANCELLING = "scheduling/operations/cancelling.py"
NOT_UNDER_WAY = "state__in=(RunState.PENDING, RunState.QUEUED),  # [ASK-1]"

OF_OPERATIONS = (
    mutant(
        "a backfill looks for runs that are open",
        CHANGING,
        "if run.state != RunState.SKIPPED]",
        "if run.state in (RunState.SUCCEEDED, RunState.FAILED)]",
    ),
    mutant(
        "a backfill looks for runs that have ended",
        CHANGING,
        "if run.state != RunState.SKIPPED]",
        "if run.state in (RunState.PENDING, RunState.QUEUED, RunState.RUNNING)]",
    ),
    mutant(
        "only what waits is cancelled",
        CANCELLING,
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
    mutant("a backfill refuses where one of its occurrences has a run", CHANGING, "if ran:", "if False:"),
    mutant(
        "a pause that is over is ended, and no other",
        CHANGING,
        "if until is not None and job.paused_until != until:",
        "if False:",
    ),
    mutant(
        "what is made up for has the count of what it makes up for",
        CHANGING,
        "missed_before=missed_before.get(occurrence, 0),",
        "missed_before=0,",
    ),
    mutant(
        "resuming goes on from now",
        CHANGING,
        "if next_run is not None and next_run < now:",
        "if False:",
    ),
    mutant(
        "a run that somebody triggers is one while it waits",
        CHANGING,
        "if waiting is not None:",
        "if False:",
    ),
    mutant(
        "what is cancelled waits when it is cancelled, and not a look before",
        CANCELLING,
        "cancelled = waiting.update(",
        'cancelled = Run.objects.filter(pk__in=list(waiting.values_list("pk", flat=True))).update(',
    ),
)
