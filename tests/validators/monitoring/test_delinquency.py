"""When so much of the stake is delinquent that it is about the cluster, or the endpoint."""

import io

import pytest
from django.core.management import call_command
from django.test import Client

from scheduling.monitoring.alerts import evaluate
from scheduling.monitoring.readiness import readiness
from tests.validators.asking import get
from tests.validators.looking import page, words
from tests.validators.rows import NOON, SOL, fetch, scoring_run, validator
from validators.models import Validator
from validators.monitoring.delinquency import delinquent_alert, much_is_delinquent

pytestmark = [pytest.mark.django_db, pytest.mark.database]

SAID = "66.67 % of the stake is delinquent, more than a third: either the cluster is in trouble"


@pytest.fixture
def nine() -> None:
    """A third of the stake is delinquent, and no more."""
    fetch()
    scored = [validator(number, activated_stake=SOL, delinquent=number <= 3) for number in range(1, 10)]
    scoring_run([(one, 100.0 - number) for number, one in enumerate(scored)])
    validator(20, activated_stake=1_000 * SOL, delinquent=True, left_at=NOON)


def stop_voting() -> None:
    Validator.objects.filter(vote_account__in=["vote4", "vote5", "vote6"]).update(delinquent=True)


@pytest.mark.usefixtures("nine")
def test_more_than_a_third_of_the_stake_that_is_delinquent_is_told() -> None:
    assert (much_is_delinquent(), delinquent_alert(now=NOON)) == ("", [])

    stop_voting()

    [trouble] = delinquent_alert(now=NOON)
    assert trouble.message == much_is_delinquent()
    assert trouble.message.startswith(SAID)


def test_before_anything_is_known_nobody_is_delinquent() -> None:
    assert much_is_delinquent() == ""


@pytest.mark.usefixtures("nine")
def test_health_names_it_and_the_installation_stays_ready() -> None:
    before = readiness().findings

    stop_voting()
    evaluate(now=NOON)

    assert readiness().findings == before
    out = io.StringIO()
    call_command("health", stdout=out)
    assert "open: delinquent" in out.getvalue()


@pytest.mark.usefixtures("nine")
def test_pages_and_the_command_that_choose_or_show_the_cluster_say_so(client: Client) -> None:
    for address in ("/cluster/", "/selection/"):
        assert "is delinquent, more than" not in words(page(client, address))

    stop_voting()
    # As a fetch does that stores it.
    fetch()

    for address in ("/cluster/", "/selection/"):
        assert SAID in words(page(client, address))
    told = io.StringIO()
    call_command("select_validators", "--json", stdout=io.StringIO(), stderr=told)
    assert told.getvalue().startswith(SAID)
    assert {one["action"] for one in get(client, "selection?size=9")["items"]} == {"enters", "passed_over"}


def test_a_little_more_than_a_third_is_not_told_as_less_than_a_third() -> None:
    validator(1, activated_stake=33_400 * SOL, delinquent=True)
    validator(2, activated_stake=66_600 * SOL)

    assert much_is_delinquent().startswith("33.40 % of the stake is delinquent, more than a third")
