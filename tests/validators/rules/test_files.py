"""Rule sets are files: those shipped name their sources; what is wrong with one's own is said in a line."""

import re
from pathlib import Path

import pytest

from validators.rules.files import RulesError, read_rule_set, read_rule_sets

HEAD = """
name = "mine"
title = "Mine"
version = "1"
read_on = 2026-11-26
decides = "rules"
decision = "Whoever meets them is taken."
"""
RULE = """
[[rules]]
name = "fee"
kind = "value"
said = "A low commission"
input = "commission"
at_most = 0.05
"""
PAST_OF_NOW = RULE.replace("commission", "superminority").replace("at_most = 0.05", "is = false\nwindow = 2")
VERSION = '[[rules]]\nname="v"\nkind="version"\nsaid="New"\nat_least={agave="new"}\n'


def test_every_shipped_rule_names_where_it_is_written() -> None:
    found = read_rule_sets(None)
    assert list(found.sets) == ["jagpool", "jitosol-steward", "jpool", "marinade-sam", "sfdp"]
    assert found.refused == ()
    for rules in found.sets.values():
        sources = {source.name for source in rules.sources}
        assert {rule.source for rule in rules.rules} <= sources, rules.name
        # A page tells both, where a database of networks is brought.
        reasons = [rule.because for rule in rules.rules if rule.kind == "elsewhere"]
        assert not [one for one in reasons if re.match("(Countries|Networks) .*not known here", one)]
        # Each of them decides behind its rules.
        assert any(rule.kind == "elsewhere" for rule in rules.rules), rules.name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "mine.toml: it is no TOML"),
        (HEAD.replace('title = "Mine"', "") + RULE, "mine.toml: title: it is missing; add it"),
        (HEAD, "mine.toml: rules: it is missing; add it"),
        (HEAD.replace('"rules"', '"luck"') + RULE, "mine.toml: decides: Input should be 'rules'"),
        (HEAD + RULE.replace("0.05", '"five"'), "rule fee: at_most: Input should be a valid number"),
        (HEAD + RULE.replace("at_most", "at_mots"), "rule fee: at_mots: there is no such key"),
        (HEAD + RULE.replace('"value"', '"guess"'), 'rule fee: kind is "value", "version" or "elsewhere"'),
        (HEAD + RULE.replace('"commission"', '"charm"'), "input 'charm' is none; choose from: comm"),
        (HEAD + RULE.replace("at_most = 0.05", ""), "rule fee: it bounds nothing; give at_most"),
        (HEAD + RULE.replace("at_most = 0.05", "is = true"), "input 'commission' is bounded by a number"),
        (HEAD.replace("Mine", "Mi\\u0000ne") + RULE, "mine.toml: title: String should match pattern"),
        (HEAD + RULE + "window = 0\n", "rule fee: window"),
        (HEAD + RULE + "window = 3\nin_at_least = 4\n", "in_at_least is 4, and the window has 3"),
        (HEAD + RULE.replace("commission", "stake") + 'window = "all"\n', 'rule fee: window = "all" is for'),
        (HEAD + PAST_OF_NOW, "rule fee: input 'superminority' is known of now alone"),
        (HEAD + RULE + RULE, "two rules are called fee; give each its own name"),
        (HEAD + RULE + 'source = "page"\n', "rule fee: there is no source called page"),
        (HEAD + VERSION, "mine.toml: rule v: 'new' is no version"),
        ("\x00", "mine.toml: it is no TOML"),
    ],
)  # fmt: skip
def test_a_broken_file_is_one_line_that_names_file_rule_and_key(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(RulesError) as told:
        read_rule_set(path)
    assert said in str(told.value)
    assert "\n" not in str(told.value)
    assert str(tmp_path) not in str(told.value)


def test_ones_own_go_before_shipped_ones_and_a_broken_one_takes_no_other_along(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text((HEAD + RULE).replace('"mine"', '"sfdp"'))
    (tmp_path / "b.toml").write_text(HEAD + RULE)
    (tmp_path / "c.toml").write_text(HEAD + RULE)
    (tmp_path / "d.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "e.toml").mkdir()
    (tmp_path / "notes.txt").write_text("no rules")

    found = read_rule_sets(tmp_path)

    assert found.sets["sfdp"].title == "Mine"
    assert list(found.sets)[-1] == "mine"
    assert [problem.split(":")[0] for problem in found.refused] == ["c.toml", "d.toml", "e.toml"]
    nowhere = read_rule_sets(tmp_path / "nowhere")
    assert (len(nowhere.sets), nowhere.refused[0].split(":")[0]) == (5, "RULES_DIR")
