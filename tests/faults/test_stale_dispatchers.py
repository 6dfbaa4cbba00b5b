"""A dispatcher whose look at a schedule is old changes nothing."""

from datetime import timedelta

import pytest
from django_q.models import Schedule

from scheduling.engine import claiming
from scheduling.models import Run
from tests.scheduling.claims import claim_due
from tests.scheduling.factories import NOON, JobFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_a_schedule_that_was_moved_between_the_look_and_the_claim_stays_where_it_was_moved() -> None:
    job = JobFactory()
    plan = claiming.plan_of(job, now=NOON)
    tomorrow = NOON + timedelta(days=1)
    Schedule.objects.update(next_run=tomorrow)

    assert claiming.claim([plan], now=NOON) == []

    assert Schedule.objects.get().next_run == tomorrow
    assert not Run.objects.exists()


def test_a_dispatcher_that_was_stopped_for_a_while_does_not_set_the_schedule_back() -> None:
    job = JobFactory()
    old = claiming.plan_of(job, now=NOON)
    for second in (0, 10, 20):
        claim_due(now=NOON + timedelta(seconds=second))

    assert claiming.claim([old], now=NOON + timedelta(seconds=21)) == []

    assert Schedule.objects.get().next_run == NOON + timedelta(seconds=30)
    assert Run.objects.count() == 3
