"""Verdicts are stored when they are others, told when the validator changed, gone with what they are of."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from scheduling.exceptions import SkipRun
from tests.validators.rows import NOON, SOL, fetch, validator
from validators import tasks
from validators.models import (
    ClusterEpoch,
    MevEpoch,
    PictureMark,
    RuleVerdict,
    Validator,
    ValidatorEpoch,
    ValidatorEvent,
)
from validators.monitoring.alerts import changed_verdicts
from validators.reading.verdicts import verdicts_of

pytestmark = [pytest.mark.django_db, pytest.mark.database]

MINE = """
name = "mine"
title = "Mine"
version = "{version}"
read_on = 2026-11-26
decides = "rules"
decision = "Whoever meets them is taken."

[[rules]]
name = "fee"
kind = "value"
said = "A commission of at most 5 %"
input = "commission"
at_most = 0.05

[[rules]]
name = "size"
kind = "value"
said = "At most {most} SOL"
input = "stake"
at_most = {most}
"""


@pytest.fixture
def mine(tmp_path: Path, settings: Any) -> Path:
    settings.RULES_DIR = str(tmp_path)
    path = tmp_path / "mine.toml"
    path.write_text(MINE.format(version=1, most=1000))
    return path


def results(rules: str = "mine") -> dict[str, str]:
    return dict(RuleVerdict.objects.filter(rules=rules).values_list("validator__vote_account", "result"))


def mark() -> int | None:
    return PictureMark.objects.filter(writer="verdicts").values_list("mark", flat=True).first()


def test_before_the_first_fetch_there_is_nothing_to_judge() -> None:
    with pytest.raises(SkipRun, match="nothing fetched yet"):
        tasks.judge_by_rules()


def test_everybody_present_is_judged_once_and_written_again_only_when_it_is_another_verdict(
    mine: Path,
) -> None:
    fetch()
    validator(1)
    validator(2, commission_bps=800)
    validator(3, left_at=timezone.now())

    first = tasks.judge_by_rules()

    assert (first["judged"], first["new"], first["rule_sets"], first["told"]) == (12, 12, 6, 0)
    assert results() == {"vote1": "passes", "vote2": "fails"}
    before = mark()
    again = tasks.judge_by_rules()
    assert (again["new"], again["changed"], again["gone"], mark()) == (0, 0, 0, before)
    assert not ValidatorEvent.objects.exists()


def test_who_was_not_asked_for_tips_of_an_epoch_may_have_been_in_it(tmp_path: Path, settings: Any) -> None:
    """They are asked of epochs before the first look, of some validators in each run."""
    settings.RULES_DIR = str(tmp_path)
    rules = MINE.format(version=1, most=1000).split("[[rules]]")[0]
    voted = 'name = "voted"\nkind = "value"\nsaid = "Voted in two ended epochs"\ninput = "voted"\nis = true\n'
    window = 'window = 2\nrunning = false\nabsent = "fail"\n'
    (tmp_path / "mine.toml").write_text(f"{rules}[[rules]]\n{voted}{window}")
    fetch(epoch=990)
    for number in (1, 2, 3):
        of = validator(number)
        ValidatorEpoch.objects.create(validator=of, epoch=989, credits=5, fetched_at=NOON)
        if number < 3:
            MevEpoch.objects.create(validator=of, epoch=988, settled=True, slot=1, looked_at=NOON)

    tasks.judge_by_rules()

    assert set(results().values()) == {"unknown"}


def test_a_change_is_told_with_the_rule_the_epoch_and_what_was_said_before(mine: Path, settings: Any) -> None:
    fetch()
    of = validator(1)
    validator(2)
    tasks.judge_by_rules()
    Validator.objects.filter(pk=of.pk).update(commission_bps=800)
    fetch(epoch=991)

    told = tasks.judge_by_rules()

    events = ValidatorEvent.objects.filter(facts__rules="mine")
    [event] = events
    assert (event.kind, event.validator, event.epoch) == ("verdict", of, 991)
    assert event.facts == {
        "rules": "mine",
        "title": "Mine",
        "version": "1",
        "from": "passes",
        "to": "fails",
        "failing": ["fee"],
        "clears_in": None,
    }
    assert told["told"] == ValidatorEvent.objects.count()
    [verdict] = [one for one in verdicts_of(of) if one.rules == "mine"]
    assert (verdict.result, verdict.since_epoch, verdict.passing) == ("fails", 991, ["size"])
    assert verdict.sentence == "Fails 1 of 2 rules: fee."
    assert verdict.failing[0].sentence == "A commission of at most 5 %: 8 % in epoch 991, as it stands now."

    # An alert for whoever watches it, for a day.
    now = event.at
    assert changed_verdicts(now=now) == []
    settings.WATCHED_VALIDATORS = ["vote1"]
    trouble = next(one for one in changed_verdicts(now=now) if one.subject == "vote1 mine")
    assert trouble.message == "vote1 by Mine: passed before, fails now, because of fee."
    assert changed_verdicts(now=now + timedelta(days=2)) == []


def test_rules_that_change_are_no_news_of_the_validator(mine: Path) -> None:
    fetch()
    validator(1, activated_stake=900 * SOL)
    tasks.judge_by_rules()
    mine.write_text(MINE.format(version=2, most=100))

    assert tasks.judge_by_rules()["told"] == 0

    row = RuleVerdict.objects.get(rules="mine")
    assert (row.result, row.rules_version) == ("fails", "2")


def test_a_file_that_breaks_is_told_and_keeps_what_was_said_by_it(
    mine: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fetch()
    validator(1)
    tasks.judge_by_rules()
    mine.write_text(mine.read_text().replace("at_most = 1000", 'at_most = "many"'))

    result = tasks.judge_by_rules()

    assert result["refused"] == [
        "mine.toml: rule size: at_most: Input should be a valid number, unable to parse string as a number"
    ]
    assert "Rules not used: mine.toml" in caplog.text
    assert results() == {"vote1": "passes"}
    mine.unlink()
    assert tasks.judge_by_rules()["gone"] == 1
    assert results() == {}


def test_who_left_is_judged_no_more(mine: Path) -> None:
    fetch()
    of = validator(1)
    tasks.judge_by_rules()
    Validator.objects.filter(pk=of.pk).update(left_at=timezone.now())

    assert tasks.judge_by_rules()["gone"] == 6

    of.refresh_from_db()
    assert {one.sentence for one in verdicts_of(of)} == {"It has left the cluster."}


def test_the_stewards_rule_of_vote_credits_says_that_it_cannot_be_told_since_alpenglow() -> None:
    fetch(epoch=1_100)
    of = validator(1)
    ClusterEpoch.objects.bulk_create(
        ClusterEpoch(epoch=epoch, credits_unit="lamports", blocks_produced=9, leader_slots=9)
        for epoch in range(1_060, 1_101)
    )

    tasks.judge_by_rules()

    [verdict] = [one for one in verdicts_of(of) if one.rules == "jitosol-steward"]
    [rule] = [one for one in verdict.unknown if one.rule == "vote-credits"]
    assert rule.sentence == (
        "Enough vote credits for the cluster's blocks in each of the last 30 ended epochs: it cannot be told "
        "since Alpenglow, as credits are lamports there (in each of the 30 epochs that are told of, last in "
        "1099)."
    )
