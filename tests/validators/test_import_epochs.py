"""Loading history from a file."""

import csv
import gzip
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from tests.conftest import RECORDED
from tests.installation import Installation, wait_until
from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.histories import HEADER, file_of, line, text_of, varied
from tests.validators.replies import SOL, key
from tests.validators.rows import NOON, validator
from validators.models import ClusterEpoch, CommissionChange, IdentityChange, Validator, ValidatorEpoch
from validators.reading.selectors import ranked_validators
from validators.services.history import importing
from validators.tasks import fetch_validators, score_validators

pytestmark = [pytest.mark.django_db, pytest.mark.database]

REAL_FILE = RECORDED / "mainnet_epochs.csv.gz"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def load(path: Path, **options: Any) -> dict[str, Any]:
    """Import; gives the JSON document, with what was said on stderr beside it."""
    out, err = io.StringIO(), io.StringIO()
    call_command("import_epochs", path, json=True, stdout=out, stderr=err, **options)
    document: dict[str, Any] = json.loads(out.getvalue())
    return document | {"stderr": err.getvalue().splitlines()}


def live(epoch: int, **fields: Any) -> ValidatorEpoch:
    """A row as our own fetches leave it, of the account named 1."""
    account = Validator.objects.filter(vote_account=key("vote 1")).first()
    return ValidatorEpoch.objects.create(
        validator=account or validator(1, vote_account=key("vote 1"), identity=key("node 1")),
        epoch=epoch,
        fetched_at=NOON,
        **({"credits_unit": "vote_credits", "source": "live"} | fields),
    )


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


def test_a_live_row_keeps_what_it_knows_and_learns_what_it_does_not(tmp_path: Path) -> None:
    live(900, credits=6_800_000, commission_last_bps=700, commission_max_bps=700, fetches=9, version="")

    result = load(file_of(tmp_path, line(900, credits=1, snapshots=40, commission_max=100)))

    assert (result["added"], result["changed"], result["validators_added"]) == (0, 1, 0)
    row = ValidatorEpoch.objects.get()
    assert (row.credits, row.commission_first_bps, row.commission_last_bps) == (6_800_000, None, 700)
    assert (row.commission_max_bps, row.commission_source, row.fetches) == (700, "", 9)
    assert (row.version, row.client, row.activated_stake) == ("2.2.14", "agave", 1_000 * SOL)
    assert (row.source, row.fetched_at) == ("live", NOON)
    assert row.skip_rate == pytest.approx(0.015385)


def test_a_live_zero_is_known_and_stays(tmp_path: Path) -> None:
    live(900, credits=0, activated_stake=0, skip_rate=0.0, cumulative_credits_at_start=0)

    load(file_of(tmp_path, line(900)))

    row = ValidatorEpoch.objects.get()
    assert (row.credits, row.activated_stake) == (0, 0)
    assert (row.skip_rate, row.cumulative_credits_at_start) == (0.0, 0)


def test_an_epoch_known_from_its_credits_only_learns_the_commissions_as_one(tmp_path: Path) -> None:
    live(900, credits=6_800_000)

    load(file_of(tmp_path, line(900, commission_first=0, commission_min=0, delinquent_snapshots=2)))

    row = ValidatorEpoch.objects.get()
    assert (row.commission_first_bps, row.commission_last_bps) == (0, 500)
    assert (row.commission_min_bps, row.commission_max_bps, row.commission_source) == (0, 500, "imported")
    assert (row.fetches, row.delinquent_fetches, row.credits) == (40, 2, 6_800_000)


def test_vote_credits_are_not_filled_into_a_row_of_lamports(tmp_path: Path) -> None:
    live(900, credits_unit="lamports")

    load(file_of(tmp_path, line(900)))

    row = ValidatorEpoch.objects.get()
    assert (row.credits, row.cumulative_credits_at_start, row.credits_unit) == (None, None, "lamports")


def test_an_imported_row_is_replaced_by_a_later_import(tmp_path: Path) -> None:
    load(file_of(tmp_path, line(900), line(901)))

    result = load(file_of(tmp_path, line(900, credits="", version="unknown"), line(901)))

    assert (result["changed"], result["unchanged"]) == (1, 1)
    row = ValidatorEpoch.objects.get(epoch=900)
    assert (row.credits, row.version, row.client) == (None, "", "")


