"""What a seed with a theme draws from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scheduling.engine.dispatcher import LONGEST_SLEEP
from scheduling.models import CatchUp, Overlap

# Seconds between two occurrences of most seeds; the others are slow.
EVERY = 10
SLOWLY = (3_600, 21_600, 86_400)
# Seconds that a task works: no time, less than a heartbeat, than a surrender, than a lease, and more.
WORK = (0.0, 0.5, 3.0, 6.0, 9.0, 15.0)
# And long enough for others to take its run back whose last heartbeat was its first.
LONG_WORK = (15.0, 25.0, 25.0)
TASKS = (
    "store",
    "store_in_parts",
    "work",
    "fail_at_first",
    "fail_in_turn",
    "fail",
    "skip",
    "die",
    "clean_up",
)
FAILING = ("fail_at_first", "fail", "fail_in_turn")

DISPATCHER_TRAP, WORKER_TRAP = "a dispatcher walks into a trap", "a worker walks into a trap"
CUT_TRAP, LOST_TRAP = "a host is cut off in a trap", "an answer is lost in a trap"
LATE_BEAT = "the answer to a heartbeat is late, and then none comes"
ASKED, SETS, TELLS = "somebody acts", "somebody sets schedules up", "something is to be told"
COURIER_TRAP, CHANGED_TRAP = "a courier walks into a trap", "schedules change in a trap"
ACTED_TRAP, LAST_TRAP = "somebody acts beside a trap", "the last words of a trap are late"
RACE_TRAP = "somebody acts between what one read and what he writes"
HEART_TRAP = "a heart walks into a trap"
CLOCK_AHEAD = "the clock is ahead for a while"
# Of a fault its kind, and where its trap is, or which act it is.
Strike = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """What a seed draws from; by itself what seeds without a theme do.

    `hosts` and `every` as the seed says where there are none; `begins` so many intervals after the clock on
    the wall jumps. `jobs` are values of their rows, `cron` that of all.
    """

    strikes: tuple[Strike, ...] = ()
    hosts: tuple[int, ...] = ()
    every: tuple[int, ...] = ()
    begins: float = -2.0
    kinds: tuple[str, ...] = ("job", "job", "stranger")
    tasks: tuple[str, ...] = TASKS
    work: tuple[float, ...] = WORK
    overlaps: tuple[str, ...] = tuple(Overlap.values)
    catch_ups: tuple[str, ...] = tuple(CatchUp.values)
    retries: tuple[bool, ...] = (False, True)
    # How often a third job follows the first.
    follows: float = 0.4
    jobs: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    cron: str = ""
    # Whether no job has an end or a count before somebody sets one.
    is_endless: bool = False
    # Whether all jobs were due while nobody looked, and not some.
    is_late: bool = False
    # How many sit at the desk and do what is asked of them.
    people: int = 1
    # Seconds between two looks of an idle dispatcher: as in the product, and fewer of the dull ones.
    sleeps: tuple[float, ...] = (LONGEST_SLEEP, 2.0, 4.0)


GENERAL = Theme()
