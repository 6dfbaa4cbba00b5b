"""An epoch that ended while nobody looked: final once the chain itself told it, else unknown to all."""

from typing import Any

import pytest
from django.test import Client

from tests.validators import replies
from tests.validators.account_endpoints import AccountsEndpoint
from tests.validators.endpoints import CannedEndpoint
from tests.validators.looking import page, words
from tests.validators.replies import EPOCH, FULL_EPOCH, SLOTS, epoch_credits
from tests.validators.services.stored import STEADY
from tests.validators.services.vote_accounts import holds
from validators import tasks
from validators.exceptions import ImplausibleError
from validators.models import ClusterEpoch, Validator, ValidatorEpoch
from validators.services.history.exporting import history_lines
from validators.services.scores.facts import cluster_facts

pytestmark = [pytest.mark.django_db, pytest.mark.database]

HALF = FULL_EPOCH // 2
COUNT = 4


def look(
    endpoint: CannedEndpoint, epoch: int, *credits: int, slot_index: int = SLOTS // 2, **changes: Any
) -> None:
    """A fetch in that epoch of accounts whose tuples end with it."""
    endpoint.epoch_infos = [replies.epoch_info(epoch, slot_index)]
    endpoint.current = replies.accounts(
        COUNT, **{"epochCredits": epoch_credits(*credits, last=epoch)} | changes
    )
    tasks.fetch_validators()


def numbers(epoch: int) -> set[tuple[int | None, bool]]:
    rows = ValidatorEpoch.objects.filter(epoch=epoch)
    return set(rows.values_list("credits", "credits_final"))


def test_the_running_epoch_is_not_final_and_the_ended_ones_are(endpoint: CannedEndpoint) -> None:
    look(endpoint, EPOCH, STEADY, STEADY, HALF)

    assert numbers(EPOCH) == {(HALF, False)}
    assert numbers(EPOCH - 1) == numbers(EPOCH - 2) == {(STEADY, True)}
    assert not ClusterEpoch.objects.get(epoch=EPOCH).credits_final
    look(endpoint, EPOCH + 1, STEADY, STEADY - 16, 5)
    assert numbers(EPOCH) == {(STEADY - 16, True)}
    ended = ClusterEpoch.objects.get(epoch=EPOCH)
    assert (ended.mean_credits, ended.credits_final) == (STEADY - 16, True)


def test_votes_of_a_node_that_is_still_in_the_epoch_before_are_not_final(endpoint: CannedEndpoint) -> None:
    """It answered the second question; the first was answered by one that is further on."""
    endpoint.epoch_infos = [replies.epoch_info(EPOCH + 1, 0)]
    endpoint.current = replies.accounts(COUNT, epochCredits=epoch_credits(STEADY, STEADY - 16))
    tasks.fetch_validators()

    assert numbers(EPOCH) == {(STEADY - 16, False)}
    assert numbers(EPOCH - 1) == {(STEADY, True)}
    look(endpoint, EPOCH + 1, STEADY, STEADY, 8)
    assert numbers(EPOCH) == {(STEADY, True)}


def outage(endpoint: CannedEndpoint, epochs: int) -> None:
    """Our last look is in the middle of EPOCH, the next one so many epochs later."""
    look(endpoint, EPOCH, STEADY, STEADY, HALF)
    look(endpoint, EPOCH + epochs, *[STEADY] * 4, 7)


@pytest.mark.parametrize("epochs", [1, 2, 3, 4])
def test_an_outage_within_the_five_tuples_leaves_nothing_half_done(
    endpoint: CannedEndpoint, epochs: int
) -> None:
    outage(endpoint, epochs)

    for epoch in range(EPOCH, EPOCH + epochs):
        assert numbers(epoch) == {(STEADY, True)}
        assert ClusterEpoch.objects.get(epoch=epoch).mean_credits == STEADY


@pytest.mark.parametrize("epochs", [5, 6, 9])
def test_after_a_longer_one_half_an_epoch_is_unknown_to_everything(
    endpoint: CannedEndpoint, client: Client, epochs: int
) -> None:
    outage(endpoint, epochs)

    assert numbers(EPOCH) == {(HALF, False)}
    cluster = ClusterEpoch.objects.get(epoch=EPOCH)
    assert (cluster.mean_credits, cluster.credit_stake_sum, cluster.credits_final) == (None, None, False)
    row = ValidatorEpoch.objects.filter(epoch=EPOCH).first()
    assert row is not None
    assert (row.vote_performance, row.estimated_return) == (None, None)
    facts = cluster_facts(with_past=True)
    assert facts is not None
    assert {one.credits for v in facts.validators for one in v.epochs if one.epoch == EPOCH} <= {None}
    assert all(
        performance is None
        for v in facts.validators
        for epoch, performance in zip(v.past.epochs, v.past.performance, strict=True)
        if epoch == EPOCH
    )


