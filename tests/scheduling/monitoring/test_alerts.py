"""Alerts: opened once, told again at their own pace, closed by themselves."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from scheduling.models import Alert, AlertRound, Run
from scheduling.monitoring import alerts
from scheduling.monitoring.alerts import CLOSE_AFTER, GRACE, LOOK_EVERY, AlertWatch, Trouble, evaluate
from tests.commands import printed
from tests.scheduling.factories import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.database]

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


class Site:
    """What the rule of these tests finds wrong."""

    troubles: ClassVar[list[Trouble]] = []


def rule(*, now: datetime) -> list[Trouble]:
    return Site.troubles


def broken_rule(*, now: datetime) -> list[Trouble]:
    raise KeyError("a mistake in a rule")


@pytest.fixture(autouse=True)
def one_rule(settings: Settings) -> Iterator[None]:
    settings.ALERT_RULES = {"late": "tests.scheduling.monitoring.test_alerts.rule"}
    settings.ALERT_REPEAT_SECONDS = 3600
    settings.ALERT_EMAILS = ["ops@example.org"]
    yield
    Site.troubles = []


def trouble(*subjects: str, message: str = "it is late") -> None:
    Site.troubles = [Trouble(subject=subject, message=message) for subject in subjects]


def looked_before() -> None:
    """Who looks at NOON is not the first ever."""
    AlertRound.objects.create(pk=1, looked_at=NOON - LOOK_EVERY)


def told(now: datetime) -> list[tuple[str, str, str]]:
    return [(one.event, one.subject, one.message) for one in evaluate(now=now)]


def test_a_trouble_is_told_once_however_often_it_is_found() -> None:
    trouble("fetch")

    assert told(NOON) == [("opened", "fetch", "it is late")]
    assert [told(NOON + number * SECOND) for number in range(10, 60, 10)] == [[]] * 5
    assert Alert.objects.count() == 1


def test_it_is_told_again_at_its_own_pace_with_what_is_so_now() -> None:
    trouble("fetch", message="10 s late")
    evaluate(now=NOON)
    trouble("fetch", message="1 h late")

    assert told(NOON + HOUR - SECOND) == []
    assert told(NOON + HOUR) == [("still open", "fetch", "1 h late")]
    assert told(NOON + HOUR + SECOND) == []
    assert told(NOON + 2 * HOUR) == [("still open", "fetch", "1 h late")]


def test_what_comes_rarely_is_told_again_no_sooner_than_it_comes() -> None:
    Site.troubles = [Trouble(subject="fetch", message="it fails", pace=6 * HOUR)]
    evaluate(now=NOON)

    assert told(NOON + 6 * HOUR - SECOND) == []
    assert told(NOON + 6 * HOUR) == [("still open", "fetch", "it fails")]


def test_it_closes_itself_when_it_has_been_fine_for_a_while() -> None:
    trouble("fetch")
    evaluate(now=NOON)
    trouble()

    assert told(NOON + CLOSE_AFTER - SECOND) == []
    assert told(NOON + CLOSE_AFTER) == [("closed", "fetch", "it is late")]
    assert Alert.objects.get().closed_at == NOON + CLOSE_AFTER
    assert told(NOON + HOUR) == []

    trouble("fetch")
    assert told(NOON + HOUR) == [("opened", "fetch", "it is late")]


def test_what_comes_and_goes_is_one_alert() -> None:
    news = []
    for number in range(0, 300, 10):
        trouble(*(["fetch"] if number % 20 else []))
        news += told(NOON + number * SECOND)

    assert news == [("opened", "fetch", "it is late")]


def test_a_rule_that_breaks_closes_nothing_and_stops_no_other(settings: Settings) -> None:
    trouble("fetch")
    evaluate(now=NOON)
    settings.ALERT_RULES = {
        "late": "tests.scheduling.monitoring.test_alerts.broken_rule",
        "gone": "nowhere.rule",
        "other": "tests.scheduling.monitoring.test_alerts.rule",
    }

    assert told(NOON + HOUR / 2) == [("opened", "fetch", "it is late")]
    assert Alert.objects.filter(closed_at=None, rule="late").exists()


def test_an_alert_whose_rule_was_taken_away_is_closed(settings: Settings) -> None:
    trouble("fetch")
    evaluate(now=NOON)
    settings.ALERT_RULES = {}

    assert told(NOON + SECOND) == [("closed", "fetch", "it is late")]


def test_the_database_refuses_a_second_open_alert_of_one_subject() -> None:
    trouble("fetch")
    evaluate(now=NOON)
    [alert] = Alert.objects.all()
    alert.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        alert.save(force_insert=True)


def test_one_dispatcher_looks_at_a_time_and_each_asks_at_most_every_ten_seconds(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    looked_before()
    trouble("fetch")
    first, second = AlertWatch(), AlertWatch()

    first.look(now=NOON)
    assert Alert.objects.get().seen_at == NOON
    second.look(now=NOON + SECOND)
    assert Alert.objects.get().seen_at == NOON
    with django_assert_num_queries(0):
        first.look(now=NOON + LOOK_EVERY)
        second.look(now=NOON + LOOK_EVERY)
    AlertWatch().look(now=NOON + LOOK_EVERY)
    assert Alert.objects.get().seen_at == NOON + LOOK_EVERY


def test_after_everything_was_down_nothing_new_is_told_for_two_minutes() -> None:
    looked_before()
    trouble("fetch")
    AlertWatch().look(now=NOON)
    trouble("fetch", "score")
    back = NOON + HOUR

    for seconds in (0, 10, 30, 60, 90, 119):
        AlertWatch().look(now=back + seconds * SECOND)
        assert [alert.subject for alert in Alert.objects.all()] == ["fetch"]
    assert Alert.objects.get().seen_at == back + 119 * SECOND

    AlertWatch().look(now=back + GRACE + LOOK_EVERY)
    assert {alert.subject for alert in Alert.objects.all()} == {"fetch", "score"}


def test_nor_is_it_when_the_first_dispatcher_ever_starts_long_after_the_schedules_were_set_up() -> None:
    trouble("fetch")

    for seconds in (0, 10, 30, 60, 90, 119):
        AlertWatch().look(now=NOON + seconds * SECOND)
        assert not Alert.objects.exists()

    AlertWatch().look(now=NOON + GRACE + LOOK_EVERY)
    assert Alert.objects.get().subject == "fetch"


def test_a_dispatcher_that_starts_beside_another_one_or_was_busy_keeps_nothing_quiet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stopwatch = [1_000.0]
    monkeypatch.setattr("scheduling.monitoring.alerts.time.monotonic", lambda: stopwatch[0])
    busy = AlertWatch()
    busy.look(now=NOON)
    trouble("fetch")
    stopwatch[0] += 600

    busy.look(now=NOON + 600 * SECOND)
    assert Alert.objects.get().subject == "fetch"

    trouble("fetch", "score")
    AlertWatch().look(now=NOON + 620 * SECOND)
    assert Alert.objects.count() == 2


def test_a_clock_that_is_set_back_does_not_end_the_looking() -> None:
    AlertWatch().look(now=NOON)
    AlertWatch().look(now=NOON - HOUR)

    assert AlertRound.objects.get().looked_at == NOON - HOUR


def test_nothing_wrong_costs_few_queries(django_assert_max_num_queries: Any) -> None:
    AlertWatch().look(now=NOON)

    with django_assert_max_num_queries(3):
        AlertWatch().look(now=NOON + LOOK_EVERY)


def test_the_command_lists_what_is_open() -> None:
    assert printed("alert", "list") == "No alert is open.\n"
    trouble("fetch", "score")
    evaluate(now=NOON)

    assert "late  fetch    2026-11-23 12:00:00  it is late" in printed("alert", "list")


def test_open_alerts_stand_on_the_operations_page_and_in_the_admin(admin_client: Client) -> None:
    trouble("fetch", message="<b>late</b>")
    evaluate(now=NOON)

    for page in (reverse("scheduling:operations"), reverse("admin:scheduling_alert_changelist")):
        content = admin_client.get(page).content.decode()
        assert "&lt;b&gt;late&lt;/b&gt;" in content
    assert admin_client.post(reverse("admin:scheduling_alert_add"), {}).status_code == 403


def test_closed_alerts_are_deleted_with_age_and_open_ones_stay() -> None:
    trouble("fetch", "score")
    evaluate(now=NOON)
    trouble("score")
    evaluate(now=NOON + CLOSE_AFTER)
    later = NOON + CLOSE_AFTER + HOUR + SECOND

    assert alerts.prune_history(keep=HOUR, now=later, dry_run=True) == {"alerts": 1}
    assert Alert.objects.count() == 2
    assert alerts.prune_history(keep=HOUR, now=later, dry_run=False) == {"alerts": 1}
    assert Alert.objects.get().subject == "score"


@pytest.mark.django_db(transaction=True)
def test_hosts_that_look_at_the_same_instant_tell_once() -> None:
    looked_before()
    trouble("fetch")

    def look() -> None:
        AlertWatch().look(now=NOON)
        connection.close()

    hosts = [threading.Thread(target=look) for _ in range(6)]
    for host in hosts:
        host.start()
    for host in hosts:
        host.join()

    assert Alert.objects.count() == 1
    assert Run.objects.count() == 1
