"""The API's comparison of two scoring methods."""

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tests.scheduling.factories import JobFactory, ScheduleFactory
from tests.validators.asking import NOON_TEXT
from tests.validators.rows import fetch, scoring_run, validator
from tests.validators.two_methods import TRUST, both_runs, explained_by
from validators.api.comparison import ComparedDocument, ComparisonList
from validators.models import ScoringRun, TrustScore, Validator
from validators.reading import method_comparison
from validators.scoring.comparison import SAMPLE_SIZE
from validators.scoring.facts import Part
from validators.scoring.registry import METHODS

pytestmark = [pytest.mark.django_db, pytest.mark.database]

ADDRESS = "/api/v1/scores/compare"
SORTS = ("disagreement", "rank_difference", "rank", "other_rank", "score", "other_score")


@pytest.fixture(autouse=True)
def both_methods(settings: Any) -> None:
    settings.SCORE_METHODS = ["baseline-v1", "trust-v2"]


def get(client: Client, query: str = "") -> Any:
    response = client.get(f"{ADDRESS}{query}")
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def names(reply: Any) -> list[str]:
    return [item["vote_account"] for item in reply["items"]]


def seven() -> list[Validator]:
    """Five that both methods scored, one for each alone."""
    made = [validator(number, name=f"Name {number}") for number in range(1, 8)]
    baseline = [(made[place], 90.0 - 10 * rank) for rank, place in enumerate((0, 1, 2, 3, 4, 5))]
    trust = [(made[place], 85.0 - 10 * rank) for rank, place in enumerate((4, 1, 0, 6, 3, 2))]
    both_runs(baseline, trust, of=fetch())
    return made


@pytest.mark.parametrize("sort", [f"{sign}{key}" for key in SORTS for sign in ("", "-")])
def test_equals_come_by_vote_account_and_not_as_the_database_saw_them(client: Client, sort: str) -> None:
    made = [(validator(number), 50.0) for number in (2, 4, 1, 3)]
    both_runs(made, made, of=fetch())
    TrustScore.objects.update(rank=1)

    assert names(get(client, f"?sort={sort}")) == ["vote1", "vote2", "vote3", "vote4"]


def test_a_reply_says_which_runs_it_compares_how_far_they_agree_and_why_not(client: Client) -> None:
    first, second = validator(1, name="Blue Lagoon"), validator(2)
    own, other = both_runs([(first, 99.0), (second, 94.0)], [(second, 90.0), (first, 30.0)], of=fetch())
    explained_by(own, first, vote_performance=0.99, subtracted_percent=0.0, commission_percent=0.0)
    explained_by(other, first, charges=[["private", -9.0, [10_000]]])

    reply = get(client, "?limit=1")

    assert ComparisonList.model_validate(reply)
    assert reply.pop("next_cursor")
    assert reply == {
        "as_of": NOON_TEXT,
        "epoch": 990,
        "method": "baseline-v1",
        "version": "2",
        "scored_at": NOON_TEXT,
        "other_method": "trust-v2",
        "other_version": TRUST.version,
        "other_scored_at": NOON_TEXT,
        "same_fetch": True,
        "agreement": {
            "both": 2,
            "only_first": 0,
            "only_other": 0,
            "rank_correlation": pytest.approx(-1.0),
            "top": 2,
            "top_shared": 2,
            "furthest_up": 1,
            "furthest_down": 1,
        },
        "items": [
            {
                "vote_account": "vote1",
                "identity": "node1",
                "name": "Blue Lagoon",
                "name_mark": None,
                "rank": 1,
                "other_rank": 2,
                "rank_difference": 1,
                "score": 99.0,
                "other_score": 30.0,
                # The middle of the two is half-way between them.
                "reasons": [
                    {"name": "commission", "points": 0.0, "ahead": 2.5, "said": "0 % commission"},
                    {
                        "name": "vote_performance",
                        "points": 99.0,
                        "ahead": 0.15,
                        "said": "voted 99.00 % as well as the cluster's mean (at most 100)",
                    },
                ],
                "other_reasons": [
                    {
                        "name": "private",
                        "points": -9.0,
                        "ahead": -4.5,
                        "said": "keeps everything: 100 % commission",
                    }
                ],
            }
        ],
    }


