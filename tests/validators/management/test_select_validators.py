"""Choosing what to hold, from the command line."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.validators.rows import fetch, scoring_run, validator
from validators.models import Validator

pytestmark = pytest.mark.django_db


def chosen(*words: str) -> list[dict[str, Any]]:
    out = io.StringIO()
    call_command("select_validators", *words, "--json", stdout=out)
    found: list[dict[str, Any]] = json.loads(out.getvalue())
    return found


@pytest.fixture
def held(tmp_path: Path) -> Path:
    fetch()
    scoring_run([(validator(number, commission_bps=100 * number), 100.0 - number) for number in range(1, 9)])
    path = tmp_path / "held.txt"
    path.write_text("vote6\nvote7\nnobody\n")
    return path


def test_the_held_stay_inside_the_band_and_each_has_a_reason(held: Path) -> None:
    found = chosen("--size", "4", "--held", str(held))

    assert [(one["action"], one["vote_account"], one["why"]) for one in found] == [
        ("stays", "vote6", "place 6 of 8; held ones stay up to 6"),
        ("enters", "vote1", "place 1 of 8, and there is room"),
        ("enters", "vote2", "place 2 of 8, and there is room"),
        ("enters", "vote3", "place 3 of 8, and there is room"),
        ("leaves", "vote7", "place 7 is behind 6, up to which held ones stay"),
        ("leaves", "nobody", "no fetch ever saw it"),
    ]


def test_equals_are_chosen_alike_by_databases_that_saw_them_in_another_order() -> None:
    fetch()
    run = scoring_run([(validator(number), 90.0) for number in (3, 1, 2)])
    run.scores.update(rank=1)

    assert [one["vote_account"] for one in chosen("--size", "2")] == ["vote1", "vote2"]


def test_the_first_of_a_file_that_windows_wrote_is_held_as_the_others_are(held: Path) -> None:
    unmarked = chosen("--size", "4", "--held", str(held))

    held.write_text(held.read_text(), "utf-8-sig")

    assert chosen("--size", "4", "--held", str(held)) == unmarked


def test_only_those_asked_for_are_held(held: Path) -> None:
    found = chosen("--size", "2", "--held", str(held), "--max-commission", "5")

    assert [(one["action"], one["vote_account"]) for one in found if one["action"] != "enters"] == [
        ("leaves", "nobody"), ("leaves", "vote6"), ("leaves", "vote7"),
    ]  # fmt: skip
    assert {one["why"] for one in found[-2:]} == {"it is not among those asked for"}


def test_those_with_a_flag_are_left_out_or_held_alone(held: Path) -> None:
    Validator.objects.filter(vote_account="vote1").update(superminority=True)

    def named(*words: str) -> set[str]:
        return {one["vote_account"] for one in chosen(*words)}

    assert named("--flagged", "no") == {f"vote{number}" for number in range(2, 9)}
    assert named("--flag", "superminority", "--flag", "commission_raised") == {"vote1"}
    assert "vote1" in named("--flagged", "no", "--flag", "commission_raised")


def test_of_one_group_no_more_are_held_than_the_cap_lets_in(held: Path) -> None:
    Validator.objects.filter(vote_account__in=("vote1", "vote2", "vote6", "vote7")).update(operator="key1")
    Validator.objects.filter(vote_account="vote3").update(operator="key3")
    err = io.StringIO()
    out = io.StringIO()

    call_command(
        *("select_validators", "--size", "5", "--held", str(held), "--cap", "operator=20%", "--json"),
        stdout=out,
        stderr=err,
    )

    found = json.loads(out.getvalue())
    assert (
        err.getvalue() == "Cap by operator: at most 1 of one; of 3 it is unknown, and these are not capped.\n"
    )
    assert [(one["action"], one["vote_account"]) for one in found] == [
        ("stays", "vote6"), ("enters", "vote3"), ("enters", "vote4"), ("enters", "vote5"),
        ("enters", "vote8"), ("leaves", "vote7"), ("leaves", "nobody"),
        ("passed_over", "vote1"), ("passed_over", "vote2"),
    ]  # fmt: skip
    assert found[5]["why"] == (
        "place 7 of 8; 1 of operator key1 has a place already, as many as the cap lets in"
    )
    capped = {(one["capped_by"], one["capped_group"]) for one in (found[5], *found[7:])}
    assert capped == {("operator", "key1")}
    assert {one["capped_by"] for one in (*found[:5], found[6])} == {None}


def test_csv_has_a_header(held: Path) -> None:
    out = io.StringIO()
    call_command("select_validators", "--size", "2", "--csv", stdout=out)
    assert [row["vote_account"] for row in csv.DictReader(out.getvalue().splitlines())] == ["vote1", "vote2"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "|"])
def test_a_name_in_a_csv_is_no_formula(held: Path, start: str) -> None:
    Validator.objects.filter(vote_account="vote1").update(name=f"{start}cmd|' /C calc'!A0")
    out = io.StringIO()

    call_command("select_validators", "--size", "1", "--csv", stdout=out)

    [row] = csv.DictReader(out.getvalue().splitlines())
    assert row["name"] == f"'{start}cmd|' /C calc'!A0"


def test_people_get_lines(held: Path) -> None:
    out = io.StringIO()
    call_command("select_validators", "--size", "1", stdout=out)
    assert " ".join(out.getvalue().split()) == "enters vote1 place 1 of 8, and there is room"


ARGPARSE = ("invalid choice", "at least 1", "its value is empty")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--size", "0"), "at least 1"),
        *((("--band", band), "--band is from 1 to 100.") for band in ("0.9", "101", "nan", "inf")),
        (("--held", "/nowhere"), "Cannot read /nowhere: No such file or directory."),
        (("--held", "/"), "Cannot read /: Is a directory."),
        (("--max-commission", "nan"), "in percent"),
        (("--flag", "nonsense"), "invalid choice"),
        (("--cap", "operater=2"), "There is no group to cap by “operater”; did you mean operator?"),
        (("--cap", "operator"), "“operator” is no cap: write operator:2 for two"),
        (("--cap", "pool:101%"), "“pool:101%”: it is from 1 to 100 %"),
        # As of a script's variable that is not set: all would be let in.
        (("--cap", ""), "its value is empty"),
        (("--cap", "pool=0"), "“pool=0”: it is from 1 to 1,000"),
        (("--cap", "pool=1", "--cap", "pool=2"), "pool is capped 2 times"),
    ],
)
def test_what_cannot_be_asked_is_refused(held: Path, words: tuple[str, ...], reason: str) -> None:
    with pytest.raises(CommandError, match=reason) as refused:
        call_command("select_validators", *words)
    # argparse's own refusals have this code in a process alone.
    assert refused.value.returncode == 2 or reason in ARGPARSE


def test_where_nobody_is_like_this_it_is_said(held: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("select_validators", "--min-stake", "999999999")

    assert capsys.readouterr() == ("", "No validator is like this, and none is held.\n")


def test_without_scores_there_is_nothing_to_choose_from() -> None:
    fetch()

    with pytest.raises(CommandError, match=r"There are no scores yet; manage.py score_validators makes them"):
        call_command("select_validators")
