"""The page that says what to hold."""

import csv
import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.validators.looking import page, words
from tests.validators.rows import NOON, SOL, fetch, scoring_run, validator
from validators.models import Validator

pytestmark = pytest.mark.django_db


@pytest.fixture
def eight() -> None:
    fetch()
    scored = [
        validator(number, name=f"N{number}", commission_bps=100 * number, client="agave")
        for number in range(1, 9)
    ]
    scoring_run([(one, 100.0 - number) for number, one in enumerate(scored, start=1)])
    validator(20, first_seen_at=NOON - timedelta(days=9), left_at=NOON)
    validator(21, activated_stake=0)


def told(client: Client, address: str) -> list[tuple[str, str]]:
    """Each row's validator and why, by the headings."""
    content = page(client, address)
    rows = re.findall(r'<code>(\w+)</code>.*?<td class="said">(.*?)</td>', content, re.DOTALL)
    return [(account, unescape(why)) for account, why in rows]


@pytest.mark.usefixtures("eight")
def test_who_leaves_enters_and_stays_is_told_with_the_reason(client: Client) -> None:
    address = "/selection/?size=2&band=1.5&held=vote3,vote5%0Avote20+vote21%0D%0Anobody"

    assert "5 leave" not in words(page(client, address))
    assert told(client, address) == [
        ("vote5", "place 5 is behind 3, up to which held ones stay"),
        ("nobody", "no fetch ever saw it"),
        ("vote20", "it left the cluster, as seen 2026-11-23 12:00 UTC"),
        ("vote21", "it has no score"),
        ("vote1", "place 1 of 8, and there is room"),
        ("vote3", "place 3 of 8; held ones stay up to 3"),
    ]
    text = words(page(client, address))
    assert "4 leave, 1 enters, 1 stays" in text
    assert "falls behind place 2 × 1.5" in text  # noqa: RUF001


@pytest.mark.usefixtures("eight")
def test_the_links_give_the_same_as_csv_and_json(client: Client) -> None:
    filters = "min_stake_sol=1.5&max_commission_percent=6&search=N&client=agave&voting=yes&superminority=no"
    address = f"/selection/?size=3&band=2&held=vote6,vote8&{filters}"
    shown = told(client, address)

    links = [unescape(one) for one in re.findall(r'href="(/api/v1/selection\?[^"]*)"', page(client, address))]
    as_csv, as_json = (client.get(link).content.decode() for link in links)

    rows = [(row["vote_account"], row["why"]) for row in csv.DictReader(as_csv.splitlines())]
    assert sorted(rows) == sorted(shown)
    assert [(row["vote_account"], row["why"]) for row in json.loads(as_json)["items"]] == rows
    assert [account for account, _ in shown] == ["vote8", "vote2", "vote3", "vote6"]


@pytest.mark.usefixtures("eight")
def test_who_is_passed_over_is_told_with_the_group_and_links_keep_the_cap(client: Client) -> None:
    Validator.objects.filter(vote_account__in=("vote1", "vote2")).update(operator="key1")
    content = page(client, "/selection/?size=2&cap=operator%3D1,+network:50%25")

    text = words(content)
    assert "0 leave, 2 enter, 0 stay, 1 passed over" in text
    assert "Cap by operator: at most 1 of one; of 6 it is unknown, and these are not capped." in text
    assert "place 2 of 8; 1 of operator key1 has a place already, as many as the cap lets in" in text
    assert "cap=operator%3A1%2Cnetwork%3A50%25" in content
    assert "passed over" not in words(page(client, "/selection/?size=2"))
    assert "There is no group to cap by “nonsense”" in words(page(client, "/selection/?cap=nonsense:1"))


@pytest.mark.usefixtures("eight")
def test_the_list_leads_there_with_its_filters(client: Client) -> None:
    content = page(client, "/?search=N&max_commission_percent=3&sort=-stake&page=1")

    assert 'href="/selection/?search=N&amp;max_commission_percent=3">What to hold of these</a>' in content
    assert re.search(r'<a href="/selection/"[^>]*>Selection</a>', content)
    assert 'aria-current="page">Selection' in page(client, "/selection/")