def test_a_present_validator_stays_as_it_was(tmp_path: Path) -> None:
    validator(1, vote_account=key("vote 1"), identity=key("node now"))
    before = Validator.objects.values().get()

    load(file_of(tmp_path, line(900)))

    assert Validator.objects.values().get() == before


def test_a_validator_known_from_history_only_is_never_present(tmp_path: Path) -> None:
    older = line(900, activated_stake=5, identity=key("node before"))

    load(file_of(tmp_path, older, line(901, activated_stake=7)))

    departed = Validator.objects.get()
    assert departed.left_at is not None
    assert (departed.identity, departed.activated_stake) == (key("node 1"), 7)
    assert (departed.commission_bps, departed.last_vote) == (None, 0)
    assert not Validator.objects.present().exists()
    assert ranked_validators(10) == []


def test_a_fetch_after_an_import_finds_no_change_of_commission_in_it(
    tmp_path: Path, endpoint: CannedEndpoint
) -> None:
    names = [f"{number}" for number in (1, 2, "gone")]
    load(file_of(tmp_path, *(line(989, name, commission_max=9) for name in names)))

    fetch_validators()

    assert not CommissionChange.objects.exists()
    gone = Validator.objects.get(vote_account=key("vote gone"))
    assert gone.left_at is not None
    assert Validator.objects.present().count() == 20
    assert score_validators()["scored"] == 20


def test_an_import_that_only_changes_a_row_makes_readers_ask_again(tmp_path: Path, client: Client) -> None:
    load(file_of(tmp_path, line(900), line(901)))
    address = f"/api/v1/validators/{key('vote 1')}/epochs"
    first = client.get(address)

    def again() -> Any:
        return client.get(address, headers={"If-None-Match": first.headers["ETag"]})

    load(file_of(tmp_path, line(900), line(901)))
    assert again().status_code == 304
    load(file_of(tmp_path, line(900, credits=6_800_000)))
    assert again().status_code == 200
    assert again().json() != first.json()


@pytest.mark.parametrize("identity", ["", key("an older node")])
def test_a_fetch_after_an_import_finds_no_change_of_identity_in_it(
    endpoint: CannedEndpoint, tmp_path: Path, identity: str
) -> None:
    load(file_of(tmp_path, line(985, identity=identity)))
    endpoint.current = [replies.account(number) for number in range(3)]

    fetch_validators()
    assert not IdentityChange.objects.exists()

    endpoint.current[1]["nodePubkey"] = key("another node")
    fetch_validators()
    change = IdentityChange.objects.get()
    assert (change.from_identity, change.to_identity) == (key("node 1"), key("another node"))


def test_the_cluster_in_each_epoch_follows_from_its_rows(tmp_path: Path) -> None:
    load(
        file_of(
            tmp_path,
            line(900, "a", activated_stake=60, credits=6_000_000, version="2.2.14"),
            line(900, "b", activated_stake=30, credits=3_000_000, version="0.1105.40200"),
            line(900, "c", activated_stake=10, credits="", version="unknown"),
            line(900, "d", activated_stake=0, credits=9),
            line(901, "a", activated_stake=1),
        )
    )

    cluster = ClusterEpoch.objects.get(epoch=900)
    assert (cluster.source, cluster.credits_unit) == ("imported", "vote_credits")
    assert (cluster.total_stake, cluster.validators, cluster.staked) == (100, 4, 3)
    assert cluster.mean_credits == pytest.approx((60 * 6_000_000 + 30 * 3_000_000) / 90)
    assert cluster.credit_stake_sum == 60 * 6_000_000 + 30 * 3_000_000
    assert (cluster.superminority, cluster.superminority_size) == ([key("vote a")], 1)
    assert cluster.stake_by_client == {"agave": 60, "frankendancer": 30, "unknown": 10}
    assert cluster.stake_by_version == {"2.2.14": 60, "0.1105.40200": 30, "unknown": 10}
    assert ClusterEpoch.objects.count() == 2


def test_a_live_cluster_epoch_only_learns_what_it_does_not_know(tmp_path: Path) -> None:
    ClusterEpoch.objects.create(epoch=900, credits_unit="vote_credits", mean_credits=1.5)

    load(file_of(tmp_path, line(900)))

    cluster = ClusterEpoch.objects.get()
    assert (cluster.source, cluster.mean_credits, cluster.total_stake) == ("live", 1.5, 1_000 * SOL)


