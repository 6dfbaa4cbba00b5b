"""Loading history from a file: how its lines are read, which are refused, and what is said of it."""

import csv
import gzip
import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.conftest import RECORDED
from tests.validators.histories import HEADER, file_of, line, text_of, varied
from tests.validators.replies import SOL, key
from tests.validators.services.history.loading import load
from validators.models import ClusterEpoch, Validator, ValidatorEpoch
from validators.services.history import importing

pytestmark = [pytest.mark.django_db, pytest.mark.database]

REAL_FILE = RECORDED / "mainnet_epochs.csv.gz"
CHECKED = (798, 900, 950)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_every_column_is_stored_in_our_units(tmp_path: Path) -> None:
    changes = {"commission_first": 0, "commission_min": 0, "commission_max": 10, "delinquent_snapshots": 3}

    result = load(file_of(tmp_path, line(900, **changes)))

    assert result == {
        "lines": 1,
        "added": 1,
        "changed": 0,
        "unchanged": 0,
        "validators_added": 1,
        "epochs": 1,
        "first_epoch": 900,
        "last_epoch": 900,
        "rejected_count": 0,
        "rejected": [],
        "stderr": [],
    }
    row = ValidatorEpoch.objects.get()
    assert row.validator.vote_account == key("vote 1")
    assert (row.epoch, row.source, row.credits_unit) == (900, "imported", "vote_credits")
    assert (row.identity, row.activated_stake) == (key("node 1"), 1_000 * SOL)
    assert (row.commission_first_bps, row.commission_last_bps) == (0, 500)
    assert (row.commission_min_bps, row.commission_max_bps, row.commission_source) == (0, 1_000, "imported")
    assert (row.version, row.client, row.fetches, row.delinquent_fetches) == ("2.2.14", "agave", 40, 3)
    assert (row.credits, row.cumulative_credits_at_start) == (6_900_000, 1_000_000_000)
    assert row.skip_rate == pytest.approx(0.015385, abs=1e-12)


def test_empty_columns_are_unknown(tmp_path: Path) -> None:
    names = ["identity", "activated_stake", "credits", "cumulative_credits_at_start", "skip_rate_percent"]
    commissions = ["commission_first", "commission_last", "commission_min", "commission_max"]
    nothing = dict.fromkeys([*names, *commissions], "")

    load(file_of(tmp_path, line(900, version="unknown", **nothing)))

    row = ValidatorEpoch.objects.get()
    assert {getattr(row, f"{name}_bps") for name in commissions} == {None}
    assert (row.activated_stake, row.credits, row.skip_rate) == (None, None, None)
    assert (row.identity, row.version, row.client, row.commission_source) == ("", "", "", "")


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    path = file_of(tmp_path, *varied(epochs=3, accounts=20))
    first = load(path)
    before = list(ValidatorEpoch.objects.order_by("pk").values())
    clusters = list(ClusterEpoch.objects.order_by("pk").values())

    again = load(path)

    assert (first["added"], first["unchanged"]) == (60, 0)
    assert (again["added"], again["changed"], again["unchanged"], again["validators_added"]) == (0, 0, 60, 0)
    assert list(ValidatorEpoch.objects.order_by("pk").values()) == before
    assert list(ClusterEpoch.objects.order_by("pk").values()) == clusters


def test_gzip_is_known_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_bytes(gzip.compress(text_of(varied(epochs=2, accounts=10)).encode()))

    assert load(path)["added"] == 20


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_either_line_end_and_none_at_the_end_will_do(tmp_path: Path, end: str) -> None:
    path = tmp_path / "history.csv"
    path.write_bytes(end.join([HEADER, line(900), line(901)]).encode())

    assert load(path)["added"] == 2


def test_bad_lines_are_reported_by_number_and_reason_and_the_rest_is_stored(tmp_path: Path) -> None:
    bad_bytes = file_of(
        tmp_path,
        line(900, 1),
        line(900, 2, activated_stake=-1),
        "",
        line(900, 3),
        line(900, 1, credits=5),
        "x" * 10_000,
        line(900, 4, version="caf\u00e9"),
        line(901, 1),
    )

    result = load(bad_bytes)

    assert (result["lines"], result["added"], result["rejected_count"]) == (8, 3, 5)
    assert result["rejected"] == [
        {"line": 3, "reason": "activated_stake is '-1', not a whole number of at least 0"},
        {"line": 4, "reason": "1 columns instead of 14"},
        {"line": 6, "reason": f"a second line of {key('vote 1')} in epoch 900"},
        {"line": 7, "reason": "longer than 4096 bytes"},
        {"line": 8, "reason": "holds bytes that are not ASCII"},
    ]
    assert result["stderr"] == [f"Line {one['line']}: {one['reason']}" for one in result["rejected"]]
    assert ValidatorEpoch.objects.get(epoch=900, validator__vote_account=key("vote 1")).credits == 6_900_000


def test_a_second_line_in_another_batch_is_found_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH_LINES", 2)

    result = load(file_of(tmp_path, line(900, 1), line(900, 2), line(901, 2), line(900, 1), line(901, 1)))

    assert (result["added"], [one["line"] for one in result["rejected"]]) == (4, [5])