@pytest.mark.parametrize("sort", [f"{sign}{key}" for key in SORTS for sign in ("", "-")])
def test_pages_of_any_order_show_everybody_once_with_the_unknown_last(client: Client, sort: str) -> None:
    seven()

    items: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        reply = get(client, f"?sort={sort}&limit=2{cursor and '&cursor=' + cursor}")
        items += reply["items"]
        cursor = reply["next_cursor"]

    assert sorted(item["vote_account"] for item in items) == [f"vote{number}" for number in range(1, 8)]
    values = [_value(item, sort.removeprefix("-")) for item in items]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=sort.startswith("-"))
    assert values[len(known) :] == [None] * (7 - len(known))


def _value(item: Any, key: str) -> float | None:
    if key != "disagreement":
        value: float | None = item[key]
        return value
    return None if item["rank_difference"] is None else abs(item["rank_difference"])


def test_pages_behind_a_cursor_are_of_the_runs_of_the_first(client: Client) -> None:
    made = seven()
    first = get(client, "?limit=2&sort=rank")
    cursor = first["next_cursor"]
    turned = [(one, 50.0) for one in made[::-1]]
    own, other = both_runs(turned, turned, of=fetch())

    behind = get(client, f"?limit=2&sort=rank&cursor={cursor}")

    assert (names(first), names(behind)) == (["vote1", "vote2"], ["vote3", "vote4"])
    assert behind["agreement"] == first["agreement"]
    assert names(get(client, "?limit=2&sort=rank")) == ["vote7", "vote6"]
    ScoringRun.objects.exclude(pk__in=[own.pk, other.pk]).delete()
    gone = client.get(f"{ADDRESS}?limit=2&sort=rank&cursor={cursor}")
    assert (gone.status_code, gone.json()["code"]) == (410, "expired_cursor")


def test_a_search_is_paged_too(client: Client) -> None:
    seven()

    found = get(client, "?search=nAME+2")
    first = get(client, "?search=name&sort=rank&limit=4")
    rest = get(client, f"?search=name&sort=rank&limit=4&cursor={first['next_cursor']}")

    assert (names(found), found["next_cursor"]) == (["vote2"], None)
    assert names(first) + names(rest) == [f"vote{number}" for number in range(1, 8)]


@pytest.mark.parametrize(
    ("query", "status", "code", "told"),
    [
        ("?method=nonsense", 422, "invalid", "scoring method “nonsense”. There are: baseline-v1"),
        ("?other=nonsense", 422, "invalid", "other: There is no scoring method “nonsense”"),
        ("?method=trust-v2&other=trust-v2", 422, "same_method", "“trust-v2” cannot be compared with itself"),
        ("?sort=stake", 422, "invalid", "sort: There is no order “stake”. There are: disagreement, "),
        ("?limit=0", 422, "invalid", "limit"),
        ("?cursor=x", 400, "invalid_cursor", "none that this list gave out"),
        ("?method=%00", 422, "invalid", "method"),
    ],
)
def test_what_makes_no_sense_is_refused_and_named(
    client: Client, query: str, status: int, code: str, told: str
) -> None:
    seven()

    response = client.get(f"{ADDRESS}{query}")

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert told in response.json()["detail"]
    assert set(response.json()) == {"detail", "code"}


@pytest.mark.parametrize("query", ["?sort=score", "?method=trust-v2&sort=rank"])
def test_a_cursor_of_another_list_is_refused(client: Client, query: str) -> None:
    seven()
    cursor = get(client, "?sort=rank&limit=1")["next_cursor"]

    response = client.get(f"{ADDRESS}{query}&limit=1&cursor={cursor}")

    assert (response.status_code, response.json()["code"]) == (400, "invalid_cursor")


