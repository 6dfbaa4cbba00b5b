"""The page that sets two scoring methods side by side."""

import csv
import io
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.validators.looking import words
from tests.validators.rows import fetch, scoring_run, validator
from tests.validators.two_methods import both_runs, four_apart
from validators.models import ScoringRun, Validator
from validators.pages import views

pytestmark = [pytest.mark.django_db, pytest.mark.database]

PAGE = "/scores/compare/"


@pytest.fixture(autouse=True)
def both_methods(settings: Any) -> None:
    settings.SCORE_METHODS = ["baseline-v1", "trust-v2"]


@pytest.fixture
def four() -> list[Validator]:
    return four_apart()


def page(client: Client, query: str = "") -> str:
    response = client.get(f"{PAGE}{query}")
    assert response.status_code == 200
    return response.content.decode()


def listed(content: str) -> list[str]:
    return re.findall(r'href="/validators/(\w+)/', content)


def row_of(content: str, vote_account: str) -> str:
    [row] = [row for row in content.split("<tr>") if f"/validators/{vote_account}/" in row]
    return words(row)


def test_those_on_whom_the_methods_disagree_most_come_first(client: Client, four: list[Validator]) -> None:
    content = page(client)

    assert listed(content) == ["vote1", "vote2", "vote3", "vote4"]
    assert row_of(content, "vote1").startswith(" Name 1 vote1 1 4 +3 99.00 30.00 ")
    assert row_of(content, "vote2").startswith(" Name 2 vote2 2 1 \N{MINUS SIGN}1 94.00 90.00 ")


def test_each_row_says_what_moves_it_in_either_method(client: Client, four: list[Validator]) -> None:
    content = page(client)

    assert row_of(content, "vote1").endswith(
        " baseline-v1 +5.0 0 % commission +0.3 voted 99.00 % as well as the cluster's mean (at most 100)"
        " trust-v2 \u22125.0 raised its commission steeply within 30 epochs; its last "
        "raise was from 0 % to 90 % in epoch 989 "
    )
    assert row_of(content, "vote2").endswith(
        " baseline-v1 nothing out of the ordinary trust-v2 nothing out of the ordinary "
    )


def test_the_summary_says_how_far_they_agree(client: Client, four: list[Validator]) -> None:
    text = words(page(client))

    for told in (
        "Both judged the same fetch.",
        "Scored by both 4",
        "Only by trust-v2 0",
        "Rank correlation \N{MINUS SIGN}0.20",
        "Of the top 4 shared 4",
        "Furthest up by baseline-v1 3 places",
        "Furthest down by baseline-v1 1 place ",
    ):
        assert told in text


def test_the_methods_change_places_when_asked_for_the_other_way_round(
    client: Client, four: list[Validator]
) -> None:
    content = page(client, "?method=trust-v2")

    assert row_of(content, "vote1").startswith(" Name 1 vote1 4 1 \N{MINUS SIGN}3 30.00 99.00 ")
    assert '<option value="trust-v2" selected>trust-v2' in content
    assert '<option value="baseline-v1" selected>baseline-v1' in content
    assert "scored by trust-v2" in words(content)
    assert page(client, "?other=baseline-v1").count("Only by trust-v2") == 1


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?sort=other_rank", ["vote2", "vote3", "vote4", "vote1"]),
        ("?sort=-rank", ["vote4", "vote3", "vote2", "vote1"]),
        ("?sort=score", ["vote4", "vote3", "vote2", "vote1"]),
        ("?sort=rank_difference", ["vote2", "vote3", "vote4", "vote1"]),
        ("?search=nAME+3", ["vote3"]),
        ("?search=node4", ["vote4"]),
        ("?search=nobody", []),
        ("?sort=nonsense&search=%00", ["vote1", "vote2", "vote3", "vote4"]),
    ],
)
def test_order_and_search_stand_in_the_address(
    client: Client, four: list[Validator], query: str, found: list[str]
) -> None:
    assert listed(page(client, query)) == found


def test_a_search_leaves_the_summary_as_it_is(client: Client, four: list[Validator]) -> None:
    assert "Scored by both 4" in words(page(client, "?search=vote1"))
    assert "No validator is like this" in page(client, "?search=nobody")


def test_the_table_has_a_caption_and_says_which_way_it_is_sorted(
    client: Client, four: list[Validator]
) -> None:
    content = page(client, "?sort=rank&search=Name")

    assert "<caption>Validators by baseline-v1 and trust-v2</caption>" in content
    assert re.search(r'aria-sort="ascending"><a href="\?sort=-rank&amp;search=Name"', content)
    assert content.count("aria-sort") == 1
    assert content.count('<th scope="row">') == 4


@pytest.mark.parametrize(
    "query", ["", "?sort=rank", "?method=trust-v2&other=baseline-v1&sort=nonsense&search=vote3"]
)
def test_the_links_to_the_api_lead_to_the_same_validators_in_the_same_order(
    client: Client, four: list[Validator], query: str
) -> None:
    content = page(client, query)

    found = re.findall(r'href="(/api/v1/scores/compare[^"]+)">', content)
    as_json, as_csv = (client.get(unescape(address)) for address in found)
    items = as_json.json()["items"]
    rows = list(csv.DictReader(io.StringIO(as_csv.content.decode())))
    shown = listed(content)
    assert [item["vote_account"] for item in items] == [row["vote_account"] for row in rows] == shown
    assert ", its first 5,000" not in content


