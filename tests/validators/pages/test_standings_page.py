"""The public list of validators."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from tests.validators.looking import listed, page, words
from tests.validators.rows import NOON, SOL, fetch, scoring_run, validator
from validators.models import (
    CommissionChange,
    ScoringRun,
    ValidatorEpoch,
)
from validators.reading.standings import SORT_FIELDS

pytestmark = pytest.mark.django_db

UNKNOWN = "–"  # noqa: RUF001


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
        validator=shown,
        epoch=989,
        credits=987,
        credits_unit="vote_credits",
        vote_performance=0.987,
        fetched_at=NOON,
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

    assert text.count(f"{UNKNOWN} (") == 9
    assert f"{UNKNOWN} (the endpoint does not tell)" in text
    assert "0.00" not in text


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
        ("?max_mev_commission_percent=8", ["vote4"]),
        ("?min_total_apy_percent=5", ["vote4"]),
        ("?sort=-total_apy&min_stake_sol=2", ["vote4", "vote3", "vote2"]),
        ("?min_stake_sol=2.5", ["vote4", "vote3"]),
        ("?voting=no", ["vote3"]),
        ("?superminority=yes", ["vote4"]),
        ("?client=agave", ["vote2"]),
        ("?min_score=1", []),
        ("?flagged=yes", ["vote4"]),
        ("?flagged=no&sort=stake", ["vote1", "vote2", "vote3"]),
        ("?flag=superminority&flag=name_same_as_larger", ["vote4"]),
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
    added = {"mev_apy": 0.001, "shared_apy": 0.0, "block_apy": 0.0, "mev_commission_bps": 800}
    validator(4, superminority=True, commission_bps=None, apy=0.05, **added)

    assert listed(client, query) == found


def test_a_preset_sets_its_filters_keeps_the_others_and_is_taken_off_again(client: Client) -> None:
    fetch()
    scoring_run([(validator(1), 95), (validator(2, superminority=True), 94), (validator(3), 50)])
    validator(4, commission_flags=["above 50 %"])
    label = "Reliable, up to 5 %, outside the superminority"

    before = page(client, "/?sort=-score&page=2")
    query = unescape(re.findall(rf'href="(\?[^"]*)">{label}<', before)[0])
    after = page(client, f"/{query}")

    assert query == (
        "?sort=-score&voting=yes&min_score=90&flagged=no&flag=commission_above_half&max_commission_percent=5"
        "&superminority=no"
    )
    # The fourth took all of an epoch once, and came back.
    assert listed(client, query) == ["vote1"]
    assert f'href="?sort=-score" aria-current="true" title="Take it off">{label}<' in after
    assert after.count('aria-current="true"') == 4


@pytest.mark.parametrize(
    ("path", "opened"), [("", False), ("?search=x", False), ("?voting=no", True), ("?min_score=x", True)]
)
def test_filters_are_folded_unless_one_is_set(client: Client, path: str, opened: bool) -> None:
    fetch()

    assert ('<details class="wide unfold filters" open>' in page(client, f"/{path}")) == opened


@pytest.mark.parametrize(("scores", "drawn"), [([80, 80.4], False), ([80, 79.4], True), ([80], False)])
def test_a_line_is_drawn_where_a_score_moves(client: Client, scores: list[float], drawn: bool) -> None:
    fetch()
    shown = validator(1)
    for score in scores:
        scoring_run([(shown, score)])

    for address in ("/", "/validators/vote1/"):
        assert ('class="spark"' in page(client, address)) == drawn
    said = "were the same within half a point" in page(client, "/validators/vote1/")
    assert said == (len(scores) > 1 and not drawn)


@pytest.mark.parametrize(("validators", "label"), [(5_000, "All as CSV"), (5_001, "First 5,000 as CSV")])
def test_a_file_that_is_cut_is_not_called_all(client: Client, validators: int, label: str) -> None:
    fetch(validators_total=validators)
    validator(1)

    assert f'/api/v1/validators?format=csv&amp;limit=5000">{label}</a>' in page(client, "/?search=vote1")


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

    # Fetch, run, last ended epoch; how many, the rows, their runs, scores and changes; sources; how old is
    # too old.
    with django_assert_num_queries(13):
        page(client)


@pytest.mark.database
@pytest.mark.parametrize("sort", sorted(SORT_FIELDS))
def test_before_any_epoch_is_judged_the_list_comes_in_every_order(client: Client, sort: str) -> None:
    fetch()
    validator(1)

    for order in (sort, f"-{sort}"):
        assert "vote1" in page(client, f"/?sort={order}")
