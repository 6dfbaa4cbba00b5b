"""The nodes that judge the project: that they say what they are told to, and the truth of their slot."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import requests
import time_machine

from tests.validators.nodes import damages, node
from tests.validators.nodes.address import ManyNodes, listening
from tests.validators.nodes.chain import Chain, simulated_chain
from tests.validators.nodes.node import EVERYTHING, Node
from tests.validators.nodes.truth import epoch_of, picture_of, steps_between
from tests.validators.simulator.client import ask, refusal
from validators.simulator.clock import SLOTS_PER_EPOCH, Moment

CHAIN = simulated_chain()


@pytest.fixture(autouse=True)
def middle_of_an_epoch() -> Iterator[None]:
    at = datetime.fromtimestamp(CHAIN.timestamp(905, 0.5), UTC)
    with time_machine.travel(at, tick=False):
        yield


def _good(name: str = "good", chain: Chain = CHAIN) -> Node:
    return Node(name=name, chain=chain)


def test_a_node_that_is_behind_says_what_was_true_at_its_slot() -> None:
    late = _good()
    late.lag = SLOTS_PER_EPOCH + 20_000

    said = late.answer("getVoteAccounts", [{"keepUnstakedDelinquents": True}])

    assert said.moment == Moment(904, SLOTS_PER_EPOCH // 2 - 20_000)
    assert said.result == CHAIN.votes(said.moment)
    assert said.honest


def test_credits_of_a_moment_before_are_never_more() -> None:
    early, now = (
        {one["votePubkey"]: one["epochCredits"][-1:] for one in CHAIN.votes(moment)["current"]}
        for moment in (CHAIN.moment(lag=20_000), CHAIN.moment())
    )

    assert all(early[key] <= now[key] for key in early.keys() & now.keys())
    assert early != now


def test_a_node_that_stands_still_says_the_same_while_the_chain_goes_on() -> None:
    frozen = _good()
    frozen.stand_still()
    before = frozen.answer("getEpochInfo", [])
    with time_machine.travel(CHAIN.timestamp(905, 0.9), tick=False):
        assert frozen.answer("getEpochInfo", []) == before
        assert _good().answer("getEpochInfo", []) != before


def test_one_method_may_be_of_another_slot_than_the_others() -> None:
    torn = _good()
    torn.lags["getVoteAccounts"] = 300_000

    assert torn.answer("getEpochInfo", []).moment.epoch == 905
    assert torn.answer("getVoteAccounts", []).moment.epoch == 904


@pytest.mark.parametrize(
    ("how", "code", "status"),
    [
        (node.FORBIDDEN, None, 403),
        (node.GONE, None, 410),
        (node.THROTTLED, None, 429),
        (node.BEHIND, -32005, 200),
        (node.THROTTLED_INSIDE, 429, 200),
        (node.THROTTLED_INSIDE_TOO, -32429, 200),
    ],
)
def test_a_refusal_is_a_status_or_a_code(how: node.Refusal, code: int | None, status: int) -> None:
    refusing = _good()
    refusing.refusals[EVERYTHING] = how
    with listening(ManyNodes(refusing)) as address:
        if code is not None:
            assert refusal(address.url, "getEpochInfo")["code"] == code
        question = {"jsonrpc": "2.0", "id": 1, "method": "getEpochInfo"}
        assert requests.post(address.url, json=question, timeout=5).status_code == status


def test_a_reply_that_is_cut_ends_before_its_length() -> None:
    cutting = _good()
    cutting.refusals[EVERYTHING] = node.CUT
    with listening(ManyNodes(cutting)) as address, pytest.raises(requests.RequestException):
        ask(address.url, "getEpochInfo")


def test_the_same_seed_asks_the_same_nodes() -> None:
    def asked(seed: int) -> list[str]:
        nodes = [_good(name) for name in "abc"]
        with listening(ManyNodes(*nodes, seed=seed)) as address:
            for _ in range(20):
                ask(address.url, "getSlot")
        return [sighting.node.name for sighting in address.sightings]

    assert asked(1) == asked(1) != asked(2)
    assert set(asked(1)) == set("abc")


def test_a_damage_is_seen_as_one_and_leaves_the_chain_alone() -> None:
    bad, true = _good(), CHAIN.votes(CHAIN.moment())
    counts = {}
    for name, damage in {
        "missing": damages.missing(0.3),
        "stake": damages.missing_stake(0.45),
        "delinquent": damages.without_delinquent,
        "odd": damages.everything_kept_by(0.4),
        "old": damages.stake_of_the_epoch_before,
    }.items():
        bad.damages = [damage]
        said = bad.answer("getVoteAccounts", [{"keepUnstakedDelinquents": True}])
        counts[name] = sum(map(len, said.result.values()))
        assert not said.honest, name

    assert CHAIN.votes(CHAIN.moment()) == true
    whole = sum(map(len, true.values()))
    assert (counts["odd"], counts["old"]) == (whole, whole)
    assert counts["delinquent"] == len(true["current"]) - 1 < whole
    assert 0.5 * whole < counts["missing"] < 0.9 * whole


def test_another_cluster_can_be_made_to_share_one_account() -> None:
    other = simulated_chain(seed=11)
    bad = Node(name="foreign", chain=other, damages=[damages.sharing_one_account(CHAIN)])

    said = bad.answer("getVoteAccounts", []).result
    shared = picture_of(CHAIN, CHAIN.moment()).keys() & {
        one["votePubkey"] for one in [*said["current"], *said["delinquent"]]
    }

    assert len(shared) == 1


def test_the_truth_of_an_ended_epoch_is_what_its_last_slot_shows() -> None:
    truth = epoch_of(CHAIN, 903)
    last = CHAIN.votes(Moment(904, 0))

    shown = {
        one["votePubkey"]: sum(now - before for epoch, now, before in one["epochCredits"] if epoch == 903)
        for accounts in last.values()
        for one in accounts
    }
    assert {key: truth[key].votes for key in shown.keys() & truth.keys()} == {
        key: credits for key, credits in shown.items() if key in truth
    }
    assert sum(one.leader_slots for one in truth.values()) >= SLOTS_PER_EPOCH


def test_every_step_of_a_commission_is_told_with_its_slot() -> None:
    steps = steps_between(CHAIN, Moment(905, 0), Moment(925, 0))

    assert steps
    for step in steps:
        at = step.moment
        before = picture_of(CHAIN, Moment(*divmod(at.absolute_slot - 1, SLOTS_PER_EPOCH)))
        now = picture_of(CHAIN, at)
        assert (before[step.vote_account].commission_bps, now[step.vote_account].commission_bps) == step[2:]
