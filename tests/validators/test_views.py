"""The public pages: the list, one validator, several side by side, the cluster."""

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from tests.validators.pasts import past
from tests.validators.rows import NOON, SOL, fetch, scoring_run, validator
from validators.models import (
    ClusterEpoch,
    CommissionChange,
    DelinquencyIncident,
    IdentityChange,
    ScoringRun,
    SourceState,
    ValidatorEpoch,
)

pytestmark = pytest.mark.django_db

UNKNOWN = "–"  # noqa: RUF001
PAGES = ("/", "/validators/vote1/", "/compare/?v=vote1&v=vote2", "/cluster/")


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
    return first


def test_an_empty_page_says_what_to_do(client: Client) -> None:
    for address in ("/", "/cluster/"):
        content = page(client, address)

        assert "Nothing has been fetched" in content
        assert "manage.py run" in content
        assert "<table" not in content


def test_before_the_first_scores_validators_come_by_stake_and_the_page_says_why(client: Client) -> None:
    fetch()
    validator(1)
    validator(2)

    assert "No scores yet" in page(client)
    assert listed(client) == ["vote2", "vote1"]


def test_validators_come_by_the_rank_of_the_newest_completed_run(client: Client) -> None:
    fetch(stored_at=timezone.now() - timedelta(minutes=3))
    first, second = validator(1), validator(2)
    scoring_run([(second, 80), (first, 70)])
    scoring_run([(first, 99.123), (second, 42)])
    scoring_run([], status=ScoringRun.Status.SKIPPED)
    validator(3, left_at=NOON)
    validator(4, activated_stake=0)

    assert listed(client) == ["vote1", "vote2", "vote4"]
    assert "99.12" in page(client)


@pytest.mark.parametrize("address", PAGES)
def test_the_age_of_the_data_is_on_every_page(client: Client, address: str) -> None:
    whole_cluster()
    fetch(stored_at=timezone.now() - timedelta(minutes=3))

    assert "epoch 990, fetched 3 min ago" in words(page(client, address))


def test_scores_of_another_method_are_shown_when_asked_for(client: Client, settings: Settings) -> None:
    settings.SCORE_METHODS = ["baseline-v1", "trust-v2"]
    fetch()
    first, second = validator(1), validator(2)
    scoring_run([(second, 90), (first, 80)], method="trust-v2")
    scoring_run([(first, 99), (second, 42)])

    assert listed(client) == ["vote1", "vote2"]
    assert listed(client, "?method=trust-v2") == ["vote2", "vote1"]


def test_each_number_is_shown_in_the_unit_people_know(client: Client) -> None:
    fetch()
    ClusterEpoch.objects.create(epoch=989, credits_unit="vote_credits", mean_credits=1_000.0)
    shown = validator(
        1,
        activated_stake=1_234_567 * SOL + 1,
        commission_bps=750,
        delinquent=True,
        apy=0.0712,
        leader_slots=8,
        blocks_produced=6,
        client="agave",
        version="4.2.1",
    )
    ValidatorEpoch.objects.create(
        validator=shown, epoch=989, credits=987, credits_unit="vote_credits", fetched_at=NOON
    )
    CommissionChange.objects.create(validator=shown, epoch=985, from_bps=500, to_bps=750, seen_at=NOON)
    scoring_run([(shown, 12.345)])

    text = words(page(client))

    for cell in ("1,234,567", "7.5 %", "from 5 % in epoch 985", "98.70 %", "12.35", "delinquent"):
        assert cell in text
    for cell in ("7.12 %", "25.00 %", "agave 4.2.1"):
        assert cell in text


def test_unknown_is_a_dash_with_its_reason_and_not_a_zero(client: Client) -> None:
    fetch()
    validator(1, commission_bps=None)

    text = words(page(client))

    assert text.count(f"{UNKNOWN} (") == 7
    assert f"{UNKNOWN} (the endpoint does not tell)" in text
    assert "0.00" not in text


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7|add:7 }}", "\u202egnp"]
)
def test_a_hostile_name_is_text_kept_to_itself(client: Client, address: str, hostile: str) -> None:
    shown = whole_cluster()
    for field in ("name", "website", "details", "version", "client"):
        setattr(shown, field, hostile[:30])
    shown.save()
    ClusterEpoch.objects.filter(epoch=990).update(
        stake_by_client={hostile: SOL}, stake_by_version={hostile: 1}
    )

    content = page(client, address)

    assert hostile[:25] in unescape(content)
    assert "<script>alert" not in content
    assert "<img" not in content
    assert ">14<" not in content
    without_attributes = re.sub('="[^"]*"|<title>.*?</title>', "", content)
    assert not re.search("(?<!<bdi>)(?<!<bdi class>)\u202e", without_attributes)


def test_a_website_that_is_no_web_address_is_no_link(client: Client) -> None:
    shown = whole_cluster()
    shown.website = "javascript:alert(1)"
    shown.save()

    content = page(client, "/validators/vote1/")

    assert "javascript:alert(1)" in content
    assert 'href="javascript' not in content


@pytest.mark.parametrize("address", [*PAGES, "/?search=nobody"])
def test_nothing_is_loaded_from_another_host_and_nothing_inline_runs(client: Client, address: str) -> None:
    whole_cluster()
    response = client.get(address)
    content = response.content.decode()

    loaded = re.findall(r'<(?:script|img|iframe|link)\b[^>]*?(?:src|href)="([^"]*)"', content)
    assert loaded
    assert all(source.startswith("/static/") for source in loaded)
    inline = re.findall(r"<script(?![^>]*(?:src=|application/json))[^>]*>|<style|\sstyle=|\son\w+=", content)
    assert inline == []
    assert response.headers["Content-Security-Policy"].startswith("default-src 'self'; object-src 'none'")


