"""The public pages as a visitor sees them, for their tests."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

from django.test import Client
from django.utils import timezone

from tests.validators.happening import Kind, happened
from tests.validators.pasts import past
from tests.validators.rows import NOON, SOL, fetch, scoring_run, validator
from validators.models import (
    ClusterEpoch,
    DelinquencyIncident,
    IdentityChange,
    SourceState,
)

PAGES = ("/", "/validators/vote1/", "/compare/?v=vote1&v=vote2", "/cluster/")
EVERY_PAGE = (*PAGES, "/scores/", "/scores/compare/", "/selection/", "/events/", "/rules/", "/rules/jpool/")


def page(client: Client, address: str = "/") -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def listed(client: Client, query: str = "") -> list[str]:
    return re.findall(r'href="/validators/(\w+)/"', page(client, f"/{query}"))


def words(content: str) -> str:
    """What a person reads, without the markup."""
    text = re.sub(r"<script.*?</script>|<[^>]+>", " ", content, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(text))


def whole_cluster() -> Any:
    """Two validators with all there is to show of them."""
    fetch(stored_at=timezone.now())
    first = validator(1, name="Blue Lagoon", website="https://lagoon.example", details="We validate")
    second = validator(2, superminority=True)
    past(first, epochs=3)
    for number in range(3):
        ClusterEpoch.objects.create(epoch=number, credits_unit="vote_credits", mean_credits=6_900_000.0)
    ClusterEpoch.objects.create(
        epoch=990,
        credits_unit="vote_credits",
        total_stake=3 * SOL,
        validators=2,
        staked=2,
        superminority_size=1,
        superminority=["vote2"],
        stake_by_client={"agave": 2 * SOL, "": SOL},
        stake_by_version={"agave 4.2.1": 3 * SOL},
    )
    DelinquencyIncident.objects.create(
        validator=first, started_at=NOON, ended_at=NOON + timedelta(minutes=5), start_epoch=990
    )
    IdentityChange.objects.create(
        validator=first, epoch=900, from_identity="oldnode", to_identity="node1", seen_at=NOON
    )
    SourceState.objects.create(source="votes", last_success_at=NOON, last_attempt_at=NOON, last_error="cut")
    scoring_run([(first, 93.7), (second, 40)])
    happened(first, *Kind)
    return first
