"""To which instant the clock goes when everybody waits."""

import math
from collections.abc import Callable, Iterator, Sequence

from tests.simulation.processes import Process, Thread

# Nobody waits so long; who does waits for nothing.
FOR_EVER = 1e9
# What happens then.
Later = tuple[float, Callable[[], None]]


def next_instant(processes: Sequence[Process], *, later: Sequence[Later], now: float) -> float:
    """At which something may happen."""
    instants = [at for at, _ in later]
    for process in processes:
        instants += _instants_of(process, now)
    return min(instants, default=FOR_EVER)


def skip_dull(processes: Sequence[Process], *, later: Sequence[Later], now: float) -> None:
    """Who naps until something happens wakes just before it, and not after each nap: only time is won."""
    dull: list[Thread] = []
    ahead = [at for at, _ in later]
    for process in processes:
        for thread in process.threads if process.stalled_until <= now else ():
            until = thread.dull_until() if thread.dull_until else 0.0
            if until > thread.wake_at:
                dull.append(thread)
                ahead.append(until)
        ahead += _instants_of(process, now, but=dull)
    until = min(ahead, default=FOR_EVER)
    for thread in dull:
        naps = math.ceil((until - thread.wake_at) / thread.nap) - 1
        thread.wake_at += max(naps, 0) * thread.nap


def _instants_of(process: Process, now: float, *, but: Sequence[Thread] = ()) -> Iterator[float]:
    """When something of it may go on."""
    for at in (process.alarm_at, process.watchdog_at):
        if at is not None:
            yield at
    if process.stalled_until > now:
        yield process.stalled_until
    for thread in process.threads:
        if not thread.run.dead and thread not in but:
            yield max(thread.wake_at, thread.late_until, process.stalled_until)
        if thread.late_until > now:
            yield thread.late_until