def test_every_file_that_a_page_names_is_served(client: Client) -> None:
    whole_cluster()

    for address in PAGES:
        for source in re.findall(r'(?:src|href)="(/static/[^"]*)"', page(client, address)):
            assert client.get(source).status_code == 200, source


def test_pages_of_fifty_and_the_nearest_for_one_that_is_not_there(client: Client) -> None:
    fetch()
    scoring_run([(validator(number), 50) for number in range(120)])

    assert len(listed(client)) == 50
    last = page(client, "/?page=3&sort=-score")
    assert last.count('scope="row"') == 20
    assert 'aria-current="page">3<' in last
    assert 'href="?page=2&amp;sort=-score"' in last
    assert len(listed(client, "?page=99")) == 20
    assert len(listed(client, "?page=nonsense")) == 50


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?search=lagoon", ["vote2"]),
        ("?max_commission_percent=5", ["vote3", "vote1"]),
        ("?min_stake_sol=2.5", ["vote4", "vote3"]),
        ("?voting=no", ["vote3"]),
        ("?superminority=yes", ["vote4"]),
        ("?client=agave", ["vote2"]),
        ("?sort=stake", ["vote1", "vote2", "vote3", "vote4"]),
        ("?sort=-commission", ["vote2", "vote3", "vote1", "vote4"]),
        ("?sort=nonsense&voting=maybe&search=%00&min_stake_sol=NaN", ["vote4", "vote3", "vote2", "vote1"]),
    ],
)
def test_search_filters_and_order_stand_in_the_address(client: Client, query: str, found: list[str]) -> None:
    fetch()
    validator(1)
    validator(2, name="Blue Lagoon", client="agave", commission_bps=900)
    validator(3, delinquent=True)
    validator(4, superminority=True, commission_bps=None)

    assert listed(client, query) == found


def test_the_heading_in_force_says_so_and_turns_round(client: Client) -> None:
    fetch()
    validator(1)

    content = page(client, "/?sort=-score&search=vote")

    assert re.search(r'aria-sort="descending"><a href="\?sort=score&amp;search=vote"[^>]*>Score<', content)
    assert re.search(r'<a href="\?sort=commission&amp;search=vote"[^>]*>Commission<', content)


def test_a_list_without_a_match_says_so(client: Client) -> None:
    fetch()
    validator(1)

    assert "No validator is like this" in page(client, "/?search=nobody")


@pytest.mark.parametrize("validators", [1, 70])
def test_the_list_asks_as_many_questions_for_many_validators_as_for_few(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, validators: int
) -> None:
    fetch()
    scored = [(validator(number), 50.0) for number in range(validators)]
    scoring_run(scored)
    scoring_run(scored)

    # Fetch, run, last ended epoch; how many, the rows, their runs, scores and changes; how old is too old.
    with django_assert_num_queries(10):
        page(client)


@pytest.mark.parametrize("epochs", [1, 40])
def test_the_other_pages_ask_as_many_questions_for_a_long_history_as_for_a_short_one(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, epochs: int
) -> None:
    fetch()
    for number in range(4):
        past(validator(number), epochs=epochs)

    # Fetch, run, last ended epoch, the row; epochs, changes, scores, means; three kinds of events; too old.
    with django_assert_num_queries(13):
        page(client, "/validators/vote1/")
    with django_assert_num_queries(6):
        page(client, "/compare/?v=vote0&v=vote1&v=vote2&v=vote3")
    with django_assert_num_queries(9):
        page(client, "/cluster/")


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
        "100.00 %",
        "5 % 10 %",
    ):
        assert told in text
    assert "https://explorer.solana.com/address/vote1" in content
    [points] = re.findall(r'<script id="epoch-chart-points" type="application/json">(.*?)</script>', content)
    assert json.loads(points) == {
        "epoch": [0, 1, 2],
        "performance": [100.0, pytest.approx(100.0000145), pytest.approx(100.000029)],
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


def test_up_to_four_are_compared_in_the_order_named_and_the_others_named(client: Client) -> None:
    fetch()
    scoring_run([(validator(number, name=f"N{number}"), 90 - number) for number in range(6)])

    content = page(client, "/compare/?v=vote3&v=vote1&v=&v=nobody&v=%00&v=vote3&v=vote5&v=vote2&v=vote4")

    assert re.findall(r'<bdi class="name">(\w+)<', content) == ["N3", "N1", "N5", "N2"]
    assert "Left out, because unknown or more than four: <bdi>nobody</bdi>" in content


def test_the_cluster_page_adds_up(client: Client) -> None:
    whole_cluster()

    text = words(page(client, "/cluster/"))

    assert "Superminority 1" in text
    assert "the largest 2 66.67 %" in text
    assert "agave 2 66.67 % unknown 1 33.33 %" in text
    assert "up to 5 % 2 3" in text
    assert "90 to 100 1 1" in text
    assert re.search(r"votes \d+ \w+ failed", text, re.IGNORECASE)


@pytest.mark.parametrize("address", PAGES)
def test_the_pages_are_only_read(client: Client, address: str) -> None:
    assert client.post(address).status_code == 405
