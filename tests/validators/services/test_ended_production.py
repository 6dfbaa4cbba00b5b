"""The blocks of epochs that are over: all of them, else what the schedule lets expect."""

from typing import Any

import pytest

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint, rpc_error
from tests.validators.replies import EPOCH, SLOTS, SOL, epoch_credits
from validators import tasks
from validators.models import ClusterEpoch, Fetch, Validator, ValidatorEpoch

pytestmark = [pytest.mark.django_db, pytest.mark.database]

FIRST, LAST = EPOCH * SLOTS, (EPOCH + 1) * SLOTS - 1
REFUSED = (-32004, "Block not available")


def nodes(endpoint: CannedEndpoint) -> list[str]:
    return [account["nodePubkey"] for account in endpoint.current]


def production(counts: dict[str, tuple[int, int]], epoch: int, slots: int) -> dict[str, Any]:
    """Of so many slots from the beginning of an epoch."""
    answer = replies.block_production([], epoch=epoch)
    answer["value"]["byIdentity"] = {identity: list(both) for identity, both in counts.items()}
    answer["value"]["range"] = {"firstSlot": epoch * SLOTS, "lastSlot": epoch * SLOTS + slots - 1}
    return answer


@pytest.fixture
def over(endpoint: CannedEndpoint) -> CannedEndpoint:
    """Half of EPOCH was counted while it ran: the first led 200 slots and made 100 blocks, the others all
    but one of a hundred. Now the next epoch runs, and nobody was asked for the production of it yet."""
    tasks.fetch_validators()
    ValidatorEpoch.objects.filter(epoch=EPOCH - 1).update(activated_stake=1_000 * SOL)
    first, *others = nodes(endpoint)
    counted = {first: (200, 100)} | dict.fromkeys(others, (100, 99))
    endpoint.results["getBlockProduction"] = production(counted, EPOCH, SLOTS // 2)
    # Of the epoch before that nothing is told.
    endpoint.results["getBlockProduction range"] = production({}, EPOCH - 1, 5)
    endpoint.results["getLeaderSchedule"] = None
    tasks.fetch_production()
    endpoint.epoch_infos = [replies.epoch_info(EPOCH + 1, 2_000)]
    tuples = epoch_credits(*[6_900_000] * 4, 9, last=EPOCH + 1)
    endpoint.current = [account | {"epochCredits": tuples} for account in endpoint.current]
    tasks.fetch_validators()
    endpoint.results["getBlockProduction"] = production(
        dict.fromkeys([first, *others], (4, 4)), EPOCH + 1, 2_001
    )
    del endpoint.results["getBlockProduction range"], endpoint.results["getLeaderSchedule"]
    endpoint.asked.clear()
    return endpoint


def row(of: str) -> ValidatorEpoch:
    return ValidatorEpoch.objects.get(epoch=EPOCH, validator__identity=of)


def cluster() -> ClusterEpoch:
    return ClusterEpoch.objects.get(epoch=EPOCH)


def test_after_the_boundary_all_blocks_of_the_epoch_are_asked_for_once(over: CannedEndpoint) -> None:
    first, *others = nodes(over)
    everything = {first: (400, 250)} | dict.fromkeys(others, (200, 198))
    over.results["getBlockProduction range"] = production(everything, EPOCH, SLOTS)

    result = tasks.fetch_production()

    assert over.params["getBlockProduction"] in ([], [{"range": {"firstSlot": FIRST, "lastSlot": LAST}}])
    assert result["ended_epochs"] == [EPOCH]
    assert (cluster().blocks_basis, cluster().blocks_slots) == ("final", SLOTS)
    assert cluster().blocks_produced == 250 + 19 * 198
    assert (row(first).leader_slots, row(first).blocks_produced, row(first).blocks_basis) == (
        400,
        250,
        "final",
    )
    # By the stake of the epoch before, which is everybody's twentieth.
    assert row(first).leader_luck == pytest.approx(250 * 20 / (250 + 19 * 198))
    over.asked.clear()
    assert EPOCH not in tasks.fetch_production()["ended_epochs"]
    assert cluster().blocks_produced == 250 + 19 * 198


@pytest.mark.parametrize("impossible", [(SLOTS + 1, 9), (9, 10)])
def test_of_whom_a_whole_epoch_tells_what_cannot_be_it_is_not_told_that_it_led_nothing(
    over: CannedEndpoint, impossible: tuple[int, int]
) -> None:
    first, *others = nodes(over)
    everything = dict.fromkeys(others, (200, 198))
    over.results["getBlockProduction range"] = production(everything | {first: impossible}, EPOCH, SLOTS)
    over.results["getLeaderSchedule"] = None

    assert EPOCH not in tasks.fetch_production()["ended_epochs"]

    assert (cluster().blocks_basis, row(first).blocks_produced) == ("partial", 100)
    over.results["getBlockProduction range"] = production(everything | {first: (200, 150)}, EPOCH, SLOTS)
    assert EPOCH in tasks.fetch_production()["ended_epochs"]
    assert (cluster().blocks_basis, row(first).blocks_produced) == ("final", 150)


def test_the_running_epoch_is_counted_beside_it(over: CannedEndpoint) -> None:
    tasks.fetch_production()

    running = ValidatorEpoch.objects.filter(epoch=EPOCH + 1)
    assert set(running.values_list("leader_slots", "blocks_produced", "blocks_basis")) == {(4, 4, "partial")}
    assert set(Validator.objects.values_list("leader_slots", "production_epoch")) == {(4, EPOCH + 1)}


def test_an_answer_of_fewer_slots_is_none_of_the_whole_epoch(over: CannedEndpoint) -> None:
    """A node that has dropped the first of them."""
    short = replies.whole_production(nodes(over), FIRST + 1, LAST)
    over.results["getBlockProduction range"] = short
    over.results["getLeaderSchedule"] = None

    assert EPOCH not in tasks.fetch_production()["ended_epochs"]

    assert (cluster().blocks_basis, cluster().blocks_slots) == ("partial", SLOTS // 2)
    assert row(nodes(over)[0]).blocks_produced == 100


def schedule(over: CannedEndpoint, slots: int = 400) -> None:
    """The range is refused, the schedule is told: so many slots each."""
    over.results["getBlockProduction range"] = production({}, EPOCH, 5)
    over.results["getLeaderSchedule"] = replies.leader_schedule(nodes(over), slots)


def expected(led: int, made: int, slots: int = 400) -> int:
    """Slots less the share that was skipped, drawn towards the cluster's by forty slots that went like it."""
    cluster_skipped = 1 - (100 + 19 * 99) / (200 + 19 * 100)
    share = (led - made + 40 * cluster_skipped) / (led + 40)
    return round(slots * (1 - share))


def test_where_the_range_is_refused_the_schedule_tells_less_what_each_skipped(over: CannedEndpoint) -> None:
    first, second, *_ = nodes(over)
    schedule(over)

    result = tasks.fetch_production()

    assert result["ended_epochs"] == [EPOCH]
    assert "getLeaderSchedule" in over.methods
    assert cluster().blocks_basis == "schedule"
    assert (row(second).leader_slots, row(second).blocks_produced) == (400, expected(100, 99))
    # It made half of its blocks while somebody counted.
    assert (row(first).leader_slots, row(first).blocks_produced) == (400, expected(200, 100))


def test_what_the_schedule_told_stays_until_all_is_counted(over: CannedEndpoint) -> None:
    schedule(over)
    tasks.fetch_production()
    before = list(ValidatorEpoch.objects.filter(epoch=EPOCH).order_by("pk").values())

    tasks.fetch_production()
    assert list(ValidatorEpoch.objects.filter(epoch=EPOCH).order_by("pk").values()) == before

    over.results["getBlockProduction range"] = replies.whole_production(nodes(over), FIRST, LAST)
    tasks.fetch_production()
    assert cluster().blocks_basis == "final"


def test_where_nothing_is_told_of_it_the_running_epoch_is_no_failure(over: CannedEndpoint) -> None:
    over.results["getBlockProduction range"] = production({}, EPOCH, 5)
    over.results["getLeaderSchedule"] = None
    over.faults = [None, rpc_error(*REFUSED), rpc_error(-32022, "no slots")]

    result = tasks.fetch_production()

    assert (result["epoch"], EPOCH in result["ended_epochs"]) == (EPOCH + 1, False)


def _began_just_now() -> None:
    Fetch.objects.filter(epoch=EPOCH + 1).update(absolute_slot=(EPOCH + 1) * SLOTS + 2, slot_index=2)


def test_in_the_first_slots_of_an_epoch_nobody_has_led_and_that_is_no_failure(over: CannedEndpoint) -> None:
    _began_just_now()
    over.results["getBlockProduction"] = production({}, EPOCH + 1, 3)

    result = tasks.fetch_production()

    assert (result["leaders"], result["validators"], result["epoch"]) == (0, 0, EPOCH + 1)
    assert cluster().blocks_basis == "final"
    # What was counted of the epoch before stays on the pages until there is something to say.
    assert set(Validator.objects.values_list("production_epoch", flat=True)) == {EPOCH}


def test_a_few_strangers_in_the_first_slots_are_no_other_cluster(over: CannedEndpoint) -> None:
    _began_just_now()
    over.results["getBlockProduction"] = production({replies.key("stranger"): (4, 4)}, EPOCH + 1, 4)

    assert tasks.fetch_production()["validators"] == 0


def test_blocks_told_before_the_first_votes_of_an_epoch_are_stored_of_both(endpoint: CannedEndpoint) -> None:
    """The newest fetch is of the epoch that has just ended: its credits are not all there yet."""
    tasks.fetch_validators()
    ValidatorEpoch.objects.filter(epoch=EPOCH - 1).update(activated_stake=1_000 * SOL)
    endpoint.results["getBlockProduction"] = production(
        dict.fromkeys(nodes(endpoint), (4, 4)), EPOCH + 1, 2_001
    )

    result = tasks.fetch_production()

    assert (result["epoch"], EPOCH in result["ended_epochs"]) == (EPOCH + 1, True)
    assert cluster().blocks_basis == "final"
    assert row(nodes(endpoint)[0]).blocks_produced == 194
    running = ClusterEpoch.objects.get(epoch=EPOCH + 1)
    assert (running.leader_slots, running.blocks_produced, running.blocks_basis) == (80, 80, "partial")
    assert set(Validator.objects.values_list("production_epoch", flat=True)) == {EPOCH + 1}