def test_half_an_epoch_is_shown_as_not_final_and_never_as_a_low_number(
    endpoint: CannedEndpoint, client: Client
) -> None:
    outage(endpoint, 6)
    account = endpoint.current[0]["votePubkey"]

    shown = page(client, f"/validators/{account}/")
    assert "not final: our looks ended inside the epoch" in shown
    assert f"{HALF:,}".replace(",", " ") not in words(shown).replace("\N{NARROW NO-BREAK SPACE}", " ")
    items = client.get(f"/api/v1/validators/{account}/epochs").json()["items"]
    told = {item["epoch"]: (item["credits"], item["final"]) for item in items}
    assert told[EPOCH] == (None, False)
    assert told[EPOCH - 1] == (str(STEADY), True)
    assert told[EPOCH + 6] == ("7", False)
    clusters = client.get("/api/v1/cluster/epochs").json()["items"]
    assert {one["epoch"]: one["final"] for one in clusters}[EPOCH] is False


def test_the_accounts_own_memory_makes_it_final(node: AccountsEndpoint) -> None:
    """The raw accounts were read before the outage already, so their past is stored."""
    long = epoch_credits(*[STEADY] * 30, HALF)
    for number in range(3):
        node.current[number] |= {"epochCredits": long[-5:]}
        holds(node, number, credits=long)
    tasks.fetch_validators()
    tasks.fetch_vote_states()
    later = epoch_credits(*[STEADY] * 37, 7, last=EPOCH + 7)
    node.epoch_infos = [replies.epoch_info(EPOCH + 7)]
    node.slots = [(EPOCH + 7) * SLOTS + SLOTS // 2]
    for number in range(3):
        node.current[number] |= {"epochCredits": later[-5:]}
        holds(node, number, credits=later)
    tasks.fetch_validators()
    assert numbers(EPOCH) == {(HALF, False)}
    assert not ValidatorEpoch.objects.filter(epoch=EPOCH + 1).exists()

    tasks.fetch_vote_states()

    for epoch in range(EPOCH, EPOCH + 7):
        assert numbers(epoch) == {(STEADY, True)}
    assert ClusterEpoch.objects.get(epoch=EPOCH).mean_credits == STEADY
    performances = ValidatorEpoch.objects.filter(epoch=EPOCH).values_list("vote_performance", flat=True)
    assert set(performances) == {1.0}
    assert tasks.fetch_vote_states()["epoch_rows_filled"] == 0


def test_who_earned_nothing_since_is_a_final_zero_and_not_half(endpoint: CannedEndpoint) -> None:
    """Its tuples end before the epochs that it missed: with fewer than five none can have dropped out."""
    look(endpoint, EPOCH, STEADY, HALF)
    stopped = endpoint.current[0] | {"epochCredits": epoch_credits(STEADY, HALF, last=EPOCH)}
    endpoint.epoch_infos = [replies.epoch_info(EPOCH + 2)]
    endpoint.current = [
        stopped,
        *replies.accounts(COUNT, epochCredits=epoch_credits(STEADY, STEADY, STEADY, 9, last=EPOCH + 2))[1:],
    ]

    tasks.fetch_validators()

    rows = ValidatorEpoch.objects.filter(validator__vote_account=stopped["votePubkey"], epoch__gte=EPOCH)
    told = rows.order_by("epoch").values_list("epoch", "credits", "credits_final")
    assert list(told) == [(EPOCH, HALF, True), (EPOCH + 1, 0, True), (EPOCH + 2, 0, False)]


def test_a_tuple_that_dropped_out_is_no_epoch_without_credits(endpoint: CannedEndpoint) -> None:
    """The sentinel is one of the five, so after four epochs the migration's own tuple is the oldest."""
    look(endpoint, EPOCH, STEADY, HALF)
    total = 5 * 10**9
    split = [replies.SENTINEL, *epoch_credits(*[10**12] * 3, 5, last=EPOCH + 4, before=total)]

    endpoint.epoch_infos = [replies.epoch_info(EPOCH + 4)]
    endpoint.current = replies.accounts(COUNT, epochCredits=split)
    tasks.fetch_validators()

    assert numbers(EPOCH) == {(HALF, False)}


def test_a_final_number_does_not_change_any_more_and_a_contradiction_is_logged(
    endpoint: CannedEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    look(endpoint, EPOCH, STEADY, STEADY, HALF)
    look(endpoint, EPOCH + 1, STEADY, STEADY, 5)

    look(endpoint, EPOCH + 1, STEADY, STEADY - 800, 6)

    assert numbers(EPOCH) == {(STEADY, True)}
    assert numbers(EPOCH + 1) == {(6, False)}
    assert "4 final numbers are others in this fetch and stay as they were" in caplog.text


def test_what_a_file_tells_is_final_and_what_the_chain_tells_goes_before(endpoint: CannedEndpoint) -> None:
    look(endpoint, EPOCH, STEADY, STEADY, HALF)
    ValidatorEpoch.objects.filter(epoch=EPOCH - 1).update(source="imported", credits=17)

    look(endpoint, EPOCH, STEADY, STEADY, HALF + 5)

    assert numbers(EPOCH - 1) == {(STEADY, True)}


def production(slots: int, counts: tuple[int, int], epoch: int = EPOCH) -> dict[str, Any]:
    answer = replies.block_production([replies.key("node 0")], counts, epoch)
    answer["value"]["range"]["lastSlot"] = epoch * SLOTS + slots - 1
    return answer


@pytest.fixture
def counted(endpoint: CannedEndpoint) -> CannedEndpoint:
    """A thousand leader slots were counted in most of the epoch; of ended ones nothing is told."""
    look(endpoint, EPOCH, STEADY, HALF)
    endpoint.results["getBlockProduction"] = production(400_000, (1_000, 990))
    endpoint.results["getBlockProduction range"] = production(5, (0, 0), EPOCH - 1)
    endpoint.results["getLeaderSchedule"] = None
    tasks.fetch_production()
    return endpoint


def led() -> tuple[Any, ...]:
    row = ValidatorEpoch.objects.get(epoch=EPOCH, identity=replies.key("node 0"))
    one = Validator.objects.get(identity=replies.key("node 0"))
    return row.leader_slots, one.leader_slots, one.production_epoch


def test_a_node_that_is_behind_shrinks_no_leader_slots(counted: CannedEndpoint) -> None:
    counted.results["getBlockProduction"] = production(100_000, (250, 240))

    with pytest.raises(ImplausibleError, match="slots behind the last good look"):
        tasks.fetch_production()

    assert led() == (1_000, 1_000, EPOCH)


def test_fewer_leader_slots_in_more_slots_shrink_none(counted: CannedEndpoint) -> None:
    counted.results["getBlockProduction"] = production(400_001, (250, 240))

    tasks.fetch_production()

    assert led() == (1_000, 1_000, EPOCH)


def test_after_the_boundary_a_node_before_it_takes_nothing_back(counted: CannedEndpoint) -> None:
    counted.results["getBlockProduction"] = production(2_000, (8, 8), EPOCH + 1)
    tasks.fetch_production()
    assert led() == (1_000, 8, EPOCH + 1)

    counted.results["getBlockProduction"] = production(410_000, (1_010, 1_000))
    tasks.fetch_production()

    assert led() == (1_010, 8, EPOCH + 1)


def test_blocks_of_a_part_of_an_ended_epoch_are_no_skip_rate(counted: CannedEndpoint, client: Client) -> None:
    account = replies.key("vote 0")
    running = client.get(f"/api/v1/validators/{account}").json()["validator"]["skip_rate"]
    assert running == pytest.approx(0.01)
    look(counted, EPOCH + 1, STEADY, STEADY, 5)

    detail = client.get(f"/api/v1/validators/{account}").json()["validator"]
    items = client.get(f"/api/v1/validators/{account}/epochs").json()["items"]
    facts = cluster_facts(with_past=True)

    assert detail["skip_rate"] is None
    assert {item["epoch"]: item["skip_rate"] for item in items}[EPOCH] is None
    assert facts is not None
    pasts = [one.past for one in facts.validators if one.vote_account == account]
    assert [dict(zip(past.epochs, past.skip_rate, strict=True))[EPOCH] for past in pasts] == [None]
    assert facts.skip_rates is not None
    assert EPOCH not in facts.skip_rates


def test_all_blocks_of_the_epoch_are_its_skip_rate_again(counted: CannedEndpoint, client: Client) -> None:
    look(counted, EPOCH + 1, STEADY, STEADY, 5, slot_index=4)
    identities = [one["nodePubkey"] for one in counted.current]
    whole = replies.whole_production(identities, EPOCH * SLOTS, (EPOCH + 1) * SLOTS - 1, (1_200, 1_080))
    counted.results["getBlockProduction range"] = whole
    counted.results["getBlockProduction"] = production(0, (0, 0), EPOCH + 1)
    counted.results["getBlockProduction"]["value"] = {
        "byIdentity": {},
        "range": {"firstSlot": (EPOCH + 1) * SLOTS, "lastSlot": (EPOCH + 1) * SLOTS + 3},
    }

    tasks.fetch_production()

    assert led() == (1_200, 1_200, EPOCH)
    detail = client.get(f"/api/v1/validators/{replies.key('vote 0')}").json()["validator"]
    assert detail["skip_rate"] == pytest.approx(0.1)


def test_an_export_leaves_out_what_is_not_final(endpoint: CannedEndpoint) -> None:
    outage(endpoint, 6)

    told = {line.split(",")[0]: line.split(",")[11] for line in list(history_lines())[1:]}
    assert told[str(EPOCH)] == told[str(EPOCH + 6)] == ""
    assert told[str(EPOCH - 1)] == str(STEADY)