@pytest.mark.usefixtures("eight")
def test_what_is_said_of_leaving_is_true_of_each_that_leaves(client: Client) -> None:
    Validator.objects.filter(vote_account__in=("vote1", "vote2")).update(operator="key1")
    address = "/selection/?size=3&held=vote1,vote2,vote3,vote4,vote8&cap=operator:1&max_commission_percent=7"

    assert told(client, address)[:2] == [
        ("vote2", "place 2 of 7; 1 of operator key1 has a place already, as many as the cap lets in"),
        ("vote8", "it is not among those asked for"),
    ]
    text = words(page(client, address))
    assert "is no longer among those asked for, or is one too many of the size or of a cap" in text


@pytest.mark.usefixtures("eight")
def test_the_band_is_told_as_it_was_asked_for(client: Client) -> None:
    content = words(page(client, "/selection/?size=4&band=1.25&held=vote5"))

    assert "falls behind place 4 × 1.25" in content  # noqa: RUF001
    assert "place 5 of 8; held ones stay up to 5" in content


@pytest.mark.usefixtures("eight")
def test_of_one_whose_group_nobody_knows_it_says_so(client: Client) -> None:
    Validator.objects.exclude(vote_account="vote1").update(operator="key1")

    assert "of 1 it is unknown, and this one is not capped." in words(
        page(client, "/selection/?cap=operator:9")
    )


@pytest.mark.usefixtures("eight")
def test_a_page_has_room_for_some_of_many_and_says_where_the_others_are(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("validators.pages.selection_page.MOST_SHOWN", 3)
    Validator.objects.filter(vote_account__in=("vote1", "vote2")).update(delinquent=True)
    address = "/selection/?size=3&held=vote8"

    content = page(client, address)

    assert [account for account, _ in told(client, address)] == ["vote8", "vote3", "vote4"]
    assert "1 leaves, 3 enter, 0 stay, 2 passed over" in words(content)
    assert "2 that a cap keeps out, or that are delinquent" in content
    assert content.count("1 more is in the CSV") == 1
    assert content.count("2 more are in the CSV") == 1
    assert content.count("<table") == 2
    assert "in the CSV" not in page(client, "/selection/?size=1")
    Validator.objects.filter(vote_account="vote2").update(delinquent=False)
    assert "1 that a cap keeps out, or that is delinquent" in page(client, "/selection/?size=1")


@pytest.mark.usefixtures("eight")
def test_what_makes_no_sense_is_told_of_and_the_default_stands(client: Client) -> None:
    content = page(client, "/selection/?size=0&band=0.5&held=%00&min_stake_sol=NaN")

    assert content.count('class="error"') == 4
    assert "8 enter" in words(content)
    assert "place 100 × 1.5" in words(content)  # noqa: RUF001


def test_what_is_held_is_text_kept_to_itself(client: Client) -> None:
    fetch()
    scoring_run([(validator(1, activated_stake=SOL), 90.0)])

    content = page(client, "/selection/?held=%3Cscript%3Ealert(1)%3C/script%3E,../..,%E2%80%AEgnp")

    assert "<script>alert" not in content
    assert [account for account, why in told(client, "/selection/?held=a%2Fb,vote1")] == ["vote1"]
    assert "no fetch ever saw it" in content


def test_without_scores_or_without_anybody_it_says_so(client: Client) -> None:
    fetch()
    assert "No scores yet" in page(client, "/selection/")

    scoring_run([(validator(1), 90.0)])
    assert "No validator is like this" in page(client, "/selection/?search=nobody")


@pytest.mark.parametrize("validators", [1, 60])
def test_it_asks_as_many_questions_for_many_as_for_few(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, validators: int
) -> None:
    fetch()
    scoring_run([(validator(number), 50.0) for number in range(validators)])

    # Fetch, run, last judged epoch and the rows, twice; who is delinquent in one look; how old is too old.
    with django_assert_num_queries(10):
        page(client, "/selection/?held=vote0,nobody")
