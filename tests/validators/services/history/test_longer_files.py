"""Files with more columns: lamports, and the blocks of whole epochs, from which everybody is judged."""

from pathlib import Path
from typing import Any

import pytest

from tests.validators.histories import HEADER, line
from tests.validators.replies import SOL, key
from tests.validators.rows import NOON, fetch, validator
from tests.validators.services.history.loading import load
from validators.models import ClusterEpoch, ValidatorEpoch
from validators.services.history.exporting import history_lines

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def long_file(folder: Path, *lines: str, more: str = "credits_unit,leader_slots,blocks_produced") -> Path:
    path = folder / "long.csv"
    path.write_bytes("".join(f"{one}\r\n" for one in (f"{HEADER},{more}", *lines)).encode())
    return path


def row(epoch: int, name: object = 1) -> ValidatorEpoch:
    return ValidatorEpoch.objects.get(epoch=epoch, validator__vote_account=key(f"vote {name}"))


def live(**fields: Any) -> ValidatorEpoch:
    of = validator(1, vote_account=key("vote 1"), identity=key("node 1"))
    given = {"credits_unit": "vote_credits", "source": "live", "fetched_at": NOON, "epoch": 900}
    return ValidatorEpoch.objects.create(validator=of, **(given | fields))


def test_lamports_and_blocks_are_stored_as_counted_in_the_whole_epoch(tmp_path: Path) -> None:
    told = line(900, credits=7_000_000_000, activated_stake=5 * SOL)

    load(long_file(tmp_path, f"{told},lamports,8,6"))

    found = row(900)
    assert (found.credits, found.credits_unit) == (7_000_000_000, "lamports")
    assert (found.leader_slots, found.blocks_produced, found.blocks_basis) == (8, 6, "final")
    cluster = ClusterEpoch.objects.get()
    assert (cluster.credits_unit, cluster.leader_slots, cluster.blocks_produced) == ("lamports", 8, 6)
    assert cluster.blocks_basis == "final"


def test_everybody_is_judged_by_an_imported_history_of_lamports(tmp_path: Path) -> None:
    """The first made three blocks, the second one; both voted in every slot, by the stake of 900.

    4,000 lamports for votes of 3 and 1 SOL, half of each vote for the leader: 500 for each block.
    """
    stakes = {1: 3, 2: 1}
    lines = [
        f"{line(epoch, name, activated_stake=stakes[name] * SOL * factor, credits=credits)},lamports,4,{made}"
        for epoch, factor in ((900, 1), (901, 2))
        for name, credits, made in ((1, 1_500 + 3 * 500, 3), (2, 500 + 500, 1))
    ]

    load(long_file(tmp_path, *lines))

    assert (row(901).vote_performance, row(901, 2).vote_performance) == pytest.approx((1, 1))
    assert (row(901).leader_luck, row(901, 2).leader_luck) == pytest.approx((1, 1))
    # Of the stake in 899 nothing is known.
    assert (row(900).vote_performance, row(900, 2).vote_performance) == (None, None)


@pytest.mark.parametrize("basis", ["", "partial"])
def test_an_epoch_that_fetches_told_of_learns_its_blocks_and_is_judged(tmp_path: Path, basis: str) -> None:
    """As the first fetch leaves those before it, by the credits of accounts; or one seen in a part."""
    for epoch in (900, 901):
        blocks = {"leader_slots": 1, "blocks_produced": 1, "blocks_slots": 9} if basis else {}
        ClusterEpoch.objects.create(epoch=epoch, credits_unit="lamports", blocks_basis=basis, **blocks)
    lines = [
        f"{line(epoch, name, activated_stake=SOL, credits=1_000)},lamports,4,1"
        for epoch in (900, 901)
        for name in (1, 2)
    ]

    load(long_file(tmp_path, *lines))

    cluster = ClusterEpoch.objects.get(epoch=901)
    assert (cluster.leader_slots, cluster.blocks_produced, cluster.blocks_basis) == (8, 2, "final")
    assert (row(901).vote_performance, row(901, 2).vote_performance) == pytest.approx((1, 1))


def test_no_file_ends_the_counting_of_blocks_in_the_epoch_that_runs(tmp_path: Path) -> None:
    fetch(epoch=900)
    ClusterEpoch.objects.create(epoch=900, credits_unit="lamports")

    load(long_file(tmp_path, f"{line(900)},lamports,8,6"))

    cluster = ClusterEpoch.objects.get(epoch=900)
    assert (cluster.blocks_produced, cluster.blocks_basis) == (None, "")


def test_one_of_whom_no_blocks_are_told_leaves_the_clusters_unknown(tmp_path: Path) -> None:
    load(long_file(tmp_path, f"{line(900, 1)},vote_credits,8,6", f"{line(900, 2)},vote_credits,,"))

    cluster = ClusterEpoch.objects.get()
    assert (cluster.blocks_produced, cluster.blocks_basis) == (None, "")
    assert row(900).vote_performance == pytest.approx(1)


def test_accounts_of_one_identity_are_counted_once(tmp_path: Path) -> None:
    one = key("node one")
    lines = [f"{line(900, name, identity=one)},lamports,8,6" for name in (1, 2)]

    load(long_file(tmp_path, *lines))

    assert ClusterEpoch.objects.get().blocks_produced == 6


def test_a_live_row_learns_the_blocks_that_it_does_not_know(tmp_path: Path) -> None:
    live(credits=5)

    load(long_file(tmp_path, f"{line(900)},vote_credits,8,6"))

    assert (row(900).blocks_produced, row(900).blocks_basis, row(900).credits) == (6, "final", 5)


def test_a_live_row_keeps_blocks_that_were_counted_in_all_of_its_epoch(tmp_path: Path) -> None:
    live(leader_slots=12, blocks_produced=11, blocks_basis="final")

    load(long_file(tmp_path, f"{line(900)},vote_credits,8,6"))

    assert (row(900).leader_slots, row(900).blocks_produced) == (12, 11)


@pytest.mark.parametrize("basis", ["partial", "schedule"])
def test_blocks_of_a_part_give_way_to_those_of_the_whole_epoch(tmp_path: Path, basis: str) -> None:
    live(leader_slots=4, blocks_produced=4, blocks_basis=basis)

    load(long_file(tmp_path, f"{line(900)},vote_credits,8,6"))

    assert (row(900).leader_slots, row(900).blocks_produced, row(900).blocks_basis) == (8, 6, "final")


def test_how_an_epoch_ended_is_stored_and_exported(tmp_path: Path) -> None:
    ends = (f"{line(900, 1)},0.93,1", f"{line(900, 2)},,0")
    path = long_file(tmp_path, *ends, more="end_performance,delinquent_at_end")

    assert load(path)["added"] == 2

    assert (row(900).credits, row(900).blocks_basis) == (6_900_000, "")
    assert (row(900).delinquent_at_end, row(900).end_performance) == (True, 0.93)
    assert (row(900, 2).delinquent_at_end, row(900, 2).end_performance) == (False, None)
    exported = list(history_lines())
    assert exported[0].endswith("skip_rate_percent,delinquent_at_end,end_performance\r\n")
    assert {one.split("1.5385,")[1] for one in exported[1:]} == {"1,0.93\r\n", "0,\r\n"}


def test_a_live_row_keeps_how_it_saw_its_epoch_end_and_learns_the_rest(tmp_path: Path) -> None:
    live(delinquent_at_end=False)

    load(long_file(tmp_path, f"{line(900)},1,0.93", more="delinquent_at_end,end_performance"))

    assert (row(900).delinquent_at_end, row(900).end_performance) == (False, 0.93)
