"""The safeguards that can be taken away from the model, by name.

The first of them are those of `tests/faults/mutate.py`, which takes them from the code; a test holds the
names equal.
"""

UNIQUE = "the unique constraint: one run per occurrence"
COMPARE = "the compare-and-swap: a schedule moves on only from where it was seen"
ONLY_QUEUED = "the claim: only a queued run is taken"
FENCED = "the fencing: only the owner ends a run"
STOOD_STILL = "the lease: another host's run is taken back only when its heartbeat stood still"
TAKEN_BACK = "the end of a lease: another host's run is taken back at all"
SAME_BEAT = "the heartbeat seen is the heartbeat that stands"
TOO_LATE = "a claim that was answered too late is not started"
WATCHDOG = "the watchdog: a worker that cannot renew its lease ends itself"
CALLED_OFF = "the watchdog is called off when the run is over"
GIVEN_BACK = "a claim that broke off is given back"
PAUSED = "a paused schedule is not moved on, whenever it was seen"
MUTATED = (
    UNIQUE,
    COMPARE,
    ONLY_QUEUED,
    FENCED,
    STOOD_STILL,
    TAKEN_BACK,
    SAME_BEAT,
    TOO_LATE,
    WATCHDOG,
    CALLED_OFF,
    GIVEN_BACK,
    PAUSED,
)

FENCED_RECOVERY = "the fencing of recovery: what is taken back is the claim that was seen"
FENCED_TOGETHER = "the fencing of an end that is written with the next claim"
FENCED_RETURN = "the fencing of a claim given back"
FENCED_HAND_OVER = "the fencing of what a stopped pool was doing"
WAITS_STILL = "only a run that still waits is taken over"
STILL_RUNNING = "only a running run is taken back"
ONE_TRANSACTION = "the schedule is moved on and its runs are written in one transaction"
EFFECT_WITH_END = "a task's writes and its end are one transaction"
SINCE_ASKED = "a lease counts from before its run was asked for, not from the answer"
LONG_LEASE = "a lease is longer than the time after which its worker surrenders"
LONGER_THAN_BEATS = "a lease is longer than the time between two heartbeats"
COUNTED = "an attempt that failed is counted"
LOSS_COUNTED = "an attempt that was lost is counted"
STOPWATCH = "leases are measured by a stopwatch, not by the wall clock"
BACKFILL_LOOKS = "a backfill looks for runs that are open or have ended"
KNOWN = "an occurrence that has a run is not claimed again"
ONE_AT_A_TIME = "a waiting run is queued only when no other of its job is under way"
LOCKED = "who queues a run holds its job's row, so that two look one after the other"
ASKED_AGAIN = "a queued run that no worker took is asked for again"
HELD = "what was asked for is not queued while its schedule is paused"
CANCEL_WAITING = "only what waits is cancelled"
RETRY_FAILED = "only a failed run begins anew"
FURTHER = (
    FENCED_RECOVERY,
    FENCED_TOGETHER,
    FENCED_RETURN,
    FENCED_HAND_OVER,
    WAITS_STILL,
    STILL_RUNNING,
    ONE_TRANSACTION,
    EFFECT_WITH_END,
    SINCE_ASKED,
    LONG_LEASE,
    LONGER_THAN_BEATS,
    COUNTED,
    LOSS_COUNTED,
    STOPWATCH,
    BACKFILL_LOOKS,
    KNOWN,
    ONE_AT_A_TIME,
    LOCKED,
    ASKED_AGAIN,
    HELD,
    CANCEL_WAITING,
    RETRY_FAILED,
)
