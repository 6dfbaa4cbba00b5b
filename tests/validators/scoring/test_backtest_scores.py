"""Judging methods on recorded epochs, from a file and from the tables."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command

from tests.validators.scoring.pictures import FULL, recorded, write_csv
from validators.management.commands.backtest_scores import ASKABLE
from validators.scoring.backtest.running import predictions
from validators.scoring.timeline import RecordedRow, facts_at, outcomes_after, timeline


def judged(capsys: pytest.CaptureFixture[str], *words: str | Path) -> dict[str, Any]:
    call_command("backtest_scores", "--json", *map(str, words))
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def with_another_future(rows: Iterator[RecordedRow], after: int) -> Iterator[RecordedRow]:
    for one in rows:
        if one.row.epoch <= after:
            yield one
        elif ord(one.row.key[0]) % 3:
            row = one.row._replace(commission_bps=9_900, stake=1, skip_rate=1.0)
            yield one._replace(row=row, version="9.9.9", credits=7)


@pytest.mark.parametrize("method", ASKABLE)
def test_changing_the_future_changes_no_score(method: str) -> None:
    before = timeline(recorded())
    after = timeline(with_another_future(recorded(), 930))

    said, said_again = (predictions(ASKABLE[method], facts_at(history, 930)) for history in (before, after))

    assert said == said_again
    assert outcomes_after(before, 930) != outcomes_after(after, 930)


def test_what_becomes_of_a_validator_is_judged_by_its_next_epoch() -> None:
    rows = list(recorded(validators=4, first=900, last=901))
    bad, delisted, unknown, good = (one.row.key for one in rows[:4])

    def changed(one: RecordedRow) -> RecordedRow:
        row = one.row._replace(commission_bps=0)
        if (row.epoch, row.key) == (901, bad):
            return one._replace(row=row, credits=FULL // 2)
        if (row.epoch, row.key) == (901, unknown):
            return one._replace(row=row._replace(fetches=4, delinquent_fetches=1), credits=None)
        return one._replace(row=row)

    history = timeline(changed(one) for one in rows if (one.row.epoch, one.row.key) != (901, delisted))

    found = outcomes_after(history, 900)

    assert [found[key].bad for key in (bad, delisted, unknown, good)] == [True, True, None, False]
    # What is unknown is not counted on.
    assert (found[delisted].earned, found[unknown].earned) == (0, 0)


def test_flaky_validators_are_foreseen_and_every_measure_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_csv(tmp_path / "history.csv", recorded())

    document = judged(capsys, "--from", "925", "--to", "938", "--data", data)

    assert (document["epochs"], document["judged"]) == (list(range(925, 939)), 14 * 30)
    assert document["methods"].keys() == ASKABLE.keys()
    ours = document["methods"]["trust-v2"]
    assert ours["auc"]["low"] <= ours["auc"]["value"] <= ours["auc"]["high"]
    assert ours["auc"]["value"] > 0.75
    assert 0 < ours["brier"]["value"] < 0.25
    assert sum(one["validators"] for one in ours["reliability"]) == document["judged"]
    assert ours["lift"][-1] == 1
    assert document["methods"]["largest-stake"]["brier"]["value"] is None


def test_predictions_have_a_line_for_every_validator_epoch_and_method(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_csv(tmp_path / "history.csv", recorded())
    out = tmp_path / "out.csv"

    judged(
        capsys,
        "--method",
        "trust-v2",
        "baseline-v1",
        "--from",
        "938",
        "--to",
        "939",
        "--data",
        data,
        "--predictions",
        out,
    )

    lines = list(csv.DictReader(out.open()))
    assert list(lines[0]) == ["epoch", "vote_account", "method", "score", "risk"]
    assert len(lines) == 2 * 30 * 2
    assert {(line["epoch"], line["method"]) for line in lines} == {
        (epoch, method) for epoch in ("938", "939") for method in ("trust-v2", "baseline-v1")
    }
    assert all(0 <= float(line["risk"]) <= 1 for line in lines if line["method"] == "trust-v2")


def test_a_backtest_that_fails_leaves_the_predictions_of_before(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "history.csv", recorded(validators=8, first=900, last=905))
    out = tmp_path / "out.csv"
    out.write_text("before")

    with pytest.raises(CommandError, match="No epoch from 1 to 2"):
        call_command(
            "backtest_scores", "--from", "1", "--to", "2", "--data", str(data), "--predictions", str(out)
        )

    assert out.read_text() == "before"


@pytest.mark.parametrize(
    ("first", "version", "foretold"), [(918, "3.2.0", False), (920, "3.2.0", True), (949, "3.4.0", True)]
)
def test_no_outcome_that_was_learnt_from_is_called_foretold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], first: int, version: str, foretold: bool
) -> None:
    data = write_csv(tmp_path / "history.csv", recorded(validators=8, first=first - 5, last=first + 2))
    words = ("--method", "trust-v3", "--from", str(first), "--to", str(first + 1), "--data", str(data))

    call_command("backtest_scores", *words)
    told = capsys.readouterr()
    document = judged(capsys, *words)

    assert document["methods"]["trust-v3"]["version"] == version
    assert ("was not foretold" in told.out) == (not foretold)
    assert ("of epochs 918 to 919 it foretells nothing" in told.err) == (not foretold)


def test_a_report_holds_tables_and_three_readable_pictures(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "history.csv", recorded())

    folder = tmp_path / "report"

    words = ("--from", "930", "--to", "938", "--data", str(data), "--report", str(folder))
    call_command("backtest_scores", *words)

    files = {path.name: path.read_text() for path in folder.iterdir()}
    pictures = {"tables.md", "calibration.svg", "lift.svg", "returns.svg"}
    assert files.keys() == pictures | {"trust-v2.json", "trust-v3.json"}
    assert json.loads(files["trust-v3.json"])["epochs"] == [930, 938]
    for name in ("calibration.svg", "lift.svg", "returns.svg"):
        assert ElementTree.fromstring(files[name]).tag.endswith("svg")  # noqa: S314
    assert "| trust-v2 |" in files["tables.md"]


@pytest.mark.django_db
@pytest.mark.database
def test_the_tables_give_the_same_as_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write_csv(tmp_path / "history.csv", recorded(last=920))
    call_command("import_epochs", str(data))
    capsys.readouterr()

    words = ("--from", "915", "--to", "919", "--method", "trust-v2", "baseline-v1", "ewma")

    assert judged(capsys, *words) == judged(capsys, *words, "--data", data)


def test_what_is_not_judged_is_said_and_has_no_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "history.csv"
    write_csv(file, recorded(validators=30))
    asked = ["--method", "baseline-v1", "--from", "930", "--to", "931", "--data", str(file)]
    call_command("backtest_scores", *asked)
    told = capsys.readouterr().out

    assert "No risk is judged: none of these methods told one" in told
    assert "The best 200: not judged, as that takes so many validators" in told
    assert "foretold, in blocks" not in told
    headers = [line for line in told.split("\n\n") if line.startswith("|")]
    assert all(one.strip().count("\n") >= 2 for one in headers)


def test_of_nobody_who_could_be_judged_there_is_a_sentence_and_no_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "history.csv"
    write_csv(file, (one._replace(row=one.row._replace(stake=0)) for one in recorded(validators=3)))

    call_command("backtest_scores", "--from", "930", "--to", "931", "--data", str(file))

    assert capsys.readouterr().out.strip() == (
        "Nobody could be judged: of no validator that was scored at the end of epochs 930 to 931 is it known "
        "what the next epoch brought."
    )


def test_wrong_words_and_files_are_refused_in_a_sentence(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "history.csv", recorded(last=905))
    broken = tmp_path / "broken.csv"
    broken.write_bytes(data.read_bytes().replace(b"6", b"x", 40))
    empty = write_csv(tmp_path / "empty.csv", [])
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\xff" * 1000)

    for words, reason in (
        (["--from", "901", "--to", "900", "--data", data], "--from 901 comes after --to 900"),
        (["--from", "1", "--to", "2", "--data", data], "No epoch from 1 to 2; the history has 900 to 905"),
        (["--from", "900", "--to", "901", "--data", data, "--method", "guess"], "'guess' is no method"),
        (["--from", "900", "--to", "901", "--data", tmp_path / "none.csv"], "none.csv"),
        (["--from", "900", "--to", "901", "--data", broken], "broken.csv, line 2: "),
        (["--from", "900", "--to", "901", "--data", empty], "holds no epochs"),
        (
            ["--from", "900", "--to", "901", "--data", data, "--predictions", tmp_path / "no" / "x"],
            r"^Cannot write \S+/no/x: No such file or directory\.$",
        ),
        (
            ["--from", "900", "--to", "901", "--data", data, "--predictions", "/dev/full"],
            r"^Cannot write /dev/full: No space left on device\.$",
        ),
        (
            ["--from", "900", "--to", "901", "--data", data, "--coefficients", tmp_path],
            r"^Cannot read \S+: Is a directory\.$",
        ),
        (
            ["--from", "900", "--to", "901", "--data", data, "--coefficients", binary],
            r"binary.json holds no coefficients of trust-v3, as fit_scores writes them: no text in UTF-8$",
        ),
    ):
        with pytest.raises(CommandError, match=reason):
            call_command("backtest_scores", *map(str, words))
