"""A source that falls silent for everybody moves no score: what it told last stands."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.validators import raw_accounts, replies
from tests.validators.account_endpoints import AccountsEndpoint
from tests.validators.endpoints import reply
from tests.validators.replies import EPOCH, FULL_EPOCH, SLOTS, epoch_credits
from tests.validators.services.sources import METHODS
from tests.validators.services.vote_accounts import ENOUGH, holds, rule
from validators import tasks
from validators.exceptions import ValidatorsError
from validators.models import TrustScore

pytestmark = [pytest.mark.django_db, pytest.mark.database]

# What nobody's score may move by, in points.
MOST = 0.3
ACCOUNTS = 12
OLD = 3
# Those that scores read.
SOURCES = [METHODS[name][0] for name in ("nodes", "production", "vote-states")]


def versions(node: AccountsEndpoint, *, told: bool = True) -> list[dict[str, Any]]:
    """Three run what is long behind, or nobody says what it runs."""
    said = ["3.1.8"] * OLD + ["4.2.1"] * (ACCOUNTS - OLD)
    nodes = zip(node.current, said, strict=True)
    return [replies.node(one["nodePubkey"], version if told else None) for one, version in nodes]


def votes(node: AccountsEndpoint, epoch: int) -> None:
    """A fetch of votes in that epoch; one fails more than it votes."""
    node.epoch_infos, node.slots = [replies.epoch_info(epoch)], [epoch * SLOTS + SLOTS // 2]
    good, bad = (epoch_credits(*[one] * 4, 5, last=epoch) for one in (FULL_EPOCH, FULL_EPOCH // 2))
    earned = [good] * (ACCOUNTS - 1) + [bad]
    node.current = [one | {"epochCredits": told} for one, told in zip(node.current, earned, strict=True)]
    tasks.fetch_validators()


def ask_all() -> None:
    for task in SOURCES:
        task()


def silence(node: AccountsEndpoint) -> None:
    for task in SOURCES:
        node.faults = [reply("", 500)]
        with pytest.raises(ValidatorsError):
            task()
    node.faults = []


def no_versions(node: AccountsEndpoint) -> None:
    node.results["getClusterNodes"] = versions(node, told=False)
    with pytest.raises(ValidatorsError, match=r"it tells no version of 100 % of the stake whose versions"):
        tasks.fetch_nodes()
    node.results["getClusterNodes"] = versions(node)
    tasks.fetch_vote_states()


def scores() -> dict[str, float]:
    run = tasks.score_validators()["scoring_run_id"]
    found = TrustScore.objects.filter(run=run).values_list("validator__vote_account", "score")
    return dict(found)


@pytest.mark.parametrize(("silent", "epochs"), [(silence, 1), (no_versions, 2)])
def test_a_source_that_is_silent_for_everybody_moves_nobody(
    node: AccountsEndpoint, settings: Any, silent: Callable[[AccountsEndpoint], None], epochs: int
) -> None:
    settings.SCORE_METHODS = ["trust-v3"]
    rule()
    node.current = replies.accounts(ACCOUNTS)
    for number in range(ACCOUNTS):
        holds(node, number)
    # It is let into no epoch.
    node.accounts[replies.key("vote 5")] = raw_accounts.sent(raw_accounts.vote_v3(5), lamports=ENOUGH)
    node.results["getClusterNodes"] = versions(node)
    votes(node, EPOCH)
    ask_all()
    told = scores()
    silent(node)
    assert scores() == told

    for epoch in range(EPOCH + 1, EPOCH + 1 + epochs):
        votes(node, epoch)
        silent(node)
    unheard = scores()
    ask_all()

    heard = scores()
    assert min(heard.values()) < 1 < 90 < max(heard.values())
    assert max(abs(heard[one] - unheard[one]) for one in heard) <= MOST
