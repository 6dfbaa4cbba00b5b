"""Safeguards chosen when claims, releases and acts were reckoned anew, by who had written that."""

from tests.proof.kept import CLAIMING, CLAIMS, EXECUTION, RECOVERY
from tests.simulation.mutants_of_policies import CHANGING, PLANNING, TAKEOVER, TURNS, mutant
from tests.simulation.mutants_unseen import AFTERMATH

CADENCE = "scheduling/timing/cadence.py"
OUTLOOK = "scheduling/engine/outlook.py"

OF_REFERENCES = (
    mutant(
        "who takes over is newer than what gives way, and the newest of those that come",
        CLAIMING,
        "by=coming[-1]",
        "by=coming[0]",
    ),
    mutant(
        "the window of what is made up for ends now",
        PLANNING,
        "since=now - policies.catch_up_window",
        "since=first - policies.catch_up_window",
    ),
    mutant(
        "the last of a count is the end",
        CADENCE,
        "over = count == at_most or (",
        "over = (",
    ),
    mutant(
        "what a pause holds keeps no other waiting",
        RECOVERY,
        "job.paused_at is not None:\n            continue\n",
        "job.paused_at is not None:\n            busy.add(run.job_id)\n            continue\n",
    ),
    mutant(
        "what an operator asked for goes before the past",
        TURNS,
        "return (ASKED_FOR.index(run.trigger) + 1, run.occurrence)",
        "return (1, run.occurrence)",
    ),
    mutant(
        "who goes on after a pause has an end",
        CHANGING,
        "first=first, ends_at=job.ends_at).following",
        "first=first).following",
    ),
    mutant(
        "a claim that came to nothing waits, and is not queued without a message",
        CLAIMS,
        "        state=RunState.PENDING,\n        attempt",
        "        state=RunState.QUEUED,\n        attempt",
    ),
    mutant(
        "whether something waits that may begin is asked at each look",
        OUTLOOK,
        "WHERE state = 'pending' AND not_before <= (SELECT now FROM clock))",
        "WHERE state = 'pending' AND not_before <= (SELECT silent FROM clock))",
    ),
    mutant(
        "what follows takes over the occurrence",
        AFTERMATH,
        "_ask_for(followers, occurrence=occurrence, now=now)",
        "_ask_for(followers, occurrence=now, now=now)",
    ),
    mutant(
        "a job is paused by what was taken over as well",
        TAKEOVER,
        "        if won:\n            follow_failure(job_id=run.job_id, now=now)\n",
        "",
    ),
    mutant(
        "a claim holds the planned ones back for what is queued of those asked for",
        CLAIMING,
        "run.state in (RunState.QUEUED, RunState.RUNNING)  # [OVERLAP-1]\n    )",
        "run.state == RunState.RUNNING\n    )",
    ),
    mutant(
        "what was missed is carried over an occurrence that has a run",
        CLAIMING,
        "            missed = 0\n    if missed:",
        "        missed = 0\n    if missed:",
    ),
    mutant(
        "what a loss leaves waits from now on, and not from when it may have begun",
        RECOVERY,
        "not_before=now + wait,\n",
        "not_before=run.not_before + wait,\n",
    ),
    mutant(
        "a failed attempt is counted as the claim's, not as the row's",
        EXECUTION,
        "with_jitter(waits[claim.attempt - 1])",
        "with_jitter(waits[min(len(run.failed_attempts), len(waits) - 1)])",
    ),
)
