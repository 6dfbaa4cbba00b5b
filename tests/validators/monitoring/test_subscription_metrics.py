"""How subscriptions fare, in `/metrics`."""

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tests.validators.rows import validator
from tests.validators.subscriptions.receiving import Kind, happens, token
from validators.models import Subscription
from validators.monitoring.subscription_metrics import subscription_metrics
from validators.services.subscriptions import subscribe

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_each_subscription_is_in_one_state(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    owner, _ = token()
    waits, told, fails, paused, paused_failing = (
        subscribe(
            owner, url="https://hooks.example.org", validators=[], kinds=[], now=timezone.now()
        ).subscription
        for _ in range(5)
    )
    happens(validator(1), Kind.JOINED)
    for one, changes in (
        (told, {"cursor": 1}),
        (fails, {"failures": 2}),
        (paused, {"paused": "asked"}),
        (paused_failing, {"paused": "failed", "failures": 40, "cursor": 1}),
    ):
        Subscription.objects.filter(pk=one.pk).update(**changes)

    with django_assert_num_queries(1):
        [metric] = subscription_metrics()

    counted = {sample.labels["state"]: sample.value for sample in metric.samples}
    assert counted == {"told": 1, "waiting": 1, "failing": 1, "paused": 2}
    assert waits.cursor == 0
