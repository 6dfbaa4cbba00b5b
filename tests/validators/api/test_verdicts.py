"""Rule sets and verdicts: by the API, as CSV, on pages and from the command line."""

import csv
import html
import io
import json
import re
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from tests.validators.asking import get
from tests.validators.looking import words
from tests.validators.rows import SOL, fetch, validator
from validators import tasks

pytestmark = pytest.mark.django_db


@pytest.fixture
def judged(client: Client) -> Client:
    fetch()
    validator(1, commission_bps=1_200, name="<b>Dear</b>")
    validator(2, superminority=True, activated_stake=800_000 * SOL)
    validator(3, activated_stake=9_000 * SOL)
    tasks.judge_by_rules()
    return client


def test_the_rule_sets_name_their_sources_their_doubts_and_how_many_meet_them(judged: Client) -> None:
    found = get(judged, "rules")
    assert found["refused"] == []
    by_name = {one["rules"]: one for one in found["items"]}
    jpool = by_name["jpool"]
    assert (jpool["passes"], jpool["eligible"], jpool["fails"], jpool["unknown"]) == (0, 0, 2, 1)
    assert (jpool["decides"], jpool["meet_measured"]) == ("ranking", 0)
    stake = next(rule for rule in jpool["items"] if rule["name"] == "stake")
    assert (stake["said"], stake["elsewhere"], stake["doubt"]) == (
        "Total stake under 750,000 SOL",
        False,
        None,
    )
    assert stake["source"].startswith("https://")
    bond = next(rule for rule in jpool["items"] if rule["name"] == "bond")
    assert (bond["elsewhere"], bond["doubt"]) == (True, "Bonds are not read here")


def test_one_validator_is_told_which_rules_fail_by_what_and_what_is_not_known(judged: Client) -> None:
    found = get(judged, "validators/vote2/verdicts")
    jpool = next(one for one in found["items"] if one["rules"] == "jpool")
    assert (jpool["result"], jpool["measured"], jpool["since_epoch"]) == ("fails", "fails", 990)
    assert {one["rule"]: one["value"] for one in jpool["failing"]} == {
        "superminority": True,
        "stake": 800_000.0,
    }
    assert jpool["failing"][1]["sentence"] == (
        "Total stake under 750,000 SOL: 800,000 SOL in epoch 990, as it stands now."
    )
    assert jpool["passing"] == ["commission"]
    assert {one["rule"] for one in jpool["unknown"] if one["elsewhere"]} == {"blacklist", "suspicion", "bond"}
    assert judged.get("/api/v1/validators/nobody/verdicts").status_code == 404


def test_verdicts_come_in_pages_and_as_csv_narrowed_by_set_and_result(judged: Client) -> None:
    page = get(judged, "verdicts?rules=jpool&limit=2")
    rest = get(judged, f"verdicts?rules=jpool&limit=2&cursor={page['next_cursor']}")
    keys = [one["vote_account"] for one in page["items"] + rest["items"]]
    assert sorted(keys) == ["vote1", "vote2", "vote3"]
    assert rest["next_cursor"] is None
    told = judged.get("/api/v1/verdicts?rules=jpool&result=fails&format=csv").content.decode()
    lines = {one["vote_account"]: one for one in csv.DictReader(io.StringIO(told))}
    assert set(lines) == {"vote1", "vote2"}
    assert (lines["vote2"]["failing"], lines["vote2"]["epoch"]) == ("superminority stake", "990")
    one = judged.get("/api/v1/validators/vote1/verdicts?format=csv").content.decode()
    assert len(list(csv.DictReader(io.StringIO(one)))) == 5


@pytest.mark.parametrize(("query", "meant"), [("rules=jpol", "jpool"), ("result=fail", "fails")])
def test_a_misspelt_word_is_refused_with_the_nearest(judged: Client, query: str, meant: str) -> None:
    response = judged.get(f"/api/v1/verdicts?{query}")
    assert response.status_code == 422
    assert meant in response.json()["detail"]