@pytest.mark.parametrize("text", ["", "\r\n", "epoch,vote_account\r\n1,2\r\n", "<html>", HEADER[:-1]])
def test_another_header_is_refused_and_nothing_is_stored(tmp_path: Path, text: str) -> None:
    path = tmp_path / "history.csv"
    path.write_text(text)

    with pytest.raises(CommandError, match="does not begin with the line 'epoch,vote_account,identity"):
        load(path)
    assert not Validator.objects.exists()


def test_a_column_that_is_not_known_is_named(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text(f"{HEADER},creditz\r\n")

    with pytest.raises(CommandError) as refused:
        load(path)

    assert str(refused.value) == (
        f"{path} has a column 'creditz'; behind skip_rate_percent may stand "
        "credits_unit, leader_slots, blocks_produced, delinquent_at_end, end_performance, client"
    )


def test_an_import_with_rejected_lines_fails_when_the_others_are_stored(tmp_path: Path) -> None:
    out = io.StringIO()

    with pytest.raises(CommandError) as failed:
        call_command("import_epochs", file_of(tmp_path, line(900), ""), stdout=out, stderr=io.StringIO())

    assert (str(failed.value), failed.value.returncode) == ("1 of 2 lines was rejected.", 1)
    assert "1 added, 0 changed, 0 unchanged, 1 rejected" in out.getvalue()


def test_a_file_that_is_not_there_is_an_error_of_the_user(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"Cannot open .*nothing.csv: No such file"):
        load(tmp_path / "nothing.csv")
    with pytest.raises(CommandError, match="Is a directory"):
        load(tmp_path)


def test_of_a_damaged_file_what_comes_before_the_damage_is_stored(tmp_path: Path) -> None:
    whole = gzip.compress(text_of(varied(epochs=30, accounts=20)).encode())
    path = tmp_path / "history.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])

    with pytest.raises(CommandError, match=r"ends badly after line \d+: Compressed file ended"):
        load(path)

    stored = ValidatorEpoch.objects.count()
    assert 100 < stored < 600
    assert ClusterEpoch.objects.count() == ValidatorEpoch.objects.values("epoch").distinct().count()
    path.write_bytes(whole)
    result = load(path)
    assert (result["unchanged"], result["added"]) == (stored, 600 - stored)


def test_the_text_is_one_sentence_and_there_is_no_bar_without_a_terminal(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()

    call_command("import_epochs", file_of(tmp_path, line(900), line(901)), stdout=out, stderr=err)

    assert out.getvalue() == (
        "2 lines of 2 epochs (900 to 901): 2 added, 0 changed, 0 unchanged, 0 rejected; "
        "1 validator was new.\n"
    )
    assert err.getvalue() == ""


def test_a_terminal_shows_how_far_it_is(tmp_path: Path) -> None:
    err = Terminal()

    call_command("import_epochs", file_of(tmp_path, line(900)), stdout=io.StringIO(), stderr=err)

    assert f"[{'#' * 40}] 100%  2 lines" in err.getvalue()
    assert err.getvalue().endswith("\r\x1b[K")


needs_the_file = pytest.mark.skipif(
    not REAL_FILE.is_file(), reason="the file of mainnet's epochs is not there"
)


# It takes half a minute by itself: `make storms` does it on PostgreSQL, and `make test` some of the epochs.
@pytest.mark.storm
@needs_the_file
def test_mainnets_epochs_come_back_byte_for_byte(tmp_path: Path) -> None:
    result = load(REAL_FILE)
    call_command("export_epochs", str(tmp_path / "out.csv"))

    assert (result["added"], result["rejected_count"], result["epochs"]) == (132_353, 0, 140)
    original = gzip.decompress(REAL_FILE.read_bytes())
    assert (tmp_path / "out.csv").read_bytes() == original
    _check_clusters(list(csv.DictReader(io.StringIO(original.decode()))))


@needs_the_file
def test_some_of_mainnets_epochs_come_back_byte_for_byte(tmp_path: Path) -> None:
    """Those that are checked, in the batches that lines of several epochs make."""
    head, *lines = gzip.decompress(REAL_FILE.read_bytes()).splitlines(keepends=True)
    wanted = tuple(b"%d," % epoch for epoch in CHECKED)
    some = b"".join([head, *(one for one in lines if one.startswith(wanted))])
    (tmp_path / "in.csv").write_bytes(some)

    result = load(tmp_path / "in.csv")
    call_command("export_epochs", str(tmp_path / "out.csv"))

    assert (result["rejected_count"], result["epochs"]) == (0, len(CHECKED))
    assert (tmp_path / "out.csv").read_bytes() == some
    _check_clusters(list(csv.DictReader(io.StringIO(some.decode()))))


def _check_clusters(rows: list[dict[str, str]]) -> None:
    """Three epochs, worked out from the file's own columns."""
    for epoch in CHECKED:
        members = [row for row in rows if row["epoch"] == str(epoch)]
        stakes = sorted(int(row["activated_stake"]) for row in members)
        total, held, count = sum(stakes), 0, 0
        while held * 3 <= total:
            held += stakes.pop()
            count += 1
        known = [
            (int(row["credits"]), int(row["activated_stake"])) for row in members if row["credits"] != ""
        ]
        mean = sum(credits * stake for credits, stake in known) / sum(stake for _, stake in known)
        cluster = ClusterEpoch.objects.get(epoch=epoch)
        assert (cluster.total_stake, cluster.validators) == (total, len(members))
        assert cluster.superminority_size == len(cluster.superminority) == count
        assert cluster.mean_credits == pytest.approx(mean, rel=1e-12)
