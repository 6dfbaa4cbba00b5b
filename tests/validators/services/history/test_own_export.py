"""Who imports what was exported loses nothing, and one more import of a file changes nothing."""

from pathlib import Path
from typing import Any

import pytest

from tests.validators.chain_histories import HistoriesEndpoint, usual
from tests.validators.histories import HEADER, file_of, line
from tests.validators.replies import key
from tests.validators.rows import NOON, validator
from tests.validators.services.history.chain_imports import RUNNING, VOTES, command
from tests.validators.services.history.loading import load
from validators.models import ClusterEpoch, MevEpoch, Validator, ValidatorEpoch
from validators.services.history.exporting import history_lines
from validators.services.history.rows import FIELDS

pytestmark = [pytest.mark.django_db, pytest.mark.database]

CLIENTS = (1, 2, 3, 255)  # Jito Labs, Frankendancer, agave, and one that nobody tells


def with_histories(node: HistoriesEndpoint) -> None:
    """Four validators of one version each, whose programs only their histories tell."""
    for vote, client in zip(VOTES, CLIENTS, strict=True):
        node.has(vote, *(usual(RUNNING - age, client=client, blocks=237) for age in (3, 2, 1)))
    command("--from", "chain")


def exported(folder: Path, *, without: str = "") -> Path:
    """What export_epochs writes, without a column that an older release did not know."""
    path = folder / "exported.csv"
    lines = [one.rstrip("\r\n").split(",") for one in history_lines()]
    place = lines[0].index(without) if without else len(lines[0])
    path.write_text("".join(",".join(one[:place] + one[place + 1 :]) + "\r\n" for one in lines))
    return path


def stored() -> list[dict[str, Any]]:
    columns = ("validator__vote_account", "epoch", *FIELDS)
    return list(ValidatorEpoch.objects.order_by("epoch", "validator__vote_account").values(*columns))


@pytest.mark.parametrize("without", ["", "client"])
def test_an_export_changes_nothing_where_it_comes_from(
    without: str, followed: HistoriesEndpoint, tmp_path: Path
) -> None:
    with_histories(followed)
    rows, clusters = list(ValidatorEpoch.objects.values()), list(ClusterEpoch.objects.values())
    file = exported(tmp_path, without=without)

    results = [load(file) for _ in range(2)]

    assert [(one["added"], one["changed"], one["rejected_count"]) for one in results] == [(0, 0, 0)] * 2
    assert list(ValidatorEpoch.objects.values()) == rows
    assert list(ClusterEpoch.objects.values()) == clusters
    told = {row["client"] for row in rows if row["epoch"] == RUNNING - 2}
    assert told == {"jito labs", "frankendancer", "agave"}


def test_an_export_fills_an_empty_database_with_equal_rows(
    followed: HistoriesEndpoint, tmp_path: Path
) -> None:
    with_histories(followed)
    ended = [row for row in stored() if row["epoch"] < RUNNING]
    file = exported(tmp_path)
    for model in (MevEpoch, ValidatorEpoch, ClusterEpoch, Validator):
        model.objects.all().delete()

    load(file)

    there = [row for row in stored() if row["epoch"] < RUNNING]
    for row in (*ended, *there):
        row["skip_rate"] = None if row["skip_rate"] is None else round(row["skip_rate"], 12)
    assert there == ended
    assert exported(tmp_path).read_bytes() == file.read_bytes()


def row_of(**fields: Any) -> ValidatorEpoch:
    given = {"credits_unit": "vote_credits", "source": "live", "fetched_at": NOON, "epoch": 900}
    return ValidatorEpoch.objects.create(
        validator=validator(1, vote_account=key("vote 1"), identity=key("node 1")), **(given | fields)
    )


def test_a_client_that_nobody_knows_stays_unknown(tmp_path: Path) -> None:
    """As in the epoch that runs, of a node that gossip does not have."""
    row_of(version="", client="unknown", fetches=4)
    whole, older = exported(tmp_path).read_text(), exported(tmp_path, without="client")

    result = load(older)

    assert whole.splitlines()[0] == f"{HEADER},client"
    assert whole.splitlines()[1].endswith(",unknown")
    assert result["changed"] == 0
    assert ValidatorEpoch.objects.get().client == "unknown"


def test_a_file_that_tells_the_client_is_believed_before_the_version(tmp_path: Path) -> None:
    load(file_of(tmp_path, line(900)))
    path = tmp_path / "told.csv"
    path.write_text(f"{HEADER},client\r\n{line(900)},jito labs\r\n")

    load(path)

    assert ValidatorEpoch.objects.get().client == "jito labs"


def test_a_file_without_credits_says_nothing_of_their_unit(tmp_path: Path) -> None:
    row_of(source="history", credits_unit="lamports", credits=7_000_000_000, identity="")

    load(file_of(tmp_path, line(900, credits="", cumulative_credits_at_start="")))

    row = ValidatorEpoch.objects.get()
    assert (row.credits, row.credits_unit, row.credits_final) == (7_000_000_000, "lamports", True)
    assert (row.identity, row.source) == (key("node 1"), "imported")


@pytest.mark.parametrize("source", ["live", "account", "imported", "history"])
def test_whatever_is_known_stays_when_a_file_knows_nothing(source: str, tmp_path: Path) -> None:
    known = {
        "commission_first_bps": 500,
        "commission_last_bps": 600,
        "commission_min_bps": 500,
        "commission_max_bps": 700,
        "commission_source": "imported",
        "version": "2.2.14",
        "client": "harmonic agave",
        "fetches": 9,
        "delinquent_fetches": 2,
        "identity": key("node 1"),
        "activated_stake": 5,
        "credits": 6_000_000,
        "cumulative_credits_at_start": 7,
        "skip_rate": 1 / 3,
        "leader_slots": 3,
        "blocks_produced": 2,
        "blocks_basis": "final",
        "delinquent_at_end": True,
        "end_performance": 0.123456789012345678,
    }
    assert {*known, "credits_unit", "credits_final"} == {*FIELDS}
    row_of(source=source, **known)
    before = stored()
    empty = f"900,{key('vote 1')},,,,,,,unknown,0,0,,,"

    results = [load(one)["changed"] for one in (exported(tmp_path), file_of(tmp_path, empty))]

    assert results == [0, 0]
    assert stored() == before
    assert ValidatorEpoch.objects.get().source == source