def test_a_file_that_is_cut_says_so(
    client: Client, four: list[Validator], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "MOST_ROWS", 3)

    assert "CSV , its first 3." in words(page(client, ""))
    assert "its first" not in words(page(client, "?search=vote3"))


def test_pages_of_fifty_keep_the_order_in_their_links(client: Client) -> None:
    looked = fetch()
    made = [(validator(number), 50.0) for number in range(1, 121)]
    both_runs(made, made[::-1], of=looked)

    first, last = page(client, "?sort=rank"), page(client, "?sort=rank&page=99")

    assert listed(first) == [f"vote{number}" for number in range(1, 51)]
    assert listed(last) == [f"vote{number}" for number in range(101, 121)]
    assert 'href="?sort=rank&amp;page=2"' in first


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("?method=nonsense", "There is no scoring method “nonsense”."),
        ("?other=%3Cb%3E", "There is no scoring method “<b>”."),
        ("?other=trust-v22", "There is no scoring method “trust-v22”; did you mean trust-v2?"),
        ("?method=trust-v2&other=trust-v2", "“trust-v2” cannot be compared with itself."),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused_with_what_there_is(
    client: Client, four: list[Validator], query: str, problem: str
) -> None:
    response = client.get(f"{PAGE}{query}")

    content = response.content.decode()
    assert response.status_code == 400
    assert f"{problem} There are: baseline-v1, trust-v2, trust-v3." in unescape(content)
    assert "<b>" not in content
    assert '<select name="method"' in content
    assert listed(content) == []


@pytest.mark.parametrize("query", ["", "?method=trust-v2"])
def test_one_method_alone_is_not_compared_and_the_page_says_what_to_set(
    client: Client, settings: Any, query: str
) -> None:
    settings.SCORE_METHODS = ["baseline-v1"]
    fetch()
    scoring_run([(validator(1), 50.0)])

    text = words(page(client, query))

    assert "No scores of trust-v2 are stored" in text
    assert "Set SCORE_METHODS=baseline-v1,trust-v2 , and the next run has both" in text


def test_before_the_first_run_of_both_the_page_says_what_brings_them(client: Client) -> None:
    fetch()

    text = words(page(client))

    assert "No scores of baseline-v1 and trust-v2 are stored" in text
    assert "manage.py score_validators does it now" in text


def test_before_the_first_fetch_the_page_says_what_to_do(client: Client) -> None:
    assert "Nothing has been fetched" in page(client)


def test_who_is_scored_by_one_method_only_is_counted_and_comes_last(client: Client) -> None:
    looked = fetch()
    first, second, third = validator(1), validator(2), validator(3)
    both_runs([(first, 90.0), (second, 80.0)], [(third, 90.0), (second, 80.0)], of=looked)

    content = page(client, "?sort=-disagreement")

    assert listed(content) == ["vote2", "vote1", "vote3"]
    assert "Only by baseline-v1 1 Only by trust-v2 1" in words(content)
    # Only the method that scored it says why.
    assert row_of(content, "vote1").count("nothing out of the ordinary") == 1
    assert "(not scored by this method)" in row_of(content, "vote1")


def test_scores_of_two_fetches_are_compared_with_a_warning(client: Client) -> None:
    scored = [(validator(1), 50.0), (validator(2), 40.0)]
    both_runs(scored, scored, of=fetch())
    scoring_run(scored, fetch=fetch(epoch=991), epoch=991)

    text = words(page(client))

    assert "They judged different fetches (epochs 991 and 990)" in text
    assert "Both judged the same fetch" not in text


def test_a_run_of_a_version_that_is_gone_is_compared_without_reasons(client: Client) -> None:
    scored = [(validator(1), 50.0)]
    both_runs(scored, scored, of=fetch())
    ScoringRun.objects.filter(method="trust-v2").update(version="1.0.0")

    text = words(page(client))

    assert "Without reasons of trust-v2" in text
    assert "Scored by both 1" in text


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", '"><img src=x>', "{{ 7|add:7 }}", "\u202egnp"]
)
def test_a_hostile_name_is_text_kept_to_itself(client: Client, four: list[Validator], hostile: str) -> None:
    Validator.objects.filter(vote_account="vote1").update(name=hostile)

    for content in (page(client), client.get("/validators/vote1/").content.decode()):
        assert re.search(f"<bdi[^>]*>{re.escape(hostile)}</bdi>", unescape(content))
        assert "<script>alert" not in content
        assert "<img" not in content


@pytest.mark.parametrize("validators", [2, 70])
def test_the_page_asks_as_many_questions_for_many_validators_as_for_few(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, validators: int
) -> None:
    scored = [(validator(number), 50.0) for number in range(1, validators + 1)]
    both_runs(scored, scored[::-1], of=fetch())

    # Fetch, two runs, the pairs; the page's validators and their components, the middle of each run; how
    # old is too old takes two.
    with django_assert_num_queries(10):
        page(client)
    with django_assert_num_queries(11):
        page(client, "?search=vote")
