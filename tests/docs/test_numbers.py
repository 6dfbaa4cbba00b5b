"""A number that a sentence says is the code's: whoever changes the one is told of the other."""

import pytest

from scheduling.ledger.sightings import MOST_READ, MOST_WATCHED
from scheduling.monitoring.alert_delivery import DELIVERY_DEADLINE
from scheduling.monitoring.heartbeat import BEAT_EVERY
from scheduling.operations.backfilled import MOST_BACKFILLED
from staking_project.environment import BOUNDS
from staking_project.management.commands.mcp import DEFAULT_HOST, DEFAULT_PORT, SHORTEST_TOKEN
from staking_project.stack import MOST_RESTARTS
from staking_project.trial import VALIDATORS
from tests.docs.pages import DOCS
from validators.api.several import MOST_HELD, MOST_HELD_IN_BODY, MOST_KEYS
from validators.monitoring.networks import OLD_AFTER
from validators.scoring.facts import BAD_PERFORMANCE
from validators.scoring.past import EPOCHS_KEPT
from validators.services.history.agreement import LEAST_SHARE
from validators.services.history.pace import MOST_IN_WINDOW
from validators.services.scores.rank_moves import LEAST_PLACES
from validators.solana.arithmetic import MOST_TUPLES
from validators.solana.programs.jito import ROUTER_FEE_BPS
from validators.solana.programs.validator_history import MOST_ENTRIES
from validators.solana.versions import CURRENT_PERCENT

RESTARTS = ["0", *(str(2**n) for n in range(MOST_RESTARTS - 1))]


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("../README", f"a simulated cluster of {VALIDATORS:,} validators"),
        ("../README", f"adds up to {MOST_ENTRIES} epochs"),
        ("../README", f"Every vote account remembers {MOST_TUPLES} epochs"),
        ("start", f"a simulated cluster of {VALIDATORS:,} validators"),
        ("operations", f"of up to {MOST_ENTRIES} epochs"),
        ("operations", f"never more than {MOST_IN_WINDOW} in ten seconds"),
        ("operations", f"exits with 3 below {100 * LEAST_SHARE:g} %"),
        ("operations", f"older than {OLD_AFTER.days} days"),
        ("operations", f"with {BOUNDS['STAKES_PER_RUN'].most:g}, the most"),
        ("modules/scheduler", f"`STAKES_PER_RUN` says how many, up to {BOUNDS['STAKES_PER_RUN'].most:g}"),
        ("modules/backfill-and-audit", f"{MOST_BACKFILLED:,} at most"),
        ("modules/run", f"after {', '.join(RESTARTS[:-1])} and {RESTARTS[-1]} s"),
        ("modules/verify", f"reads the newest {MOST_READ:,} runs"),
        ("modules/verify", f"looks at the newest {MOST_WATCHED} each second"),
        ("monitoring/README", f"older than {OLD_AFTER.days} days"),
        ("monitoring/README", f"each over within {DELIVERY_DEADLINE.seconds} s"),
        ("monitoring/README", f"asked every {BEAT_EVERY:g} s"),
        ("integrate", f"these alone, up to {MOST_KEYS} |"),
        ("integrate", f"room for {MOST_HELD} that are held"),
        ("integrate", f"for up to {MOST_HELD_IN_BODY:,} a program"),
        ("mcp", f"http://{DEFAULT_HOST}:{DEFAULT_PORT}/mcp"),
        ("mcp", f"one line of {SHORTEST_TOKEN} characters or more"),
        ("recipes/scoring-method", f"the last {EPOCHS_KEPT} epochs"),
        ("glossary", f"at least {CURRENT_PERCENT} % of its lineage's stake"),
        ("glossary", f"a vote performance below {BAD_PERFORMANCE}"),
        ("glossary", f"by {LEAST_PLACES} places at least"),
        ("glossary", f"taken to keep {ROUTER_FEE_BPS / 100:g} % of the tips"),
    ],
)
def test_a_sentence_says_the_number_of_the_code(page: str, said: str) -> None:
    assert said in " ".join((DOCS / f"{page}.md").read_text().split())
