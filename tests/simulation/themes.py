"""What some seeds are about: strikes and jobs for which a certain step of somebody is the one that matters.

Of faults and acts that are drawn alike the orders that need three at once hardly come. So half of the seeds
have a theme: fewer kinds, close to each other, and traps at the very functions.
"""

import random

from scheduling.engine.dispatcher import LONGEST_SLEEP
from scheduling.models import CatchUp, Overlap
from tests.simulation.races import RACES
from tests.simulation.theme import (
    ACTED_TRAP,
    ASKED,
    CHANGED_TRAP,
    CLOCK_AHEAD,
    COURIER_TRAP,
    CUT_TRAP,
    DISPATCHER_TRAP,
    EVERY,
    FAILING,
    GENERAL,
    LAST_TRAP,
    LATE_BEAT,
    LONG_WORK,
    LOST_TRAP,
    SETS,
    SLOWLY,
    TELLS,
    WORK,
    WORKER_TRAP,
    Strike,
    Theme,
)

# Every how many seeds one has a theme; of twice as many one more is about people, and one about races.
THEME_IS_ONE_OF = 4
OF_PEOPLE_IS_ONE_OF = OF_RACES_IS_ONE_OF = 2 * THEME_IS_ONE_OF
STANDS_STILL = ("a dispatcher stands still", "")
THEMES = (
    # Of a pool that is stopped two dispatchers give back what it did.
    Theme(
        strikes=(
            *(("a deployment", ""),) * 3,
            (DISPATCHER_TRAP, "give_back_stopped"),
            # Of two hosts for longer than a lease, so that another one has taken it back meanwhile.
            *((DISPATCHER_TRAP, "give_back_stopped update"),) * 3,
        ),
        hosts=(1, 2, 2),
        every=(EVERY,),
        tasks=("store", "work", "fail_at_first"),
        work=(3.0, 9.0, 15.0, 15.0),
        retries=(False, False, True),
        jobs={"time_limit": (30,)},
    ),
    # What waits for another attempt when something newer does.
    Theme(
        strikes=(
            (DISPATCHER_TRAP, "take_over_waiting"),
            (ACTED_TRAP, "dispatcher take_over_waiting: retry"),
            (ACTED_TRAP, "dispatcher take_over_waiting: retry"),
            (ASKED, "retry"),
            (ASKED, "retry"),
            (ASKED, "trigger"),
            (ASKED, "backfill"),
        ),
        every=(EVERY, EVERY, *SLOWLY[:1]),
        tasks=FAILING,
        overlaps=(Overlap.QUEUE, Overlap.QUEUE, Overlap.SKIP),
        retries=(True,),
        work=(0.5, 3.0, 6.0),
    ),
    # What is claimed again, or too late to run, while an earlier run waits for another attempt.
    Theme(
        strikes=(
            *((ASKED, "set back"),) * 4,
            (ASKED, "retry"),
            STANDS_STILL,
            STANDS_STILL,
            ("a worker dies", ""),
        ),
        hosts=(1,),
        every=(EVERY, *SLOWLY[:1]),
        tasks=FAILING,
        overlaps=(Overlap.QUEUE, Overlap.SKIP),
        catch_ups=(CatchUp.SKIP, CatchUp.SKIP, CatchUp.ALL),
        retries=(True,),
        work=WORK[:2],
        is_endless=True,
    ),
    # A heart, and whether it beats, around the end of a lease.
    Theme(
        strikes=(
            (LATE_BEAT, ""),
            (LATE_BEAT, ""),
            (CUT_TRAP, "commit_ahead"),
            (CUT_TRAP, "commit_ahead"),
            (CUT_TRAP, "_committed"),
            (CUT_TRAP, "_committed"),
            ("a worker stands still", ""),
        ),
        hosts=(2,),
        every=(EVERY,),
        tasks=("store_in_parts", "store_in_parts", "store", "work"),
        work=LONG_WORK,
        jobs={"time_limit": (60,)},
        sleeps=(LONGEST_SLEEP,),
    ),
    # A beat that is on its way when the work is done and cannot be stored.
    Theme(
        strikes=(
            *((LATE_BEAT, ""),) * 4,
            (CUT_TRAP, "_committed"),
            ("a worker stands still", ""),
        ),
        hosts=(2,),
        every=(EVERY,),
        tasks=("store", "store", "store_in_parts"),
        work=(6.0, 9.0),
        jobs={"time_limit": (60,)},
        sleeps=(LONGEST_SLEEP,),
    ),
    # Pauses right at each other's ends, and beside the claims and failures that they are about.
    Theme(
        strikes=(
            (ASKED, "pause for a while"),
            (ASKED, "pause for a while"),
            (ASKED, "pause for a while"),
            (ASKED, "pause"),
            (ASKED, "pause"),
            (ASKED, "resume"),
            (DISPATCHER_TRAP, "resume"),
            (DISPATCHER_TRAP, "resume"),
            (DISPATCHER_TRAP, "resume"),
            (DISPATCHER_TRAP, "claim"),
            (DISPATCHER_TRAP, "claim"),
            (ACTED_TRAP, "worker follow_failure update: pause"),
            (ACTED_TRAP, "worker follow_failure update: pause"),
        ),
        every=(EVERY,),
        tasks=("store", *FAILING),
        work=WORK[:3],
        jobs={"pause_after_failures": (None, None, 1, 2)},
    ),
    # What was skipped or missed, and is made up for.
    Theme(
        strikes=((ASKED, "set back"), (ASKED, "set back"), (ASKED, "backfill"), STANDS_STILL),
        every=(EVERY, *SLOWLY[:1]),
        catch_ups=(CatchUp.ALL, CatchUp.ALL, CatchUp.SKIP),
        overlaps=(Overlap.SKIP, Overlap.SKIP, Overlap.QUEUE),
        tasks=("store", "work", "fail", "fail_at_first", "clean_up", "clean_up"),
        retries=(True,),
        jobs={"keep_succeeded": (1, 1, 86_400)},
    ),
    # A spring night, across which a claim looks back.
    Theme(
        strikes=((ASKED, "set back"), (ASKED, "backfill"), (ASKED, "pause for a while"), STANDS_STILL),
        every=SLOWLY[-1:],
        begins=0.5,
        cron="0,30 2 * * *",
        is_late=True,
    ),
    # Who hangs where no signal reaches him, and what waits behind him.
    Theme(
        strikes=(STANDS_STILL, ("a dispatcher dies", ""), ("a deployment", ""), (ASKED, "trigger")),
        hosts=(1,),
        every=(EVERY,),
        tasks=("hang", "hang_writing", "store", "fail_at_first"),
        # More would wait than two workers ever do.
        overlaps=(Overlap.SKIP, Overlap.QUEUE),
        catch_ups=(CatchUp.LATEST, CatchUp.SKIP),
        retries=(True,),
        work=WORK[:3],
        jobs={"time_limit": (2, 5)},
        sleeps=(4.0,),
    ),
    # First successes of what another job needs.
    Theme(
        strikes=((ASKED, "trigger"), (ASKED, "cancel"), (ASKED, "retry"), ("a worker dies", "")),
        every=SLOWLY,
        kinds=("source",),
        tasks=("fail_at_first", "fail_at_first", "store", "work"),
        retries=(True,),
    ),
    # Ends that are written with the next claim (PostgreSQL) or alone, and bells that nobody hears.
    Theme(
        strikes=(
            ("messages are lost", ""),
            ("Redis is away", ""),
            *((WORKER_TRAP, "end_and_take"),) * 2,
            *((LAST_TRAP, "end_and_take"),) * 2,
            (CUT_TRAP, "end_and_take"),
            *((LOST_TRAP, "end_and_take"),) * 3,
            # So that more wait than there are workers.
            *((ASKED, "backfill"),) * 4,
            *((ASKED, "trigger"),) * 2,
            *((ASKED, "cancel slowly"),) * 4,
            *((WORKER_TRAP, "_look"),) * 3,
        ),
        hosts=(1, 1, 2),
        every=(EVERY,),
        tasks=("work", "work", "work", "skip"),
        work=(3.0, 6.0),
        overlaps=(Overlap.ALLOW,),
        catch_ups=(CatchUp.ALL,),
        retries=(False,),
        # The end of what is followed is written by itself.
        follows=0.0,
        jobs={"time_limit": (30,)},
        is_endless=True,
        is_late=True,
    ),
)


