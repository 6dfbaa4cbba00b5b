"""One validator's public page."""

import json
import re

import pytest
from django.test import Client

from tests.validators.looking import page, whole_cluster, words
from tests.validators.rows import NOON, fetch, validator

pytestmark = pytest.mark.django_db


def test_a_website_that_is_no_web_address_is_no_link(client: Client) -> None:
    shown = whole_cluster()
    shown.website = "javascript:alert(1)"
    shown.save()

    content = page(client, "/validators/vote1/")

    assert "javascript:alert(1)" in content
    assert 'href="javascript' not in content


def test_a_validators_page_tells_its_story(client: Client) -> None:
    whole_cluster()

    content = page(client, "/validators/vote1/")
    text = words(content)

    for told in (
        "Blue Lagoon",
        "93.70",
        "2026-11-23 12:05:00",
        "Until epoch 900 oldnode",
        "We validate",
        "6,900,002",
        "2 99.80 % ",
        "100.00 %",
        "5 % 10 %",
    ):
        assert told in text
    assert "https://explorer.solana.com/address/vote1" in content
    [points] = re.findall(r'<script id="epoch-chart-points" type="application/json">(.*?)</script>', content)
    assert json.loads(points) == {
        "epoch": [0, 1, 2],
        "performance": [100.0, pytest.approx(99.9), pytest.approx(99.8)],
        "commission": [None, None, None],
    }


def test_a_validator_without_any_history_has_a_page(client: Client) -> None:
    fetch()
    validator(1)

    text = words(page(client, "/validators/vote1/"))

    for told in ("Not scored", "No epoch is known yet", "None seen since"):
        assert told in text


def test_a_validator_that_left_keeps_its_page(client: Client) -> None:
    fetch()
    validator(1, left_at=NOON)

    assert "Left 2026-11-23 12:00 UTC" in words(page(client, "/validators/vote1/"))


@pytest.mark.parametrize("address", ["/validators/nobody/", "/validators/%00/", "/validators/vote1%2F/"])
def test_an_unknown_validator_is_not_found(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404
