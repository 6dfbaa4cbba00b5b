"""Themes of what happens between what somebody reads and what he writes by it."""

from scheduling.engine.dispatcher import LONGEST_SLEEP
from scheduling.models import Overlap
from tests.simulation.theme import (
    ACTED_TRAP,
    ASKED,
    EVERY,
    HEART_TRAP,
    LATE_BEAT,
    LONG_WORK,
    RACE_TRAP,
    SETS,
    SLOWLY,
    WORK,
    WORKER_TRAP,
    Strike,
    Theme,
)


def _races(*acts: str) -> tuple[Strike, ...]:
    """Who is about to open a transaction, or to write without one, has read before that what it is for."""
    places = (*("dispatcher __enter__",) * 4, "worker __enter__", "worker update", "operator __enter__")
    return tuple((RACE_TRAP, f"{place}: {act}") for place in places for act in acts)


# What one of two people does while the other one is about to look at the same job, or to hold it.
OF_TWO = ("pause", "pause", "resume", "resume", "set", "remove", "trigger")
# What changes between the two, whoever it is that reads and writes.
RACES = (
    Theme(
        strikes=(
            *_races("trigger", "trigger", "backfill", "cancel", "set back"),
            *((ASKED, act) for act in ("trigger", "trigger", "backfill", "cancel", "set back")),
            ("messages are lost", ""),
        ),
        hosts=(1, 1, 2),
        every=(EVERY,),
        tasks=("store", "work", "work", "fail_at_first"),
        work=(0.5, 3.0, 9.0, 15.0),
        overlaps=(Overlap.SKIP, Overlap.QUEUE),
        jobs={"time_limit": (30,)},
    ),
    Theme(
        strikes=(
            *_races("pause", "pause for a while", "resume"),
            *((ASKED, act) for act in ("pause for a while", "pause for a while", "resume", "trigger")),
        ),
        hosts=(1, 1, 2),
        every=(EVERY,),
        tasks=("store", "work", "fail_at_first"),
        work=(0.5, 3.0, 9.0),
        jobs={"time_limit": (30,)},
    ),
    # Where all fails, or loses its worker, until somebody has it tried again.
    Theme(
        strikes=(
            *_races("retry", "retry", "trigger"),
            *((ASKED, "retry"),) * 12,
            (ASKED, "trigger"),
            # Of what the clean-up has chosen, and not yet deleted.
            *((ASKED, "clean up beside"),) * 16,
            *((ACTED_TRAP, "operator delete_in_batches delete: retry"),) * 12,
        ),
        hosts=(1, 1, 2),
        every=(EVERY,),
        tasks=("die", "die", "fail", "fail_at_first"),
        work=(0.5, 3.0),
        overlaps=(Overlap.SKIP, Overlap.QUEUE, Overlap.QUEUE),
        retries=(False, False, True),
        jobs={"pause_after_failures": (None,), "keep_failed": (1,)},
        people=2,
    ),
    # Who wakes up right before he writes, when his run has been taken back from him.
    Theme(
        strikes=(
            *((WORKER_TRAP, place) for place in ("_end", "_end", "_committed", "persistently")),
            *((WORKER_TRAP, place) for place in ("_record_failure", "give_back")),
            *((HEART_TRAP, ""),) * 4,
            *(("a worker stands still", ""),) * 2,
            ("a host is cut off", ""),
        ),
        hosts=(2,),
        every=(EVERY,),
        tasks=("store", "work", "fail_at_first", "store_in_parts"),
        work=(0.5, 3.0, 9.0),
        retries=(True,),
        jobs={"time_limit": (60,)},
        sleeps=(LONGEST_SLEEP,),
    ),
    # And who wakes up before he begins.
    Theme(
        strikes=(
            *((WORKER_TRAP, place) for place in ("claim_run", "take", "held_lease", "held_lease")),
            *(("an answer is late", ""),) * 4,
            (HEART_TRAP, ""),
            (LATE_BEAT, ""),
        ),
        hosts=(2,),
        every=(EVERY,),
        tasks=("store", "work", "work"),
        work=LONG_WORK,
        retries=(True,),
        jobs={"time_limit": (60,)},
        sleeps=(LONGEST_SLEEP,),
    ),
    Theme(
        strikes=(
            *((ACTED_TRAP, f"operator _changing: {act}") for act in OF_TWO),
            *((RACE_TRAP, f"operator __enter__: {act}") for act in OF_TWO),
            *((SETS, "set"),) * 12,
            *((ASKED, act) for act in ("pause", "resume", "backfill")),
        ),
        every=(EVERY, *SLOWLY[:1]),
        tasks=("store", "work"),
        work=WORK[:3],
        is_endless=True,
        people=2,
    ),
)