def test_commission_flags_see_the_imported_past(tmp_path: Path) -> None:
    load(file_of(tmp_path, line(900), line(901, commission_max=100)))

    assert Validator.objects.get().commission_flags == [
        "above 50 %",
        "crossed 10 % upward",
        "three points or more upward within one epoch",
        "up and back within one epoch",
    ]


def test_the_text_is_one_sentence_and_there_is_no_bar_without_a_terminal(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()

    call_command("import_epochs", file_of(tmp_path, line(900), line(901)), stdout=out, stderr=err)

    assert out.getvalue() == (
        "2 lines of 2 epochs (900 to 901): 2 added, 0 changed, 0 unchanged, 0 rejected; "
        "1 validators were new.\n"
    )
    assert err.getvalue() == ""


def test_a_terminal_shows_how_far_it_is(tmp_path: Path) -> None:
    err = Terminal()

    call_command("import_epochs", file_of(tmp_path, line(900)), stdout=io.StringIO(), stderr=err)

    assert f"[{'#' * 40}] 100%  2 lines" in err.getvalue()
    assert err.getvalue().endswith("\r\x1b[K")


@pytest.mark.django_db(transaction=True)
def test_an_interrupted_import_keeps_its_batches_and_another_one_finishes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_LINES", 50)
    path = file_of(tmp_path, *varied(epochs=10, accounts=20))
    stop = _stopping_after(2)

    with pytest.raises(KeyboardInterrupt):
        importing.import_history(path, imported_at=NOON, on_rejected=print, on_progress=stop)
    assert ValidatorEpoch.objects.count() == 100

    result = load(path)
    assert (result["added"], result["unchanged"]) == (100, 100)
    assert ClusterEpoch.objects.count() == 10


def test_an_import_that_only_finishes_another_one_makes_readers_ask_again(
    tmp_path: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_LINES", 50)
    path = file_of(tmp_path, *varied(epochs=10, accounts=20))
    with pytest.raises(KeyboardInterrupt):
        importing.import_history(path, imported_at=NOON, on_rejected=print, on_progress=_stopping_after(4))
    etag = client.get("/api/v1/cluster/epochs").headers["ETag"]

    result = load(path)
    assert (result["added"], result["changed"]) == (0, 0)
    reply = client.get("/api/v1/cluster/epochs", headers={"If-None-Match": etag})
    assert len(reply.json()["items"]) == 10

    load(path)
    unchanged = client.get("/api/v1/cluster/epochs", headers={"If-None-Match": reply.headers["ETag"]})
    assert unchanged.status_code == 304


def _stopping_after(batches: int) -> Callable[[object], None]:
    left = [None] * batches

    def stop(file: object) -> None:
        left.pop()
        if not left:
            raise KeyboardInterrupt

    return stop


@pytest.mark.processes
def test_an_import_that_is_killed_ends_as_one_clean_run(stack: Installation, tmp_path: Path) -> None:
    """It reads from a pipe that gives a batch and a half, and is killed when the batch is stored."""
    lines = list(varied(epochs=80, accounts=100))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    killed = stack.start("import_epochs", str(pipe))
    with pipe.open("wb") as feed:
        feed.write(text_of(lines[:7_500]).encode())
        feed.flush()
        wait_until(lambda: stack.rows("SELECT count(*) FROM validators_validatorepoch")[0][0] == 5_000)
        killed.kill()
        killed.wait()

    result = json.loads(stack.manage("import_epochs", str(file_of(tmp_path, *lines)), "--json").stdout)

    assert (result["added"], result["unchanged"], result["rejected_count"]) == (3_000, 5_000, 0)
    stack.manage("export_epochs", str(tmp_path / "out.csv"))
    assert (tmp_path / "out.csv").read_bytes() == text_of(lines).encode()


@pytest.mark.skipif(not REAL_FILE.is_file(), reason="the file of mainnet's epochs is not there")
def test_mainnets_epochs_come_back_byte_for_byte(tmp_path: Path) -> None:
    result = load(REAL_FILE)
    call_command("export_epochs", str(tmp_path / "out.csv"))

    assert (result["added"], result["rejected_count"], result["epochs"]) == (132_353, 0, 140)
    original = gzip.decompress(REAL_FILE.read_bytes())
    assert (tmp_path / "out.csv").read_bytes() == original
    _check_clusters(list(csv.DictReader(io.StringIO(original.decode()))))


def _check_clusters(rows: list[dict[str, str]]) -> None:
    """Three epochs, worked out from the file's own columns."""
    for epoch in (798, 900, 950):
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
