"""The public page: validators by rank."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tests.validators.rows import NOON, SOL, fetch, scoring_run, validator
from validators.models import ScoringRun

pytestmark = pytest.mark.django_db


def page(client: Client, query: str = "") -> str:
    response = client.get(f"/{query}")
    assert response.status_code == 200
    return response.content.decode()


def test_an_empty_page_says_what_to_do(client: Client) -> None:
    content = page(client)

    assert "Nothing has been fetched" in content
    assert "manage.py run" in content
    assert "<table" not in content


def test_before_the_first_scores_validators_come_by_stake_and_the_page_says_why(client: Client) -> None:
    fetch()
    validator(1)
    validator(2)

    content = page(client)

    assert "No scores yet" in content
    assert content.index("vote2") < content.index("vote1")


def test_validators_come_by_the_rank_of_the_newest_completed_run(client: Client) -> None:
    fetch(stored_at=timezone.now() - timedelta(minutes=3))
    first, second = validator(1), validator(2)
    scoring_run([(second, 80), (first, 70)])
    scoring_run([(first, 99.123), (second, 42)])
    scoring_run([], status=ScoringRun.Status.SKIPPED)
    validator(3, left_at=NOON)
    validator(4, activated_stake=0)

    content = page(client)

    assert content.index("vote1") < content.index("vote2") < content.index("vote4")
    assert "99.12" in content
    assert "vote3" not in content
    assert "3 min ago" in content


def test_each_number_is_shown_in_the_unit_people_know(client: Client) -> None:
    fetch()
    shown = validator(1, activated_stake=1_234_567 * SOL + 1, commission_bps=750, delinquent=True)
    scoring_run([(shown, 12.345)])

    content = page(client)

    for cell in ("1,234,567", "7.5 %", "98.70 %", "12.35", ">delinquent<"):
        assert cell in content


def test_unknown_is_a_dash_not_a_zero(client: Client) -> None:
    fetch()
    validator(1, commission_bps=None)

    assert page(client).count(">–<") == 4  # noqa: RUF001


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ('"><img src=x onerror=alert(1)>', "&quot;&gt;&lt;img src=x onerror=alert(1)&gt;"),
        ("{{ 7|add:7 }}", "{{ 7|add:7 }}"),
    ],
)
def test_a_hostile_name_is_text(client: Client, name: str, shown: str) -> None:
    fetch()
    validator(1, name=name)

    assert f'<bdi class="name">{shown}</bdi>' in page(client)


def test_a_name_that_turns_the_writing_direction_is_kept_to_itself(client: Client) -> None:
    fetch()
    validator(1, name="\u202egnp.exe")

    assert '<bdi class="name">\u202egnp.exe</bdi>' in page(client)


def test_pages_of_a_hundred_and_the_nearest_for_one_that_is_not_there(client: Client) -> None:
    fetch()
    scoring_run([(validator(number), 50) for number in range(250)])

    assert page(client).count('scope="row"') == 100
    last = page(client, "?page=3")
    assert last.count('scope="row"') == 50
    assert 'aria-current="page">3<' in last
    assert page(client, "?page=99").count('scope="row"') == 50
    assert page(client, "?page=nonsense").count('scope="row"') == 100


@pytest.mark.parametrize("validators", [1, 120])
def test_the_page_asks_four_questions_however_many_validators_there_are(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, validators: int
) -> None:
    fetch()
    scored = [(validator(number), 50.0) for number in range(validators)]
    scoring_run(scored)
    scoring_run(scored)

    # The newest fetch, the newest run, how many, and the rows.
    with django_assert_num_queries(4):
        page(client)


def test_nothing_is_loaded_from_another_host(client: Client) -> None:
    fetch()
    validator(1)

    content = page(client)

    assert "//" not in content.replace("<!doctype", "")
    assert "<script" not in content


def test_the_page_is_only_read(client: Client) -> None:
    assert client.post("/").status_code == 405
