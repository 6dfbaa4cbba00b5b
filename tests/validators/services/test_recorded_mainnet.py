"""Mainnet's epoch 990 as recorded, when the recording is beside the project."""

import json
from collections import defaultdict
from typing import Any

import pytest

from tests.conftest import RECORDED
from tests.validators.endpoints import CannedEndpoint
from validators.models import ScoringRun, TrustScore, Validator, ValidatorEpoch
from validators.tasks import fetch_validators, score_validators

FOLDER = RECORDED / "rpc" / "epoch990"

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.database,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the recording is not there"),
]


@pytest.fixture
def recorded(endpoint: CannedEndpoint) -> CannedEndpoint:
    votes = json.loads((FOLDER / "getVoteAccounts.json").read_text())["result"]
    endpoint.current, endpoint.delinquent = votes["current"], votes["delinquent"]
    endpoint.epoch_infos = [json.loads((FOLDER / "getEpochInfo.json").read_text())["result"]]
    return endpoint


def test_one_fetch_stores_every_vote_account(recorded: CannedEndpoint) -> None:
    result = fetch_validators()

    assert (result["validators"], result["rejected"], result["epoch"]) == (730, 0, 990)
    sent = {account["votePubkey"]: account for account in recorded.current + recorded.delinquent}
    stored = {row.vote_account: row for row in Validator.objects.all()}
    assert stored.keys() == sent.keys()
    for key, account in sent.items():
        row = stored[key]
        assert (row.identity, row.activated_stake, row.commission_bps, row.last_vote, row.root_slot) == (
            account["nodePubkey"],
            account["activatedStake"],
            account["commission"] * 100,
            account["lastVote"],
            account["rootSlot"],
        )
    assert Validator.objects.filter(delinquent=True).count() == 6


def test_earned_credits_are_those_of_the_reply(recorded: CannedEndpoint) -> None:
    fetch_validators()

    stored: defaultdict[str, dict[int, int | None]] = defaultdict(dict)
    rows = ValidatorEpoch.objects.values_list("validator__vote_account", "epoch", "credits")
    for vote_account, epoch, credits in rows:
        stored[vote_account][epoch] = credits
    for account in recorded.current + recorded.delinquent:
        tuples = account["epochCredits"]
        sent = {epoch: now - before if now else None for epoch, now, before in tuples}
        gaps = {epoch: 0 for epoch in range(max(986, tuples[0][0]), 991) if epoch not in sent}
        assert stored[account["votePubkey"]] == sent | gaps


# From the reply alone, by the definition: credits / stake-weighted mean of
# each complete epoch (986 to 989), capped at 1, averaged, in percent, less the commission.
def by_hand(recorded: CannedEndpoint, account: dict[str, Any]) -> float:
    shares = []
    for epoch in range(986, 990):
        total = weight = 0
        own = None
        for other in recorded.current + recorded.delinquent:
            earned = {at: now - before if now else None for at, now, before in other["epochCredits"]}
            credits = earned.get(epoch, 0) if other["epochCredits"][0][0] <= epoch else None
            if other is account:
                own = credits
            if credits is not None:
                total += credits * other["activatedStake"]
                weight += other["activatedStake"]
        if own is not None:
            shares.append(min(1.0, own / (total / weight)))
    performance: float = sum(shares) / len(shares)
    return max(0.0, performance * 100 - int(account["commission"]))


def test_one_run_scores_every_staked_validator_as_worked_out_by_hand(recorded: CannedEndpoint) -> None:
    fetch_validators()

    assert score_validators()["scored"] == 726

    run = ScoringRun.objects.get()
    assert TrustScore.objects.filter(run=run).count() == 726
    everybody = recorded.current + recorded.delinquent
    spots = [everybody[at] for at in (0, 1, 3, 100, 300, 500, 650)] + recorded.delinquent
    for account in spots:
        score = TrustScore.objects.get(validator__vote_account=account["votePubkey"])
        assert score.score == pytest.approx(by_hand(recorded, account), abs=1e-9), account["votePubkey"]


def test_spot_values(recorded: CannedEndpoint) -> None:
    fetch_validators()
    score_validators()

    def score(vote_account: str) -> TrustScore:
        return TrustScore.objects.get(validator__vote_account=vote_account)

    # Earned 6,897,377 and 6,902,541 in 988 and 989, and takes all of the rewards.
    assert score("E9W5kU2fnha9yp4RmFZgNNsRUvy6oKnB9ZyR9LC81WaE").score == 0
    dead = score("BLX5PkLh7GsHaqCpLDxiW3UjxfT2GMyteVAhRZBYhCts")
    assert (dead.score, dead.components["delinquent"], dead.components["earned_nothing"]) == (0, True, True)
    # By this method many are equal, and share the first rank.
    best = score("8GbwASqdpw4dVcwbWUxbHXMrjyQx2aKkoBR5H1GJF8iD")
    assert (best.rank, best.score > 99.9) == (1, True)