def test_pages_say_the_same_and_escape_what_a_validator_calls_itself(judged: Client) -> None:
    index = judged.get("/rules/").content.decode()
    assert "No public outcomes are recorded here" in index
    assert 'href="/rules/jpool/?result=fails"' in index
    failing = judged.get("/rules/jpool/?result=fails").content.decode()
    assert "vote2" in failing
    assert "vote3" not in failing
    assert "&lt;b&gt;Dear" in failing
    assert "Fails 2 of 9 rules: superminority, stake." in failing
    own = judged.get("/validators/vote2/").content.decode()
    assert "Total stake under 750,000 SOL: 800,000 SOL in epoch 990" in own
    assert "It fails JitoSOL&#x27;s Steward, JPool; is not known to pass" in own
    assert "did you mean jpool?" in judged.get("/rules/jpol/").content.decode()
    misspelt = judged.get("/rules/jpool/?result=fals").content.decode()
    assert "This page knows no word <code>fals</code>; did you mean <code>fails</code>?" in misspelt


def test_the_page_links_to_all_verdicts_in_as_many_files_as_they_fill(
    judged: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("validators.pages.rules_page.MOST_ROWS", 4)
    index = judged.get("/rules/").content.decode()

    links = re.findall(r'href="(/api/v1/verdicts\?[^"]*)">(CSV[^<]*)<', index)

    assert [label for _, label in links] == ["CSV 1 to 4", "CSV 5 to 8", "CSV 9 to 12", "CSV 13 to 15"]
    files = [judged.get(html.unescape(link)).content.decode().splitlines()[1:] for link, _ in links]
    assert [len(lines) for lines in files] == [4, 4, 4, 3]
    assert len(set(chain.from_iterable(files))) == 15


ONE_RULE = """
name = "one"
title = "Ours"
version = "1"
read_on = 2026-11-26
decides = "rules"
decision = "Us."

[[rules]]
name = "stake"
kind = "value"
said = "At most 100,000 SOL"
input = "stake"
at_most = 100000
window = 1
"""


def test_one_rule_and_one_validator_are_told_in_the_singular(
    client: Client, tmp_path: Path, settings: Any
) -> None:
    (tmp_path / "one.toml").write_text(ONE_RULE)
    settings.RULES_DIR = str(tmp_path)
    fetch()
    for number, stake in enumerate((800_000, 9_000, 9_000), start=1):
        validator(number, activated_stake=stake * SOL)
    tasks.judge_by_rules()

    told = words(client.get("/rules/").content.decode())

    assert "Ours 2 pass , 1 fails . 1 rule, read on 2026-11-26." in told


def test_before_anybody_is_judged_pages_and_api_say_so(client: Client) -> None:
    validator(1)
    assert "Nobody was judged by it yet" in client.get("/rules/").content.decode()
    assert "Nobody was judged by it yet" in client.get("/rules/sfdp/").content.decode()
    [first, *_] = get(client, "validators/vote1/verdicts")["items"]
    assert (first["result"], first["sentence"]) == (None, "It was not judged by these rules yet.")


def said(*words: str) -> str:
    out = io.StringIO()
    call_command("verdicts", *words, stdout=out, stderr=out)
    return out.getvalue()


def test_the_command_judges_as_things_stand_and_stores_nothing(judged: Client) -> None:
    table = said()
    assert "JPool" in table
    assert "No public outcomes are recorded" in table
    one = said("--rules", "jpool", "--validator", "vote2")
    assert one.startswith("JPool: fails\n")
    assert "fails    stake: Total stake under 750,000 SOL: 800,000 SOL in epoch 990, as it stands now." in one
    [document] = json.loads(said("--rules", "jpool", "--validator", "vote1", "--format", "json"))
    assert (document["result"], document["measured"]) == ("fails", "fails")
    lines = list(csv.DictReader(io.StringIO(said("--format", "csv"))))
    assert len(lines) == 15
    with pytest.raises(CommandError, match="jpool"):
        said("--rules", "jpol")
    with pytest.raises(CommandError, match="No fetch ever saw"):
        said("--validator", "nobody")
    with pytest.raises(CommandError, match=r"vote account Vote1. Did you mean vote1\?"):
        said("--validator", "Vote1")
    with pytest.raises(CommandError, match="It is an identity, of vote2"):
        said("--validator", "node2")
    with pytest.raises(CommandError, match=r"^No fetch ever saw the vote account �\[31m"):
        said("--validator", f"\x1b[31m{'x' * 100}")


def test_the_command_names_a_file_of_ones_own_that_is_broken(
    judged: Client, tmp_path: Path, settings: Any
) -> None:
    (tmp_path / "mine.toml").write_text("name = 5")
    settings.RULES_DIR = str(tmp_path)
    assert "Not used: mine.toml: name: Input should be a valid string" in said()
