"""An event tells that the chain changed, and not that something of it became known."""

from pathlib import Path
from typing import Any

import pytest

from tests.validators.rows import NOON, fetch, validator
from validators import tasks
from validators.models import Fetch, MevEpoch, RuleVerdict, Validator, ValidatorEpoch, ValidatorEvent
from validators.services.verdicts.news import judged_then, news_since

pytestmark = [pytest.mark.django_db, pytest.mark.database]

HEAD = """
name = "mine"
title = "Mine"
version = "1"
read_on = 2026-11-26
decides = "rules"
decision = "Whoever meets them is taken."
"""
TIPS = """
[[rules]]
name = "tips"
kind = "value"
said = "At most 10 % of the tips"
input = "mev_commission"
at_most = 0.10
window = 3
absent = "skip"
"""
VERSION = """
[[rules]]
name = "version"
kind = "version"
said = "At least 3.0.14"
at_least = {agave = "3.0.14"}
"""
FEE = """
[[rules]]
name = "fee"
kind = "value"
said = "A commission of at most 5 % in ten epochs"
input = "commission"
at_most = 0.05
window = 10
"""


@pytest.fixture
def rules(tmp_path: Path, settings: Any) -> Path:
    settings.RULES_DIR = str(tmp_path)
    return tmp_path / "mine.toml"


def tips(of: Validator, epoch: int, bps: int) -> None:
    MevEpoch.objects.create(
        validator=of, epoch=epoch, slot=1, looked_at=NOON, runs_jito=True, commission_bps=bps
    )


def commission(of: Validator, epoch: int, bps: int) -> None:
    given = dict.fromkeys(
        ("commission_first_bps", "commission_last_bps", "commission_min_bps", "commission_max_bps"), bps
    )
    ValidatorEpoch.objects.update_or_create(
        validator=of, epoch=epoch, defaults={"fetched_at": NOON, "activated_stake": 1, **given}
    )


def judged() -> list[tuple[str, str]]:
    """What is told of a judging: from what to what."""
    newest = ValidatorEvent.objects.order_by("-number").values_list("number", flat=True).first() or 0
    tasks.judge_by_rules()
    told = ValidatorEvent.objects.filter(kind="verdict", facts__rules="mine", number__gt=newest)
    return [(one.facts["from"], one.facts["to"]) for one in told.order_by("number")]


def results() -> list[str]:
    stored = RuleVerdict.objects.filter(rules="mine").order_by("validator__vote_account")
    return list(stored.values_list("result", flat=True))


def test_tips_that_become_known_for_everybody_are_no_news_and_a_change_of_them_is(rules: Path) -> None:
    rules.write_text(HEAD + TIPS)
    fetch()
    everybody = [validator(number) for number in range(1, 7)]
    assert (judged(), set(results())) == ([], {"unknown"})

    for number, one in enumerate(everybody):
        tips(one, 990, 800 if number < 3 else 2_000)
    assert (judged(), results()) == ([], ["passes"] * 3 + ["fails"] * 3)

    MevEpoch.objects.filter(validator=everybody[0]).update(commission_bps=5_000)
    assert judged() == [("passes", "fails")]


def test_what_nobody_knows_for_a_while_is_told_when_it_is_known_to_be_another(rules: Path) -> None:
    rules.write_text(HEAD + VERSION)
    fetch()
    same, other, never = (validator(number, version="3.0.14", client="agave") for number in (1, 2, 3))
    Validator.objects.filter(pk=never.pk).update(version="")
    assert judged() == []

    Validator.objects.update(version="")
    assert (judged(), judged(), set(results())) == ([], [], {"unknown"})

    Validator.objects.filter(pk__in=[other.pk, never.pk]).update(version="3.0.13")
    Validator.objects.filter(pk=same.pk).update(version="3.0.14")
    assert (judged(), results()) == ([("unknown", "fails")], ["passes", "fails", "fails"])
    [event] = ValidatorEvent.objects.filter(facts__rules="mine")
    assert event.validator == other


def test_of_a_window_that_is_known_in_part_a_change_is_news_and_its_past_is_not(rules: Path) -> None:
    rules.write_text(HEAD + FEE)
    fetch()
    raises, was_high = validator(1), validator(2)
    for one in (raises, was_high):
        commission(one, 990, 500)
    assert (judged(), results()) == ([], ["unknown", "unknown"])

    commission(raises, 990, 10_000)
    Validator.objects.filter(pk=raises.pk).update(commission_bps=10_000)
    assert judged() == [("unknown", "fails")]

    # What an imported history remembers of half a window ago.
    commission(was_high, 984, 10_000)
    assert (judged(), results()) == ([], ["fails", "fails"])

    # And when that has left the window, it is known that it does not fail any more.
    Fetch.objects.all().delete()
    fetch(epoch=995)
    commission(was_high, 995, 500)
    commission(raises, 995, 10_000)
    assert judged() == [("fails", "unknown")]


def test_what_happened_while_nobody_looked_is_news_and_what_was_before_that_is_not(rules: Path) -> None:
    rules.write_text(HEAD + FEE)
    fetch()
    raised, late, was_high = validator(1), validator(2), validator(3)
    for one in (raised, late, was_high):
        for epoch in range(981, 991):
            commission(one, epoch, 500)
    assert (judged(), set(results())) == ([], {"passes"})

    Fetch.objects.all().delete()
    fetch(epoch=998)
    commission(raised, 991, 10_000)
    assert judged() == [("passes", "fails")]
    # Known a while after the outage, of an epoch within it; and of one that was judged before it.
    commission(late, 991, 10_000)
    commission(was_high, 988, 10_000)
    assert judged() == [("unknown", "fails")]
    newest = ValidatorEvent.objects.latest("number")
    assert newest.validator == late


@pytest.mark.parametrize(
    ("judged_in", "since"),
    [
        ([], 989),
        ([990, 991, 992], 989),
        # Nobody looked from 985 to 991.
        ([980, 984, 992], 983),
        # Nor before.
        ([991, 992, 993], 989),
    ],
)
def test_news_begins_where_everybody_was_judged_last(judged_in: list[int], since: int) -> None:
    assert news_since(judged_in, running=993) == since


def test_no_more_judgings_are_kept_than_say_where_news_begins() -> None:
    judged_in: list[int] = []
    for running in (980, 984, 984, 992, 993, 994, 995, 996):
        whole = news_since([980, 984, 992, 993, 994, 995], running=running)
        assert news_since(judged_in, running=running) == (whole if judged_in else running - 4)
        judged_in = judged_then(judged_in, running=running)
        assert len(judged_in) <= 4
    assert judged_in == [993, 994, 995, 996]
