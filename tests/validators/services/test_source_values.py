"""The sources beside the votes: what each asks and stores, and which records it does not believe."""

from collections.abc import Callable
from typing import Any

import pytest

from scheduling.exceptions import SkipRun
from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.replies import EPOCH, SOL
from tests.validators.services.sources import METHODS, state
from validators import tasks
from validators.exceptions import ImplausibleError, MalformedReplyError
from validators.models import ClusterEpoch, Validator, ValidatorEpoch

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def known_of(vote_account: str, *fields: str) -> tuple[Any, ...]:
    row: tuple[Any, ...] = Validator.objects.values_list(*fields).get(vote_account=vote_account)
    return row


def test_production_is_stored_by_vote_account_with_the_skip_rate(endpoint: CannedEndpoint) -> None:
    shared = replies.key("one node")
    endpoint.current[:2] = replies.accounts(2, nodePubkey=shared)
    tasks.fetch_validators()
    others = [account["nodePubkey"] for account in endpoint.current[3:]]
    production = replies.block_production(others, (0, 0))
    production["value"]["byIdentity"][shared] = [8, 6]
    endpoint.results["getBlockProduction"] = production

    result = tasks.fetch_production()

    assert (result["epoch"], result["leaders"], result["validators"], result["rejected"]) == (
        EPOCH,
        18,
        19,
        0,
    )
    rows = ValidatorEpoch.objects.filter(epoch=EPOCH).order_by("validator_id")
    numbers = list(rows.values_list("leader_slots", "blocks_produced", "skip_rate"))
    assert numbers == [(8, 6, 0.25)] * 2 + [(None, None, None)] + [(0, 0, None)] * 17
    first = endpoint.current[0]["votePubkey"]
    assert known_of(first, "leader_slots", "blocks_produced", "production_epoch") == (8, 6, EPOCH)
    assert not ValidatorEpoch.objects.filter(epoch__lt=EPOCH, leader_slots__isnull=False).exists()
    endpoint.asked.clear()
    assert tasks.fetch_production()["epoch_rows_written"] == 0
    assert endpoint.methods == ["getBlockProduction"]


def test_a_later_fetch_of_votes_leaves_production_and_software_alone(endpoint: CannedEndpoint) -> None:
    for task in (tasks.fetch_validators, tasks.fetch_production, tasks.fetch_nodes, tasks.fetch_names):
        task()

    tasks.fetch_validators()

    row = ValidatorEpoch.objects.filter(epoch=EPOCH).first()
    assert row is not None
    assert (row.leader_slots, row.version, row.client) == (100, "4.2.1", "agave")
    assert row.skip_rate == pytest.approx(0.03)
    validator = Validator.objects.first()
    assert validator is not None
    assert (validator.name != "", validator.version, validator.version_current) == (True, "4.2.1", True)


def test_the_production_of_another_epoch_is_refused(endpoint: CannedEndpoint) -> None:
    tasks.fetch_validators()
    endpoint.results["getBlockProduction"] = replies.block_production(["1" * 32], epoch=EPOCH - 3)

    with pytest.raises(ImplausibleError, match=f"of epoch {EPOCH - 3}, and epoch {EPOCH} runs"):
        tasks.fetch_production()


def test_what_a_node_runs_is_stored_and_judged_within_its_lineage(endpoint: CannedEndpoint) -> None:
    identities = [account["nodePubkey"] for account in endpoint.current]
    behind, gone, silent, fire, old_fire = identities[:5]
    endpoint.results["getClusterNodes"] = [
        *(replies.node(identity) for identity in identities[5:]),
        replies.node(behind, "4.1.9"),
        replies.node(behind, "4.1.10"),
        replies.node(silent, None, clientId=None),
        replies.node(fire, "0.1105.40200", clientId=None),
        replies.node(old_fire, "0.1002.40100", clientId="Frankendancer"),
        replies.node(replies.key("stranger"), "9.9.9"),
    ]
    endpoint.current[3]["activatedStake"] = 9_000 * SOL
    tasks.fetch_validators()

    assert tasks.fetch_nodes()["validators"] == 19

    def seen(identity: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] = Validator.objects.values_list("version", "client", "version_current").get(
            identity=identity
        )
        return row

    assert seen(identities[9]) == ("4.2.1", "agave", True)
    assert seen(behind) == ("4.1.10", "agave", False)
    assert seen(gone) == ("", "", None)
    assert seen(silent) == ("", "unknown", None)
    assert seen(fire) == ("0.1105.40200", "frankendancer", True)
    assert seen(old_fire) == ("0.1002.40100", "frankendancer", False)
    endpoint.results["getClusterNodes"].pop()
    del endpoint.results["getClusterNodes"][0]
    tasks.fetch_nodes()
    assert seen(identities[5]) == ("4.2.1", "agave", True)


