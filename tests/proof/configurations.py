"""What is explored, in the tests and by `make model`, and for each safeguard what shows its use."""

from tests.proof import switches
from tests.proof.state import CatchUp, Configuration, Overlap

# The first takes more than a minute, the others some seconds.
SMALL = {
    "two hosts, two occurrences, two faults": Configuration(faults=2),
    "two hosts, one occurrence, two faults": Configuration(occurrences=1, faults=2),
    "two hosts, one occurrence, a fault and an act": Configuration(occurrences=1, acts=1),
    "one host, two occurrences, runs wait for each other": Configuration(
        hosts=1, acts=1, catch_up=CatchUp.ALL, old_version=True
    ),
    "one host, two occurrences, runs skip": Configuration(
        hosts=1, acts=1, overlap=Overlap.SKIP, catch_up=CatchUp.SKIP, old_version=True
    ),
    "one host, two occurrences, runs may overlap": Configuration(
        hosts=1, faults=2, overlap=Overlap.ALLOW, old_version=True
    ),
}
LARGE = {
    "two hosts, two occurrences, three faults": Configuration(faults=3),
    "two hosts, two occurrences, an act": Configuration(faults=0, acts=1, old_version=True),
    "two hosts, two occurrences, a fault, runs may overlap": Configuration(overlap=Overlap.ALLOW),
    "two hosts, one occurrence, two faults and an act": Configuration(occurrences=1, faults=2, acts=1),
    "one host, two faults and an act": Configuration(hosts=1, faults=2, acts=1),
    "one host, two acts": Configuration(hosts=1, acts=2, catch_up=CatchUp.ALL, old_version=True),
    "one host, three occurrences": Configuration(hosts=1, occurrences=3, faults=2),
}

_LEASE = {"occurrences": 1, "faults": 2}
_ACT = {"hosts": 1, "occurrences": 1, "faults": 0, "acts": 1}
_QUIET = {"hosts": 1, "faults": 0}
_CRASH = {"hosts": 1, "occurrences": 1, "faults": 1}
# The rule that is broken without it, and where.
SHOWN = {
    switches.UNIQUE: ("CLAIM-1", {"hosts": 1, "faults": 0, "acts": 1, "old_version": True}),
    switches.COMPARE: ("CLAIM-2", _QUIET),
    switches.ONLY_QUEUED: ("ONCE-1", _LEASE),
    switches.FENCED: ("FENCE-1", _LEASE),
    switches.STOOD_STILL: ("RECOVER-1", _LEASE),
    switches.TAKEN_BACK: ("LIVE-1", {"occurrences": 1, "faults": 1}),
    switches.SAME_BEAT: ("RECOVER-1", _LEASE),
    switches.TOO_LATE: ("RECOVER-1", _LEASE),
    switches.WATCHDOG: ("RECOVER-1", _LEASE),
    switches.CALLED_OFF: ("WATCH-1", _LEASE),
    switches.GIVEN_BACK: ("LIVE-1", _CRASH),
    switches.PAUSED: ("PAUSE-1", _ACT),
    switches.FENCED_RECOVERY: ("RECOVER-1", _LEASE),
    switches.FENCED_TOGETHER: ("FENCE-1", {"faults": 0, "overlap": Overlap.ALLOW}),
    switches.FENCED_RETURN: ("FENCE-2", _LEASE),
    switches.FENCED_HAND_OVER: ("RECOVER-1", _ACT),
    switches.WAITS_STILL: ("ONCE-2", _QUIET),
    switches.STILL_RUNNING: ("END-1", _LEASE),
    switches.ONE_TRANSACTION: ("CLAIM-3", _QUIET),
    switches.EFFECT_WITH_END: ("EFFECT-1", _CRASH),
    switches.SINCE_ASKED: ("RECOVER-1", _LEASE),
    switches.LONG_LEASE: ("RECOVER-1", _LEASE),
    switches.LONGER_THAN_BEATS: ("RECOVER-1", _LEASE),
    switches.COUNTED: ("ATTEMPT-1", _LEASE),
    switches.LOSS_COUNTED: ("ATTEMPT-1", _LEASE),
    switches.STOPWATCH: ("RECOVER-1", _LEASE),
    switches.BACKFILL_LOOKS: ("END-1", _ACT),
    switches.KNOWN: ("LIVE-1", _ACT),
    switches.ONE_AT_A_TIME: ("OVERLAP-1", _QUIET),
    switches.LOCKED: ("OVERLAP-1", _QUIET | {"catch_up": CatchUp.ALL}),
    switches.ASKED_AGAIN: ("LIVE-1", _QUIET | {"occurrences": 1}),
    switches.HELD: ("PAUSE-2", _QUIET | {"acts": 2}),
    switches.CANCEL_WAITING: ("ASK-1", _ACT),
    switches.RETRY_FAILED: ("ASK-1", _ACT),
}


def without(safeguard: str) -> Configuration:
    return Configuration(**SHOWN[safeguard][1], without=frozenset({safeguard}))  # type: ignore[arg-type]
