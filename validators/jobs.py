"""The jobs that keep the picture up to date, and how often in each mode."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from scheduling.modes import JobDeclaration

HOUR: Final = 3600
HALF_AN_HOUR: Final = HOUR // 2
SIX_HOURS: Final = 6 * HOUR
DAY: Final = 24 * HOUR
# About ten epochs.
REFIT_EVERY: Final = 20 * DAY

FETCH: Final = JobDeclaration(
    name="fetch-repeatable",
    task="validators.tasks.fetch_validators",
    every_seconds={"test": 10, "production": SIX_HOURS},
    start_after_seconds={"test": 1, "production": 1},
    reads_the_present=True,
    description="Fetches every vote account of the cluster and stores what changed",
)
# Each at a second of its own, so that none of them delays the votes; all of them before the first score.
_SCORED: Final = (
    JobDeclaration(
        name="fetch-cluster-repeatable",
        task="validators.tasks.fetch_cluster",
        every_seconds={"test": 30, "production": HOUR},
        start_after_seconds={"test": 2, "production": 5},
        needs=(FETCH.name,),
        leaves_a_worker=True,
        reads_the_present=True,
        description="Fetches slot time, Alpenglow, the admission rule, the chain's clock and its rewards",
    ),
    JobDeclaration(
        name="fetch-nodes-repeatable",
        task="validators.tasks.fetch_nodes",
        every_seconds={"test": 30, "production": HOUR},
        start_after_seconds={"test": 3, "production": 10},
        needs=(FETCH.name,),
        leaves_a_worker=True,
        reads_the_present=True,
        description="Fetches which client and version each validator runs",
    ),
    JobDeclaration(
        name="fetch-production-repeatable",
        task="validators.tasks.fetch_production",
        every_seconds={"test": 30, "production": HOUR},
        start_after_seconds={"test": 4, "production": 15},
        needs=(FETCH.name,),
        leaves_a_worker=True,
        reads_the_present=True,
        description="Fetches who made blocks of its leader slots",
    ),
    JobDeclaration(
        name="fetch-names-repeatable",
        task="validators.tasks.fetch_names",
        every_seconds={"test": 60, "production": DAY},
        start_after_seconds={"test": 6, "production": 35},
        needs=(FETCH.name,),
        leaves_a_worker=True,
        reads_the_present=True,
        description="Fetches what validators call themselves",
    ),
    JobDeclaration(
        name="fetch-inflation-repeatable",
        task="validators.tasks.fetch_inflation",
        every_seconds={"test": 60, "production": HOUR},
        start_after_seconds={"test": 7, "production": 30},
        needs=(FETCH.name,),
        leaves_a_worker=True,
        reads_the_present=True,
        description="Fetches inflation and supply, once in each epoch",
    ),
    JobDeclaration(
        name="vote-states-repeatable",
        task="validators.tasks.fetch_vote_states",
        every_seconds={"test": 60, "production": SIX_HOURS},
        start_after_seconds={"test": 5, "production": 20},
        needs=(FETCH.name,),
        leaves_a_worker=True,
        reads_the_present=True,
        description="Fetches the vote accounts themselves: 64 epochs of credits, balance, BLS key",
    ),
    JobDeclaration(
        name="fetch-mev-repeatable",
        task="validators.tasks.fetch_mev",
        every_seconds={"test": 60, "production": HOUR},
        # Far from the vote accounts, which are asked for by the same method.
        start_after_seconds={"test": 8, "production": 45},
        needs=(FETCH.name,),
        leaves_a_worker=True,
        reads_the_present=True,
        description="Fetches tips and shared priority fees, and what validators keep of them",
    ),
)

# No score is made of these, so none waits for them. Which pools there are is asked before what is in them.
_WHO_STAKES: Final = (
    JobDeclaration(
        name="fetch-pool-search-repeatable",
        task="validators.tasks.fetch_pool_search",
        every_seconds={"test": 120, "production": DAY},
        start_after_seconds={"test": 11, "production": 65},
        needs=(FETCH.name,),
        leaves_a_worker=True,
        reads_the_present=True,
        description="Fetches which stake pools there are, beside those that are known by name",
    ),
    JobDeclaration(
        name="fetch-pools-repeatable",
        task="validators.tasks.fetch_pools",
        every_seconds={"test": 60, "production": HOUR},
        start_after_seconds={"test": 12, "production": 70},
        needs=(FETCH.name,),
        leaves_a_worker=True,
        reads_the_present=True,
        description="Fetches how much each stake pool stakes with each validator",
    ),
    JobDeclaration(
        name="fetch-stakes-repeatable",
        task="validators.tasks.fetch_stakes",
        # Seven hundred validators in eighteen hours; an epoch takes a day at 200 ms a slot.
        every_seconds={"test": 60, "production": HALF_AN_HOUR},
        # Ten seconds from the search for pools, which asks by the same method.
        start_after_seconds={"test": 13, "production": 85},
        needs=(FETCH.name,),
        leaves_a_worker=True,
        reads_the_present=True,
        description="Fetches what stake comes to and leaves some validators, and what is their own",
    ),
)
SOURCES: Final = (*_SCORED, *_WHO_STAKES)

SCORE: Final = JobDeclaration(
    name="score-repeatable",
    task="validators.tasks.score_validators",
    every_seconds={"test": 30, "production": SIX_HOURS},
    # Behind the first look of every source, so that it lacks none; what comes later it follows.
    start_after_seconds={"test": 10, "production": 60},
    needs=(FETCH.name, *(source.name for source in _SCORED)),
    description="Scores every staked validator of the newest fetch",
)

VERDICTS: Final = JobDeclaration(
    name="verdicts-repeatable",
    task="validators.tasks.judge_by_rules",
    every_seconds={"test": 60, "production": SIX_HOURS},
    # Behind the score, so that it takes no worker from it.
    start_after_seconds={"test": 12, "production": 90},
    needs=(FETCH.name,),
    reads_the_present=True,
    description="Judges every validator by the rules of those who delegate",
)

# What every page rests on. Their runs are promised, each on time; of a source, only that it is heard.
PIPELINE: Final = (FETCH, SCORE)
JOBS: Final = (*PIPELINE, *SOURCES, VERDICTS)
# Set up only where the setting REFIT_SCHEDULE says so: minutes of a worker's time, and a library beside ours.
REFIT: Final = JobDeclaration(
    name="refit-repeatable",
    task="validators.tasks.refit_scores",
    every_seconds={"test": DAY, "production": REFIT_EVERY},
    start_after_seconds={"test": HOUR, "production": HOUR},
    description="Fits trust-v3 to this installation's history, and uses it if that foresees more",
    time_limit=timedelta(hours=2),
)
OPTIONAL: Final = (REFIT,)
# Set up only where the setting HISTORY_SCHEDULE says so: not every chain has it, nor every endpoint.
HISTORY: Final = JobDeclaration(
    name="import-history-repeatable",
    task="validators.tasks.import_history",
    # An entry is written in each epoch, and sixteen of them are read at a time.
    every_seconds={"test": HOUR, "production": DAY},
    # Behind the first look of every source, which it leaves the endpoint to.
    start_after_seconds={"test": 300, "production": HALF_AN_HOUR},
    needs=(FETCH.name,),
    leaves_a_worker=True,
    description="Reads what Jito's keepers wrote down of each epoch, and fills what nobody saw",
    time_limit=timedelta(minutes=30),
)
OF_HISTORY: Final = (HISTORY,)
# The job that asks each source, in the order in which one needs another.
BY_SOURCE: Final[Mapping[str, JobDeclaration]] = {
    "votes": FETCH,
    **{job.name.removeprefix("fetch-").removesuffix("-repeatable"): job for job in SOURCES},
}
