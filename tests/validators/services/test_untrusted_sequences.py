"""One address that is many nodes, two that are both late, a boundary seen early: nothing goes back."""

import itertools
from collections.abc import Callable, Sequence

import pytest

from tests.validators.nodes.kinds import VOTE_METHODS, blames
from tests.validators.nodes.node import Node
from tests.validators.nodes.trial import START_EPOCH, Trial
from tests.validators.nodes.truth import Step, false_claims, picture_of, steps_between, stored_picture
from tests.validators.nodes.witness import stored_changes, stored_incidents
from tests.validators.services.stored import picture
from validators.models import Fetch, ValidatorEpoch
from validators.simulator.clock import SLOTS_PER_EPOCH, Moment

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def _in_turn() -> Callable[[str, Sequence[Node]], Node]:
    """Another node for each look: both questions of a look are answered by one."""
    turns = itertools.count()
    last: list[int] = []

    def choose(method: str, nodes: Sequence[Node]) -> Node:
        if method == "getEpochInfo" or not last:
            last[:] = [next(turns)]
        return nodes[last[0] % len(nodes)]

    return choose


def _second_node(trial: Trial, *, lag: int) -> Node:
    """Behind the first address, besides the good node; that address alone is asked."""
    late = Node(name="late", chain=trial.chain, lag=lag)
    trial.first.nodes.append(late)
    trial.ask_only(trial.first)
    return late


def _first_raise(trial: Trial) -> Step:
    steps = steps_between(trial.chain, Moment(START_EPOCH, 300_000), Moment(START_EPOCH + 20, 0))
    return next(
        step
        for step in steps
        if step.to_bps > step.from_bps + 300 and 50_000 < step.moment.slot_index < 380_000
    )


def test_one_raise_seen_by_late_and_good_nodes_in_turn_is_one_change(trial: Trial) -> None:
    step = _first_raise(trial)
    trial.go_to(step.moment.epoch, (step.moment.slot_index - 40_000) / SLOTS_PER_EPOCH)
    _second_node(trial, lag=20_000)
    trial.first.choose = _in_turn()
    trial.fetch()

    trial.look_every(0.5, times=28)

    raised = [change for change in stored_changes() if change.vote_account == step.vote_account]
    assert raised == [(step.vote_account, step.moment.epoch, step.from_bps, step.to_bps)]
    assert (trial.witness.complaints, trial.witness.wrong_events()) == ([], [])
    # The last look is the good node's.
    assert stored_picture() == picture_of(trial.chain, trial.chain.moment())


