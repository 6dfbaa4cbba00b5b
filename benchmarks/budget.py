"""Where the time of one fetch and one score goes: each phase's seconds, without those of phases inside it."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from importlib import import_module
from typing import Any, Final, NamedTuple
from unittest.mock import patch

# Phase -> the functions that are it; what none of them does is "the rest".
PHASES: Final[dict[str, tuple[str, ...]]] = {
    "request": ("validators.solana.rpc:Endpoint._body",),
    "decode, validate": ("validators.solana.rpc:Endpoint._result",),
    "interpret": ("validators.solana.voting_reply:_interpreted",),
    "judge": ("validators.solana.looking:doubt_about_votes",),
    "read the last look": ("validators.services.fetching:last_look",),
    "read what is stored": (
        "validators.services.present:stored_validators",
        "validators.services.epochs:_settled_epochs",
        "validators.services.epochs:_stored_epochs",
        "validators.services.present:running_rows",
    ),
    "compare": ("validators.services.fetching:compare",),
    "store": ("validators.services.fetching:record_snapshot",),
    "performances": ("validators.services.running_epoch:running_performances",),
    "cluster's epoch": ("validators.services.snapshots:record_cluster",),
    "write": (
        "validators.services.bulk:Staged.__init__",
        "validators.services.bulk:Staged.write",
        "validators.services.bulk:update_rows",
        "validators.services.bulk:insert_rows",
        "validators.services.bulk:insert_large",
    ),
    "events": ("validators.services.snapshots:record_events",),
    "read the inputs": ("validators.services.scores.running:cluster_facts",),
    "compute, make rows": ("validators.services.scores.running:_verdicts",),
    "pack the inputs": ("validators.services.scores.running:packed",),
    "open, close": ("validators.services.scores.running:store_scores",),
    "told ranks": ("validators.services.scores.storing:tell_rank_moves",),
}
REST: Final = "the rest"


class Spent(NamedTuple):
    """Seconds by the clock, and seconds of this process alone."""

    seconds: float = 0.0
    cpu: float = 0.0

    def __add__(self, other: Any) -> "Spent":
        return Spent(self.seconds + other.seconds, self.cpu + other.cpu)

    def __sub__(self, other: "Spent") -> "Spent":
        return Spent(self.seconds - other.seconds, self.cpu - other.cpu)


def budget(action: Callable[[], Any]) -> dict[str, Spent]:
    """What each phase of the action took, in the order of PHASES; those that did not happen are left out."""
    spent: defaultdict[str, Spent] = defaultdict(Spent)
    inside = [REST]
    last = [_now()]

    def turn(phase: str | None) -> None:
        """The time since the last turn is the inner phase's; another one begins, or None ends it."""
        now = _now()
        spent[inside[-1]] += now - last[0]
        last[0] = now
        if phase is None:
            inside.pop()
        else:
            inside.append(phase)

    @contextmanager
    def during(phase: str) -> Iterator[None]:
        turn(phase)
        try:
            yield
        finally:
            turn(None)

    with ExitStack() as patches:
        for phase, places in PHASES.items():
            for place in places:
                patches.enter_context(_timed(place, phase, during))
        with during(REST):
            action()
    return {phase: spent[phase] for phase in (*PHASES, REST) if phase in spent}


def cpu_of(phases: dict[str, Spent]) -> float:
    return sum(spent.cpu for spent in phases.values())


def _now() -> Spent:
    return Spent(time.perf_counter(), time.process_time())


def _timed(place: str, phase: str, during: Callable[[str], Any]) -> Any:
    module, _, path = place.partition(":")
    *owner, name = path.split(".")
    target: Any = import_module(module)
    for part in owner:
        target = getattr(target, part)
    original = getattr(target, name)

    @wraps(original)
    def timed(*args: Any, **kwargs: Any) -> Any:
        with during(phase):
            return original(*args, **kwargs)

    return patch.object(target, name, timed)
