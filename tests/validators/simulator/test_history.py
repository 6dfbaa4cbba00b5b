import csv
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.validators.simulator.client import ask
from validators.simulator.clock import SLOTS_PER_EPOCH
from validators.simulator.cluster import Cluster
from validators.simulator.history import history_lines
from validators.simulator.running import running_cluster
from validators.simulator.world import MAINNET_TODAY

COUNT = 80
FIRST = 1_060
RUNNING = 1_101
Row = dict[str, str]


@pytest.fixture(scope="module")
def lines() -> list[str]:
    cluster = Cluster(seed=7, count=COUNT, world=MAINNET_TODAY)
    return list(history_lines(cluster, range(FIRST, RUNNING)))


@pytest.fixture(scope="module")
def rows(lines: list[str]) -> list[Row]:
    return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running_cluster(
        validators=COUNT,
        world=MAINNET_TODAY,
        clock=lambda: MAINNET_TODAY.origin.timestamp() + (RUNNING - 1_100 + 0.25) * 86_400,
    ) as url:
        yield url


def test_the_file_has_the_columns_of_a_history_file_and_three_more(lines: list[str]) -> None:
    assert lines[0] == (
        "epoch,vote_account,identity,activated_stake,commission_first,commission_last,commission_min,"
        "commission_max,version,snapshots,delinquent_snapshots,credits,cumulative_credits_at_start,"
        "skip_rate_percent,credits_unit,leader_slots,blocks_produced\r\n"
    )
    assert all(line.endswith("\r\n") and line.count(",") == 16 for line in lines)


def test_every_account_of_an_epoch_has_one_line(rows: list[Row]) -> None:
    assert set(Counter((row["epoch"], row["vote_account"]) for row in rows).values()) == {1}
    assert Counter(row["epoch"] for row in rows) == {str(epoch): COUNT for epoch in range(FIRST, RUNNING)}


def test_credits_are_votes_then_nothing_then_lamports(rows: list[Row]) -> None:
    units = {(int(row["epoch"]), row["credits_unit"], row["credits"] == "") for row in rows}

    assert units == {
        *((epoch, "vote_credits", False) for epoch in range(FIRST, 1_064)),
        (1_064, "lamports", True),
        *((epoch, "lamports", False) for epoch in range(1_065, RUNNING)),
    }


def test_cumulative_credits_go_up_by_what_was_earned(rows: list[Row]) -> None:
    known: dict[str, tuple[int, int]] = {}
    for row in rows:
        start = int(row["cumulative_credits_at_start"])
        if row["vote_account"] in known and int(row["epoch"]) != 1_065:
            assert start == sum(known[row["vote_account"]])
        known[row["vote_account"]] = (start, int(row["credits"] or 0))


def test_the_lines_say_what_the_cluster_says_of_the_same_epochs(rows: list[Row], url: str) -> None:
    answer = ask(url, "getVoteAccounts", {"keepUnstakedDelinquents": True})
    listed = {row["votePubkey"]: row for group in answer.values() for row in group}
    compared = 0
    for row in rows:
        epoch = int(row["epoch"])
        if row["vote_account"] not in listed or epoch < RUNNING - 3:
            continue
        tuples = [each for each in listed[row["vote_account"]]["epochCredits"] if each[0] == epoch]
        earned = sum(credits - before for _, credits, before in tuples)
        assert int(row["credits"]) == earned
        if tuples:
            assert int(row["cumulative_credits_at_start"]) == tuples[0][2]
        compared += 1
    assert compared > 2 * COUNT


def test_the_blocks_are_what_the_cluster_says_of_the_same_epochs(rows: list[Row], url: str) -> None:
    for epoch in (RUNNING - 2, RUNNING - 1):
        start = epoch * SLOTS_PER_EPOCH
        slots = {"firstSlot": start, "lastSlot": start + SLOTS_PER_EPOCH - 1}
        told = ask(url, "getBlockProduction", {"range": slots})["value"]["byIdentity"]
        ours = [row for row in rows if int(row["epoch"]) == epoch]
        for row in ours:
            led, made = told.get(row["identity"], [0, 0])
            assert (int(row["leader_slots"]), int(row["blocks_produced"])) == (led, made)
            if led:
                assert float(row["skip_rate_percent"]) == pytest.approx(100 * (1 - made / led))
                assert re.fullmatch(r"\d{1,3}\.\d{1,10}", row["skip_rate_percent"])
            else:
                assert row["skip_rate_percent"] == ""


def test_who_is_not_let_in_is_delinquent_in_alpenglow(rows: list[Row]) -> None:
    silent = {row["vote_account"] for row in rows if row["epoch"] == "1080" and row["credits"] == "0"}
    late = [row for row in rows if row["epoch"] == "1080" and row["vote_account"] in silent]

    assert len(late) > 3
    assert {(row["snapshots"], row["delinquent_snapshots"]) for row in late} == {("4", "4")}


def test_the_command_writes_the_file_and_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "past.csv"
    call_command(
        "simulate_cluster",
        *("--validators", "24", "--alpenglow-epoch", "never", "--slot-times", ""),
        *("--origin", "2026-11-20T00:00:00+01:00", "--history", str(file), "--epochs", "3"),
    )

    said = re.search(r"Wrote epochs (\d+) to (\d+) to ", capsys.readouterr().out)
    assert said
    found = list(csv.DictReader(file.read_bytes().decode("ascii").splitlines()))
    assert int(said[2]) - int(said[1]) == 2
    assert {row["epoch"] for row in found} == {str(epoch) for epoch in range(int(said[1]), int(said[2]) + 1)}
    assert {row["credits_unit"] for row in found} == {"vote_credits"}
    assert file.read_bytes().count(b"\r\n") == len(found) + 1 == 73
