"""How those who subscribed to events fare, for Prometheus."""

from collections.abc import Iterator, Mapping
from typing import Final

from django.db.models import Count, Q, Subquery
from django.db.models.functions import Coalesce
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from validators.models import THE_TALLY, EventTally, Subscription

_ACTIVE: Final = Q(paused="")


def subscription_metrics() -> Iterator[Metric]:
    """Each subscription is in exactly one state; one query."""
    newest = EventTally.objects.filter(pk=THE_TALLY).values("newest")
    of_all = Q(cursor__gte=Coalesce(Subquery(newest), 0))
    states: Mapping[str, Q] = {
        "told": _ACTIVE & Q(failures=0) & of_all,
        "waiting": _ACTIVE & Q(failures=0) & ~of_all,
        "failing": _ACTIVE & Q(failures__gt=0),
        "paused": ~_ACTIVE,
    }
    counts = {state: Count("pk", filter=condition) for state, condition in states.items()}
    subscriptions = GaugeMetricFamily(
        "staking_subscriptions",
        "Subscriptions to events: told of all, waiting for what is to be sent, failing, paused.",
        labels=["state"],
    )
    for state, number in Subscription.objects.aggregate(**counts).items():
        subscriptions.add_metric([state], number)
    yield subscriptions