def test_one_outage_seen_by_late_and_good_nodes_in_turn_is_one_incident(trial: Trial) -> None:
    vote_account, epoch, away_from, away_until = next(
        (one.tenant.vote_account, epoch, one.shift.away_from, one.shift.away_until)
        for epoch in range(START_EPOCH + 1, START_EPOCH + 30)
        for one in trial.chain.cluster.outlooks(epoch)
        if one.activated_stake and 60_000 < one.shift.away_from < one.shift.away_until < 300_000
        if one.shift.away_until - one.shift.away_from > 30_000
    )
    trial.go_to(epoch, (away_from - 25_000) / SLOTS_PER_EPOCH)
    _second_node(trial, lag=20_000)
    trial.first.choose = _in_turn()
    trial.fetch()

    trial.look_every(0.5, times=(away_until - away_from + 100_000) // 4_500)

    assert sum(incident.vote_account == vote_account for incident in stored_incidents()) == 1
    assert (trial.witness.complaints, trial.witness.wrong_events()) == ([], [])


@pytest.mark.parametrize("seed", range(4))
def test_questions_of_one_look_answered_by_nodes_an_epoch_apart_are_never_put_together(
    trial: Trial, seed: int
) -> None:
    _second_node(trial, lag=15_000)
    trial.first.random.seed(seed)
    trial.go_to(START_EPOCH, 0.97)
    trial.fetch()

    trial.look_every(0.25, times=16)
    trial.first.nodes.pop()
    trial.wait(hours=12)

    assert trial.fetch().error == ""
    assert (trial.witness.complaints, trial.witness.wrong_events()) == ([], [])
    assert _false_claims(trial) == []


def test_of_two_late_endpoints_the_fresher_is_stored_and_nothing_goes_back(trial: Trial) -> None:
    trial.fetch()
    # Older than the last look; 4,000 slots newer than it.
    trial.bad.lag, trial.second.node.lag = 20_000, 5_000

    outcomes = trial.look_every(1, times=3)

    assert [outcome.endpoint for outcome in outcomes] == [trial.second.url] * 3
    assert stored_picture() == picture_of(trial.chain, trial.second.node.moment("getVoteAccounts"))
    assert (trial.witness.complaints, trial.witness.wrong_events()) == ([], [])


def test_two_endpoints_whose_votes_are_a_little_behind_are_not_believed_for_being_two(trial: Trial) -> None:
    """Too near their slots to be torn from them; were it for credits that fell, two would be."""
    trial.fetch()
    before = picture()
    for node in (trial.bad, trial.second.node):
        node.lags["getVoteAccounts"] = 600
    trial.wait(seconds=100)

    outcome = trial.fetch()

    assert (outcome.result, picture()) == (None, before)
    for address in (trial.first, trial.second):
        assert blames(
            outcome, address, methods=VOTE_METHODS, cause="slots behind those of the last good look"
        )


def test_two_endpoints_that_change_places_in_being_late_never_take_the_picture_back(trial: Trial) -> None:
    trial.fetch()
    for late, later in ((3_000, 12_000), (12_000, 500), (500, 14_000), (14_000, 14_500)):
        trial.bad.lag, trial.second.node.lag = late, later
        trial.look_every(1, times=1)

    slots = list(Fetch.objects.order_by("pk").values_list("absolute_slot", flat=True))
    assert slots == sorted(set(slots))
    assert (trial.witness.complaints, trial.witness.wrong_events()) == ([], [])


@pytest.mark.parametrize(
    "ahead",
    [{"getEpochInfo": -200, "getSlot": -200}, dict.fromkeys(("getEpochInfo", "getVoteAccounts"), -200)],
    ids=["in its epoch info alone", "in all it says"],
)
def test_an_endpoint_some_slots_early_in_the_next_epoch_holds_up_nobody(
    trial: Trial, ahead: dict[str, int]
) -> None:
    trial.fetch()
    trial.go_to(START_EPOCH + 1, -50 / SLOTS_PER_EPOCH)
    trial.bad.lags = ahead
    trial.fetch()
    trial.bad.recover()

    outcomes = [*trial.look_every(1 / 20, times=1), *trial.look_every(3, times=3)]

    assert [outcome.error for outcome in outcomes] == [""] * 4
    assert stored_picture() == picture_of(trial.chain, trial.chain.moment())
    assert trial.witness.wrong_events() == []
    assert _false_claims(trial) == []
    stakes = ValidatorEpoch.objects.filter(epoch=START_EPOCH + 1).values_list(
        "validator__vote_account", "activated_stake"
    )
    assert dict(stakes) == {
        key: seen.stake for key, seen in picture_of(trial.chain, trial.chain.moment()).items()
    }


@pytest.mark.parametrize("slots", [0, 1, 2, 5, 150])
def test_a_good_look_in_the_first_slots_of_an_epoch_is_taken(trial: Trial, slots: int) -> None:
    """The newest votes are for slots of the epoch before, which is no sign of a node that is behind."""
    trial.fetch()
    trial.look_every(6, times=1)
    trial.go_to(START_EPOCH + 1, slots / SLOTS_PER_EPOCH)

    outcome = trial.fetch()

    assert (outcome.endpoint, outcome.error) == (trial.first.url, "")
    assert stored_picture() == picture_of(trial.chain, trial.chain.moment())


def test_the_first_fetch_ever_passes_over_votes_far_behind_their_epoch_info(trial: Trial) -> None:
    trial.bad.lags["getVoteAccounts"] = 20_000

    outcome = trial.fetch()

    assert outcome.endpoint == trial.second.url
    assert stored_picture() == picture_of(trial.chain, trial.chain.moment())
    assert blames(outcome, trial.first, methods=VOTE_METHODS, cause="behind|slot|vote")


def test_a_first_fetch_ever_from_a_late_node_marks_nobody(trial: Trial) -> None:
    # Nothing in one look tells that the whole node is behind.
    trial.bad.lag = SLOTS_PER_EPOCH + 20_000
    trial.fetch()
    trial.bad.recover()

    trial.look_every(6, times=3)

    assert stored_picture() == picture_of(trial.chain, trial.chain.moment())
    assert (trial.witness.complaints, trial.witness.wrong_events()) == ([], [])
    assert _false_claims(trial) == []


def _false_claims(trial: Trial) -> list[str]:
    newest = Fetch.objects.newest()
    assert newest is not None
    return false_claims(trial.chain, running=newest.epoch, oldest=START_EPOCH - 4)
