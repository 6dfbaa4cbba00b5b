"""What is found wrong with the cluster, and with validators that somebody watches."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from tests.scheduling.factories import JobFactory
from tests.validators.happening import Kind, happened
from tests.validators.rows import NOON, SOL, fetch, validator
from validators.models import CommissionChange
from validators.monitoring.alerts import (
    changed_verdicts,
    commission_jumps,
    mev_commission_jumps,
    shrinking_cluster,
    stale_data,
)
from validators.services.events import News, record_events

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
FIVE = "rule0, rule1, rule2, rule3, rule4"


def test_data_is_stale_when_its_fetch_is_old_but_not_before_the_first_one() -> None:
    JobFactory(schedule__name="fetch-repeatable")
    assert stale_data(now=NOON) == []
    fetch(stored_at=NOON)
    assert stale_data(now=NOON) == []

    [trouble] = stale_data(now=NOON + HOUR)

    assert trouble.message == "The newest fetch is 1h old; more than 20s is stale."


@pytest.mark.parametrize(
    ("accounts", "stake", "messages"),
    [
        (1_500, 1_000 * SOL, []),
        (1_350, 900 * SOL, []),
        (1_300, 1_000 * SOL, ["13 % of the vote accounts of the last day are gone."]),
        (1_500, 600 * SOL, ["40 % of the stake of the last day is gone."]),
    ],
)
def test_a_cluster_that_lost_more_than_a_tenth_within_a_day_shrinks(
    accounts: int, stake: int, messages: list[str]
) -> None:
    fetch(stored_at=NOON - 25 * HOUR, validators_total=9_000, staked_total=9_000 * SOL)
    fetch(stored_at=NOON - 5 * HOUR, validators_total=1_500, staked_total=1_000 * SOL)
    fetch(stored_at=NOON, validators_total=accounts, staked_total=stake)

    assert [trouble.message for trouble in shrinking_cluster(now=NOON)] == messages


def test_before_the_first_fetch_nothing_shrinks() -> None:
    assert shrinking_cluster(now=NOON) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (500, 700, False),
        (500, 800, True),
        (950, 1_000, False),
        (1_000, 1_001, True),
        (5_000, 5_001, True),
        (9_000, 500, False),
    ],
)
def test_a_watched_validator_that_raises_its_commission_by_much_or_above_a_limit_is_told_of(
    settings: Settings, before: int, after: int, told: bool
) -> None:
    watched, other = validator(1, name="Ada <b>"), validator(2)
    settings.WATCHED_VALIDATORS = [watched.vote_account]
    for one in (watched, other):
        CommissionChange.objects.create(validator=one, epoch=990, from_bps=before, to_bps=after, seen_at=NOON)

    assert [trouble.subject for trouble in commission_jumps(now=NOON + HOUR)] == ["vote1"] * told
    assert commission_jumps(now=NOON + 25 * HOUR) == []


@pytest.mark.parametrize(
    ("confirmed_at", "end"), [(NOON, "."), (None, "; seen once, not confirmed yet.")], ids=["twice", "once"]
)
def test_the_message_names_the_validator_and_both_commissions_and_whether_two_looks_saw_it(
    settings: Settings, confirmed_at: datetime | None, end: str
) -> None:
    settings.WATCHED_VALIDATORS = ["vote1"]
    change: dict[str, Any] = {"epoch": 990, "from_bps": 500, "to_bps": 10_000, "seen_at": NOON}
    CommissionChange.objects.create(validator=validator(1, name="Ada"), confirmed_at=confirmed_at, **change)

    [trouble] = commission_jumps(now=NOON)

    assert (
        trouble.message
        == f"vote1 raised its commission from 5 % to 100 % in epoch 990{end} It calls itself “Ada”."
    )


def test_a_raise_seen_in_the_first_look_of_an_epoch_is_not_put_into_it(settings: Settings) -> None:
    settings.WATCHED_VALIDATORS = ["vote1"]
    change: dict[str, Any] = {"epoch": 990, "in_first_look": True, "from_bps": 500, "to_bps": 10_000}
    CommissionChange.objects.create(validator=validator(1), seen_at=NOON, confirmed_at=NOON, **change)

    [trouble] = commission_jumps(now=NOON)

    assert trouble.message == "vote1 raised its commission from 5 % to 100 % in epoch 989 or 990."


def test_with_nobody_watched_only_that_is_asked(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert commission_jumps(now=NOON) == []


def test_a_watched_validator_that_raises_what_it_keeps_of_tips_is_told_of(settings: Settings) -> None:
    settings.WATCHED_VALIDATORS = ["vote1", "vote2"]
    happened(validator(1, name="Blue Lagoon"), Kind.MEV_COMMISSION)
    happened(validator(3), Kind.MEV_COMMISSION)
    with_little = validator(2)
    record_events(
        [News(Kind.MEV_COMMISSION, with_little.pk, {"from": 0, "to": 200, "epoch": 990})], epoch=990, at=NOON
    )

    [trouble] = mev_commission_jumps(now=NOON + HOUR)

    assert trouble.message == (
        "vote1 raised its MEV commission from 8 % to 100 % with epoch 990, in that epoch or before it. "
        "It calls itself “Blue Lagoon”."
    )
    assert mev_commission_jumps(now=NOON + 25 * HOUR) == []


@pytest.mark.parametrize(
    ("before", "failing", "said"),
    [
        ("failed", 0, "failed before, passes now."),
        ("unknown", 5, "unknown before, fails now, because of rule0, rule1, rule2, rule3, rule4."),
        (
            "eligible",
            7,
            "eligible before, fails now, because of rule0, rule1, rule2, rule3, rule4 and 2 more.",
        ),
    ],
)
def test_what_a_verdict_was_is_past_and_rules_beyond_those_named_are_counted(
    settings: Settings, before: str, failing: int, said: str
) -> None:
    settings.WATCHED_VALIDATORS = ["vote1"]
    facts: dict[str, Any] = {
        "rules": "mine",
        "title": "Mine",
        "from": {"failed": "fails"}.get(before, before),
        "to": "fails" if failing else "passes",
        "failing": [f"rule{number}" for number in range(failing)],
    }
    record_events([News(Kind.VERDICT, validator(1).pk, facts)], epoch=990, at=NOON)

    [trouble] = changed_verdicts(now=NOON)

    assert trouble.message == f"vote1 by Mine: {said}"


def test_what_a_clock_that_was_ahead_wrote_down_is_told_of_when_that_time_comes(settings: Settings) -> None:
    settings.WATCHED_VALIDATORS = ["vote1"]
    one, ahead = validator(1), NOON + 100 * HOUR
    fetch(stored_at=ahead, validators_total=9_000)
    fetch(stored_at=NOON)
    CommissionChange.objects.create(validator=one, epoch=990, from_bps=500, to_bps=900, seen_at=ahead)
    happened(one, Kind.MEV_COMMISSION, at=ahead)
    rules = (shrinking_cluster, commission_jumps, mev_commission_jumps)

    assert [rule(now=NOON) for rule in rules] == [[], [], []]
    assert [len(rule(now=ahead)) for rule in rules] == [1, 1, 1]