@pytest.mark.parametrize("said", [None, "", "unknown"])
def test_a_node_that_does_not_say_its_version_keeps_what_it_said_for_an_epoch(
    endpoint: CannedEndpoint, said: str | None
) -> None:
    tasks.fetch_validators()
    tasks.fetch_nodes()
    silent = endpoint.current[0]["nodePubkey"]
    endpoint.results["getClusterNodes"] = [
        replies.node(silent, said, clientId=None),
        *(replies.node(account["nodePubkey"]) for account in endpoint.current[1:]),
    ]

    def seen(epoch: int) -> tuple[Any, ...]:
        endpoint.epoch_infos = [replies.epoch_info(epoch)]
        tuples = replies.epoch_credits(*[replies.FULL_EPOCH] * 3, 5, last=epoch)
        endpoint.current = [account | {"epochCredits": tuples} for account in endpoint.current]
        tasks.fetch_validators()
        tasks.fetch_nodes()
        found: tuple[Any, ...] = Validator.objects.values_list("version", "client", "version_epoch").get(
            identity=silent
        )
        return found

    assert seen(EPOCH + 1) == ("4.2.1", "agave", EPOCH)
    assert seen(EPOCH + 2) == ("", "unknown", None)
    told = Validator.objects.exclude(identity=silent).values_list("version", "version_epoch").distinct()
    assert list(told) == [("4.2.1", EPOCH + 2)]


def test_inflation_and_supply_are_stored_once_an_epoch(endpoint: CannedEndpoint) -> None:
    tasks.fetch_validators()

    tasks.fetch_inflation()
    with pytest.raises(SkipRun, match=f"the inflation of epoch {EPOCH} is known"):
        tasks.fetch_inflation()

    row = ClusterEpoch.objects.get(epoch=EPOCH)
    assert (row.inflation_validator, row.total_supply) == (0.04, 620_000_000 * SOL)
    assert endpoint.methods.count("getInflationRate") == 1
    assert endpoint.params["getSupply"] == [{"excludeNonCirculatingAccountsList": True}]
    tasks.fetch_validators()
    row.refresh_from_db()
    assert row.inflation_validator == 0.04


def test_the_cluster_shows_clients_as_soon_as_the_nodes_are_told(endpoint: CannedEndpoint) -> None:
    tasks.fetch_validators()

    tasks.fetch_nodes()

    running = ClusterEpoch.objects.get(epoch=EPOCH)
    assert (running.stake_by_client, list(running.stake_by_version)) == ({"agave": 20_000 * SOL}, ["4.2.1"])


def test_each_source_asks_as_little_as_it_can(endpoint: CannedEndpoint) -> None:
    asked = {}
    for name, task in (
        ("votes", tasks.fetch_validators),
        *((name, task) for name, (task, _) in METHODS.items()),
    ):
        endpoint.asked.clear()
        task()
        asked[name] = endpoint.methods

    assert asked == {
        # Once an hour, whether the endpoint is of the cluster that is stored.
        "votes": ["getEpochInfo", "getVoteAccounts", "getGenesisHash"],
        # The running epoch so far, and once all of the one before it.
        "production": ["getBlockProduction"] * 2,
        "nodes": ["getClusterNodes"],
        "names": ["getProgramAccounts"],
        "inflation": ["getInflationRate", "getSupply"],
        "vote-states": ["getMultipleAccounts"],
        # One for each program; and where no pool is, there is no list to ask for.
        "pool-search": ["getProgramAccounts"] * 3,
        "pools": ["getMultipleAccounts"],
        # One for each validator, up to STAKES_PER_RUN.
        "stakes": ["getProgramAccounts"] * 20,
        # Two accounts of each in the running epoch and, until they have told all, in the nine before it.
        "mev": ["getMultipleAccounts"] * 4 + ["getMinimumBalanceForRentExemption"],
    }


BAD_ONE: dict[str, Callable[[Any], Any]] = {
    "production": lambda result: result["value"]["byIdentity"].update({replies.key("odd"): [1, 2]}),
    "nodes": lambda result: result.append({"pubkey": replies.key("odd"), "version": 5}),
    "names": lambda result: result.append({"pubkey": "not a key", "account": {"data": []}}),
}


@pytest.mark.parametrize("source", BAD_ONE)
def test_a_bad_record_is_left_out_alone_and_named(endpoint: CannedEndpoint, source: str) -> None:
    task, method = METHODS[source]
    endpoint.current = replies.accounts(30)
    tasks.fetch_validators()
    result = replies.SOURCES[method]([account["nodePubkey"] for account in endpoint.current])
    BAD_ONE[source](result)
    endpoint.results[method] = result

    stored = task()

    assert (stored["validators"], stored["rejected"]) == (30, 1)
    row = state(source)
    assert (row.rejected_count, len(row.rejected)) == (1, 1)
    assert row.rejected[0]["reason"]


@pytest.mark.parametrize("source", BAD_ONE)
@pytest.mark.parametrize("damage", ["many bad records", "nothing"])
def test_a_reply_that_is_mostly_bad_or_empty_is_mistrusted_as_a_whole(
    endpoint: CannedEndpoint, source: str, damage: str
) -> None:
    task, method = METHODS[source]
    endpoint.current = replies.accounts(10)
    tasks.fetch_validators()
    identities = [account["nodePubkey"] for account in endpoint.current] if damage != "nothing" else []
    result = replies.SOURCES[method](identities)
    if damage != "nothing":
        BAD_ONE[source](result)
    endpoint.results[method] = result

    with pytest.raises(
        MalformedReplyError, match=r"records are invalid|no record at all|no signed validator info"
    ):
        task()

    assert not Validator.objects.exclude(leader_slots=None, version="", name="").exists()


@pytest.mark.parametrize("source", BAD_ONE)
def test_a_reply_of_another_cluster_is_refused(endpoint: CannedEndpoint, source: str) -> None:
    task, method = METHODS[source]
    tasks.fetch_validators()
    endpoint.results[method] = replies.SOURCES[method]([replies.key(f"elsewhere {n}") for n in range(20)])

    with pytest.raises(ImplausibleError, match="looks like another cluster"):
        task()
