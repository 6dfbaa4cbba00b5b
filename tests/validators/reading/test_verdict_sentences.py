"""What a verdict says of a rule that fails: as pages write numbers, and never so that it seems to be met."""

from dataclasses import asdict
from typing import Any

import pytest

from validators.models import RuleVerdict, Validator
from validators.reading.verdicts import ToldVerdict, in_a_line, told, told_finding
from validators.rules.findings import Finding, Outcome
from validators.rules.schema import RuleSet

UNSURE = {"at_most": 0.1, "because": "Somebody says 10 %"}


def said(rule: dict[str, Any], **found: Any) -> str:
    one = {"name": "mine", "kind": "value", "said": "As asked", **rule}
    about = {"name": "ours", "title": "Ours", "version": "1", "read_on": "2026-11-26", "decision": "All."}
    rules = RuleSet.model_validate({**about, "decides": "rules", "rules": [one]})
    finding = Finding("mine", Outcome.FAILS, epoch=990, first_epoch=990, **{"epochs": 1, **found})
    return told_finding(rules, asdict(finding)).sentence


@pytest.mark.parametrize(
    ("rule", "value", "written"),
    [
        # A page cuts what is not a whole SOL.
        ({"input": "stake", "below": 750_000}, 17_718_377.9, "17,718,377 SOL"),
        ({"input": "stake", "at_most": 1_000_000}, 1_000_000.04, "1,000,000.04 SOL"),
        ({"input": "stake", "at_least": 5_000}, 4_999.999, "4,999 SOL"),
        ({"input": "commission", "at_most": 0.05}, 0.1, "10 %"),
        ({"input": "commission", "at_most": 0.05}, 0.0575, "5.75 %"),
        ({"input": "vote_performance", "at_least": 0.97}, 0.5, "50.00 %"),
        ({"input": "vote_performance", "at_least": 0.97}, 0.969998, "96.9998 %"),
        # By a bound of its own, by one that is not sure, and by that alone.
        ({"input": "commission", "at_most": 0.05, "doubt": UNSURE}, 0.10001, "10.001 %"),
        ({"input": "vote_performance", "doubt": {"at_least": 0.85, "because": "?"}}, 0.5, "50.00 %"),
        ({"input": "vote_performance", "doubt": {"at_least": 0.85, "because": "?"}}, 0.0, "0.00 %"),
        # What is not nothing is not written as it.
        ({"input": "stake", "at_least": 5_000}, 0.998, "0.998 SOL"),
        ({"input": "stake", "at_least": 5_000}, 0.000_02, "0.00002 SOL"),
        ({"input": "stake", "at_least": 5_000}, 0.0, "0 SOL"),
        ({"input": "vote_performance", "at_least": 0.97}, 0.000_002, "0.0002 %"),
        # "Not in the superminority: yes" may be read either way.
        ({"input": "superminority", "is": False}, True, "it belongs to the superminority"),
        ({"input": "has_name", "is": True}, False, "it published no name"),
        ({"input": "voted", "is": True}, False, "it did not vote"),
    ],
)
def test_a_value_is_written_as_on_pages_and_so_that_it_fails(
    rule: dict[str, Any], value: Any, written: str
) -> None:
    assert said(rule, value=value) == f"As asked: {written} in epoch 990, as it stands now."


def test_where_epochs_are_counted_it_says_how_many_of_what() -> None:
    of_all = said(
        {"input": "voted", "is": True, "window": "all", "in_at_least": 20},
        value=12.0,
        epochs=8,
        clears_in=998,
    )
    assert of_all == "As asked: 12 so far, 8 too few; enough in epoch 998, if each until then is one."
    of_ten = said(
        {"input": "vote_performance", "at_least": 0.98, "window": 10, "running": False, "in_at_least": 9},
        value=0.5,
        epochs=2,
        clears_in=996,
    )
    assert of_ten == (
        "As asked: 2 epochs do not meet it, the last of them 990; enough do in epoch 996, if nothing else "
        "happens."
    )


def test_all_verdicts_on_one_are_a_sentence() -> None:
    found = {"A": "fails", "B": "unknown", "C": "fails", "D": "eligible", "E": None}
    nothing: dict[str, Any] = dict.fromkeys(("measured", "since_epoch", "clears_in"))
    verdicts = [
        ToldVerdict(
            validator=Validator(), rules=title, title=title, rules_version="1", result=result, failing=(),
            unknown=(), passing=(), sentence="", **nothing,
        )
        for title, result in found.items()
    ]  # fmt: skip
    assert in_a_line(verdicts) == (
        "It is eligible for D; fails A, C; is not known to pass B; was not judged by E."
    )
    assert in_a_line([]) == ""


@pytest.mark.parametrize(
    ("rules", "failing", "sentence"),
    [
        (1, ["rule0"], "Fails its one rule: rule0."),
        (2, ["rule0"], "Fails 1 of 2 rules: rule0."),
        (1, [], "Meets its one rule."),
        (2, [], "Meets all 2 rules."),
    ],
)
def test_a_set_of_one_rule_is_told_in_the_singular(rules: int, failing: list[str], sentence: str) -> None:
    asked = [
        {"name": f"rule{number}", "kind": "value", "said": "As asked", "input": "stake", "at_least": 1}
        for number in range(rules)
    ]
    about = {"name": "ours", "title": "Ours", "version": "1", "read_on": "2026-11-26", "decision": "All."}
    ours = RuleSet.model_validate({**about, "decides": "rules", "rules": asked})
    findings = [
        asdict(Finding(name, Outcome.FAILS, value=0, epoch=990, first_epoch=990, epochs=1))
        for name in failing
    ]
    row = RuleVerdict(rules="ours", result="fails" if failing else "passes", findings=findings)

    assert told(row, Validator(), ours).sentence == sentence
