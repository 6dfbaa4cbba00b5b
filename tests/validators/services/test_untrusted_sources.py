"""The sources beside the votes: a bad first endpoint is passed over by each of them, in the same run."""

import pytest
from django.db import connection

from tests.validators.nodes import damages
from tests.validators.nodes.kinds import IMPLAUSIBLE, REFUSING, Kind, blames
from tests.validators.nodes.trial import START_EPOCH, Trial
from tests.validators.services.sources import state
from validators.models import ClusterEpoch, Validator
from validators.simulator.clock import SLOTS_PER_EPOCH, first_slot_of
from validators.simulator.production import production_by_identity

pytestmark = pytest.mark.django_db

METHODS = {
    "production": ("getBlockProduction",),
    "nodes": ("getClusterNodes",),
    "names": ("getProgramAccounts",),
    "inflation": ("getInflationRate", "getSupply"),
    "cluster": ("getMultipleAccounts", "getAgGenesisCert", "getMinimumBalanceForRentExemption"),
    "vote-states": ("getMultipleAccounts",),
    "pools": ("getMultipleAccounts", "getAccountInfo"),
    "pool-search": ("getProgramAccounts",),
    "stakes": ("getProgramAccounts",),
    "mev": ("getMultipleAccounts", "getMinimumBalanceForRentExemption"),
}
ANY_METHOD = ("getGenesisHash", "getEpochInfo", "getSlot")
KINDS = IMPLAUSIBLE | REFUSING
FOREIGN, REFUSED, LATE = "another cluster", "-32005", "an epoch behind"
OLD, STILL = "20,000 slots behind in the same epoch", "standing still"


def _kinds(source: str) -> tuple[str, ...]:
    of_any = (FOREIGN, REFUSED, "403")
    # Gossip and names are of no slot, and inflation is of an epoch: nobody can tell that they are older.
    if source in ("nodes", "names"):
        return of_any
    if source == "inflation":
        return (*of_any, LATE)
    return (*of_any, LATE, OLD, STILL)


def _good_look(trial: Trial, source: str) -> None:
    trial.be_patient()
    trial.fetch()
    # Inflation is asked once in an epoch.
    for earlier in {"cluster", source} - {"inflation"}:
        assert not trial.fetch(earlier).error


def _go_bad(trial: Trial, kind: Kind) -> None:
    """The first endpoint, which was good a while ago; the votes are known since."""
    kind.spoils(trial)
    # By the second endpoint where the first one's votes are passed over.
    trial.wait(hours=3)
    trial.ask_only(trial.second)
    trial.fetch()
    trial.ask_only(trial.first, trial.second)


@pytest.mark.database
@pytest.mark.parametrize("source", METHODS)
def test_each_source_passes_over_to_the_next_endpoint_and_says_whom_and_why(
    trial: Trial, source: str, subtests: pytest.Subtests
) -> None:
    # Who is passed over is decided before anything is written: one kind tells of the other database.
    names = _kinds(source) if connection.vendor == "sqlite" else (FOREIGN,)
    _good_look(trial, source)
    for name in names:
        with subtests.test(name), trial.undone():
            kind = KINDS[name]
            _go_bad(trial, kind)

            outcome = trial.fetch(source)

            assert outcome.endpoint == trial.second.url, outcome
            assert (state(source).endpoint, state(source).last_error) == (trial.second.url, "")
            methods = METHODS[source] + ANY_METHOD
            assert blames(outcome, trial.first, methods=methods, cause=kind.cause), outcome


@pytest.mark.parametrize("source", ["vote-states", "mev", "pools", "pool-search", "stakes"])
def test_a_node_that_stands_where_the_newest_fetch_stood_is_passed_over(trial: Trial, source: str) -> None:
    """It is not behind what was asked for, and only the clock tells that it is not of now."""
    _good_look(trial, source)
    trial.bad.stand_still()
    trial.wait(minutes=10)

    outcome = trial.fetch(source)

    assert outcome.endpoint == trial.second.url, outcome
    assert blames(outcome, trial.first, methods=METHODS[source], cause="has not moved for 10 minutes"), (
        outcome
    )


def test_production_is_that_of_the_good_endpoint(trial: Trial, subtests: pytest.Subtests) -> None:
    _good_look(trial, "production")
    for name in (FOREIGN, LATE, OLD, STILL, REFUSED):
        with subtests.test(name), trial.undone():
            _go_bad(trial, KINDS[name])

            trial.fetch("production")

            _assert_production_is_true(trial)


def _assert_production_is_true(trial: Trial) -> None:
    now = trial.chain.moment()
    true = production_by_identity(
        trial.chain.cluster.field, first=first_slot_of(now.epoch), last=now.absolute_slot
    )
    rows = Validator.objects.present().filter(production_epoch=now.epoch)
    stored = {one.identity: (one.leader_slots, one.blocks_produced) for one in rows}
    assert stored == {identity: (made.leader_slots, made.blocks_produced) for identity, made in true.items()}


def test_a_node_behind_does_not_take_leader_slots_away(trial: Trial) -> None:
    trial.fetch()
    trial.wait(hours=1)
    trial.fetch()
    trial.fetch("production")
    trial.ask_only(trial.first)
    before = list(Validator.objects.order_by("pk").values_list("leader_slots", "blocks_produced"))
    trial.bad.lag = 150_000
    trial.wait(minutes=30)

    trial.fetch("production")

    assert list(Validator.objects.order_by("pk").values_list("leader_slots", "blocks_produced")) == before


def test_an_empty_production_in_the_middle_of_an_epoch_is_passed_over(trial: Trial) -> None:
    trial.fetch()
    trial.bad.damages.append(damages.no_blocks)

    outcome = trial.fetch("production")

    assert outcome.endpoint == trial.second.url
    _assert_production_is_true(trial)


@pytest.mark.parametrize("slots", [0, 3, 40, 90])
def test_the_first_slots_of_an_epoch_are_no_failure_and_no_other_cluster(trial: Trial, slots: int) -> None:
    trial.fetch()
    trial.go_to(START_EPOCH + 1, slots / SLOTS_PER_EPOCH)
    trial.fetch()
    trial.bad.damages.append(damages.no_blocks)
    trial.ask_only(trial.first)

    outcome = trial.fetch("production")

    assert outcome.result is not None or outcome.skipped, outcome
    assert "another cluster" not in outcome.words
    assert state("production").last_error == "" or outcome.skipped


def test_inflation_is_of_the_running_epoch(trial: Trial) -> None:
    trial.fetch()
    trial.go_to(START_EPOCH + 1, 0.02)
    trial.fetch()
    trial.bad.lag = SLOTS_PER_EPOCH // 10

    outcome = trial.fetch("inflation")

    assert outcome.endpoint == trial.second.url
    row = ClusterEpoch.objects.get(epoch=START_EPOCH + 1)
    assert row.total_supply is not None
