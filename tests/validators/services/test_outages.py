"""Looks at random, with outages of our own between them: what claims to be final is the truth."""

import random

import pytest

from tests.validators import replies
from tests.validators.account_endpoints import AccountsEndpoint
from tests.validators.replies import EPOCH, SLOTS
from tests.validators.services.vote_accounts import holds
from validators import tasks
from validators.models import ClusterEpoch, ValidatorEpoch

pytestmark = [pytest.mark.django_db, pytest.mark.database]

ACCOUNTS, EPOCHS = 4, 60
LONGEST_OUTAGE = 12
Truth = list[dict[int, int]]


def truth(rng: random.Random) -> Truth:
    """Credits by epoch of each account; some epochs are missed wholly."""
    whole = range(EPOCH - 5, EPOCH + EPOCHS + 1)
    return [
        {epoch: 0 if rng.random() < 0.1 * number else rng.randrange(10**6, 6 * 10**6) for epoch in whole}
        for number in range(ACCOUNTS)
    ]


def tuples(earned: dict[int, int], running: int, part: float) -> list[list[int]]:
    found, total = [], 1_000
    for epoch in range(EPOCH - 5, running + 1):
        credits = int(earned[epoch] * part) if epoch == running else earned[epoch]
        if credits:
            found.append([epoch, total + credits, total])
        total += credits
    return found


def look(node: AccountsEndpoint, earned: Truth, epoch: int, part: float) -> None:
    slot_index = int(SLOTS * part)
    node.epoch_infos = [replies.epoch_info(epoch, slot_index)]
    node.slots = [epoch * SLOTS + slot_index]
    node.current = []
    for number, one in enumerate(earned):
        remembered = tuples(one, epoch, part)[-64:]
        node.current.append(replies.account(number, epochCredits=remembered[-5:]))
        holds(node, number, credits=remembered)
    tasks.fetch_validators()


@pytest.mark.parametrize("seed", range(3))
def test_what_claims_to_be_final_is_the_truth_and_nearly_all_does(node: AccountsEndpoint, seed: int) -> None:
    rng = random.Random(seed)
    earned = truth(rng)
    epoch, part = EPOCH, 0.5
    while epoch < EPOCH + EPOCHS:
        look(node, earned, epoch, part)
        if rng.random() < 0.2:
            tasks.fetch_vote_states()
        step = rng.choice((0.1, 0.3, 0.4, 0.9, rng.uniform(1, LONGEST_OUTAGE)))
        epoch, part = epoch + int(part + step), (part + step) % 1
    look(node, earned, EPOCH + EPOCHS, 0.2)
    tasks.fetch_vote_states()

    keys = {replies.key(f"vote {number}"): one for number, one in enumerate(earned)}
    rows = ValidatorEpoch.objects.filter(epoch__gte=EPOCH).values_list(
        "validator__vote_account", "epoch", "credits", "credits_final"
    )
    final = {(account, at): credits for account, at, credits, is_final in rows if is_final}
    assert final == {(account, at): keys[account][at] for account, at in final}
    assert len(final) >= 0.98 * ACCOUNTS * EPOCHS
    assert max(at for _, at in final) == EPOCH + EPOCHS - 1
    for cluster in ClusterEpoch.objects.filter(credits_final=True, epoch__gte=EPOCH):
        known = [credits or 0 for (_, at), credits in final.items() if at == cluster.epoch]
        assert cluster.mean_credits == pytest.approx(sum(known) / len(known))