# What people do to schedules, and deliveries.
OF_PEOPLE = (
    # Many news, and couriers that die between what they write.
    Theme(
        strikes=(
            *((TELLS, ""),) * 6,
            (COURIER_TRAP, "execute_run"),
            (COURIER_TRAP, "execute_run"),
            (COURIER_TRAP, "_join"),
            (COURIER_TRAP, "_join"),
        ),
        every=(EVERY,),
        tasks=("store",),
        work=WORK[:2],
    ),
    # Counts and ends that are set between a look and its claim.
    Theme(
        # Before the transaction of the claim, in which nobody else writes on SQLite.
        strikes=((CHANGED_TRAP, "claim __enter__"), (CHANGED_TRAP, "claim __enter__"), (SETS, "set")),
        is_endless=True,
        tasks=("store", "work"),
        work=WORK[:3],
    ),
    # Modes of what is removed and of what is not.
    Theme(
        strikes=((SETS, "remove"), (SETS, "set up as they are")),
        tasks=("store", "work"),
        work=WORK[:3],
    ),
    # A clock that ran ahead, and who lets what ran by it go on.
    Theme(
        strikes=(
            *((CLOCK_AHEAD, ""),) * 3,
            *(("messages are lost", ""),) * 3,
            (ASKED, "rewind"),
            *((ASKED, "trigger and pause"),) * 2,
            ("a worker dies", ""),
        ),
        hosts=(1, 1, 2),
        every=(EVERY,),
        tasks=("store", "work", "work", "fail_at_first"),
        # So that some wait for a worker.
        work=(3.0, 15.0, 15.0),
        follows=1.0,
        jobs={"time_limit": (30,)},
    ),
    # What a pause held for an hour, and whose message is lost.
    Theme(
        strikes=(
            *((ASKED, "trigger and pause"),) * 3,
            *((ASKED, "resume all, unheard, beside"),) * 3,
        ),
        hosts=(1,),
        every=SLOWLY[:1],
        tasks=("store", "work"),
        work=WORK[:2],
        overlaps=(Overlap.QUEUE,),
        is_endless=True,
    ),
    # Crons, and what follows.
    Theme(
        strikes=(
            *((SETS, "set"),) * 4,
            *((SETS, "set up"),) * 2,
            (SETS, "remove"),
            (SETS, "remove"),
            (SETS, "set in the admin"),
            (ASKED, "trigger"),
        ),
        every=SLOWLY,
        follows=1.0,
        is_endless=True,
        tasks=("store", "work"),
        work=WORK[:3],
    ),
)


def theme_of(seed: int) -> Theme:
    if seed % OF_PEOPLE_IS_ONE_OF == 1:
        return OF_PEOPLE[seed // OF_PEOPLE_IS_ONE_OF % len(OF_PEOPLE)]
    if seed % OF_RACES_IS_ONE_OF == THEME_IS_ONE_OF + 1:
        return RACES[seed // OF_RACES_IS_ONE_OF % len(RACES)]
    if seed % THEME_IS_ONE_OF != THEME_IS_ONE_OF - 1:
        return GENERAL
    return THEMES[seed // THEME_IS_ONE_OF % len(THEMES)]


def is_about(seed: int, *kinds: str) -> bool:
    """Whether the theme of a seed, if it has one, has strikes of such a kind."""
    return any(kind in kinds for kind, _ in theme_of(seed).strikes)


def strikes_of(theme: Theme, dice: random.Random) -> list[Strike]:
    return [dice.choice(theme.strikes) for _ in range(dice.randint(6, 14))]