def test_while_one_method_has_no_scores_the_reply_is_empty_and_says_so(client: Client) -> None:
    fetch()
    scoring_run([(validator(1), 50.0)])

    reply = get(client)

    assert ComparisonList.model_validate(reply)
    assert (reply["method"], reply["other_method"]) == ("baseline-v1", None)
    assert (reply["items"], reply["agreement"], reply["same_fetch"]) == ([], None, False)


def test_the_comparison_is_csv_when_asked_for(client: Client) -> None:
    first, second = validator(1, name="=cmd|'/c calc'!A1"), validator(2)
    own, _ = both_runs([(first, 99.0), (second, 94.0)], [(second, 90.0), (first, 30.0)], of=fetch())
    explained_by(own, first, vote_performance=0.99, subtracted_percent=5.0)

    response = client.get(f"{ADDRESS}?format=csv&limit=1&sort=rank")

    [row] = csv.DictReader(io.StringIO(response.content.decode()))
    assert list(row) == list(ComparedDocument.model_fields)
    assert row["name"] == "'=cmd|'/c calc'!A1"
    assert (row["rank"], row["other_rank"], row["rank_difference"], row["score"]) == ("1", "2", "1", "99.0")
    assert (
        json.loads(row["reasons"])[0]["said"] == "voted 99.00 % as well as the cluster's mean (at most 100)"
    )
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert (response.headers["Method"], response.headers["Other-Method"]) == ("baseline-v1", "trust-v2")
    assert json.loads(response.headers["Agreement"])["both"] == 2
    following = response.headers["Link"].partition(">")[0].removeprefix("<")
    assert "vote2" in client.get(following).content.decode()


def test_an_unchanged_comparison_is_a_304_until_something_new_is_scored(client: Client) -> None:
    made = seven()
    etag = client.get(ADDRESS).headers["ETag"]

    def status() -> int:
        return client.get(ADDRESS, headers={"If-None-Match": etag}).status_code

    assert status() == 304
    scoring_run([(made[0], 50)])
    assert status() == 200


def test_a_comparison_may_be_kept_until_the_next_job_is_due(client: Client) -> None:
    schedule = ScheduleFactory(name="score-repeatable", next_run=timezone.now() + timedelta(hours=5))
    JobFactory(schedule=schedule)

    kept = client.get(ADDRESS).headers["Cache-Control"]

    assert kept.startswith("public, max-age=179")


@pytest.mark.parametrize("validators", [3, 60])
def test_the_list_asks_as_many_questions_for_many_validators_as_for_few(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, validators: int
) -> None:
    scored = [(validator(number), 50.0) for number in range(1, validators + 1)]
    both_runs(scored, scored[::-1], of=fetch())

    # When the next job is due, the version; the fetch, the runs, the pairs; validators, components, the
    # middle of each run.
    with django_assert_num_queries(10):
        reply = get(client, "?limit=5000")
    assert len(reply["items"]) == validators
    etag = client.get(ADDRESS).headers["ETag"]
    with django_assert_num_queries(2):
        client.get(ADDRESS, headers={"If-None-Match": etag})


def test_only_the_rows_of_the_page_are_explained(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    scored = [(validator(number), 50.0) for number in range(1, 201)]
    both_runs(scored, scored[::-1], of=fetch())
    asked: list[Any] = []

    def counted(components: Any) -> list[Part]:
        asked.append(components)
        return TRUST.explain(components)

    monkeypatch.setitem(METHODS, TRUST.name, replace(TRUST, explain=counted))
    # Another test may have had the same rows, of which the middle is kept.
    method_comparison._middle.cache_clear()

    get(client, "?limit=5")

    assert len(asked) == 5 + SAMPLE_SIZE
