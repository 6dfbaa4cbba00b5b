"""Raw vote accounts and the admission rule, for the tests of both."""

from typing import Any

from tests.validators import raw_accounts, replies
from tests.validators.account_endpoints import AccountsEndpoint
from tests.validators.replies import EPOCH, RENT, SLOTS
from tests.validators.rows import NOON
from validators import tasks
from validators.models import ChainState, VoteState

TICKET = 1_600_000_000
ENOUGH = RENT + 3 * TICKET


def holds(node: AccountsEndpoint, name: object, *, balance: int = ENOUGH, **state: Any) -> None:
    """What the raw account of that validator is."""
    packed = raw_accounts.vote_v4(name, **state)
    node.accounts[replies.key(f"vote {name}")] = raw_accounts.sent(packed, lamports=balance)


def rule(since: int | None = 0, **fields: Any) -> None:
    """The chain, as it was last asked: the rule chooses the set of epoch `since` and all later ones."""
    told = {
        "looked_at": NOON,
        "admission_from": [] if since is None else [since],
        "slot_times": [[0, 400]],
        "rent": RENT,
    }
    ChainState.objects.update_or_create(pk=1, defaults=told | fields)


def look(node: AccountsEndpoint, epoch: int = EPOCH) -> dict[str, Any]:
    """A fetch of votes and one of the accounts, in that epoch."""
    node.epoch_infos = [replies.epoch_info(epoch)]
    tuples = replies.epoch_credits(*[6_900_000] * 4, 5, last=epoch)
    node.current = [account | {"epochCredits": tuples} for account in node.current]
    node.slots = [epoch * SLOTS + SLOTS // 2]
    tasks.fetch_validators()
    return tasks.fetch_vote_states()


def verdicts() -> dict[str, tuple[str, str, str]]:
    rows = VoteState.objects.select_related("validator")
    return {row.validator.vote_account: (row.next_epoch, row.after_next, row.reason) for row in rows}


def verdict(name: object) -> tuple[str, str, str]:
    return verdicts()[replies.key(f"vote {name}")]
