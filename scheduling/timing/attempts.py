"""How often a run is tried, and how long it waits in between: spread over half of its interval."""

import random
from datetime import timedelta
from itertools import chain, repeat

# Each wait, in first waits: close together while it may have been a hiccup, then ever further apart.
STEPS = (1, 10, 60, 300, 1_200, 3_600)
FIRST_WAIT = timedelta(seconds=1)
# Of a job that says nothing else. Within half of a day's interval there is room for 15.
MOST_ATTEMPTS = 20
# Of the attempts that failed so many are kept, the newest: a run may be retried by hand again and again.
MOST_KEPT = 40
LONGEST_WAIT = timedelta(hours=1)
# The next occurrence is near then, and it takes over what is left.
SHARE_OF_INTERVAL = 0.5
# Of a short interval's share no wait takes more than this, so that there is room for a third attempt.
SHARE_OF_WAIT = 0.5
# What is left of the share is worth a last attempt when it is this part of the wait that would be next.
WORTH_IT = 0.75
# Waits are longer by up to this part, so that what failed together is not tried again together.
JITTER = 0.25


def waits_between_attempts(
    *, most: int, first_wait: timedelta, interval: timedelta | None
) -> tuple[timedelta, ...]:
    """The wait after each failed attempt but the last; one attempt more than there are waits.

    All of them together, with their jitter, take no more than half of the interval. Without one, for a
    job that nothing asks for again, there are `most` attempts.
    """
    longest = max(LONGEST_WAIT, first_wait)
    steps = chain(STEPS, repeat(STEPS[-1]))
    if interval is None:
        return tuple(min(first_wait * next(steps), longest) for _ in range(most - 1))
    room = interval * SHARE_OF_INTERVAL / (1 + JITTER)
    longest = min(longest, room * SHARE_OF_WAIT)
    waits: list[timedelta] = []
    while len(waits) < most - 1:
        left = room - sum(waits, timedelta(0))
        wait = min(first_wait * next(steps), longest)
        if left < wait * WORTH_IT:
            break
        waits.append(min(wait, left))
    return tuple(waits)


def with_jitter(wait: timedelta) -> timedelta:
    """That wait, longer by a part that nobody knows before."""
    return wait * random.uniform(1, 1 + JITTER)
