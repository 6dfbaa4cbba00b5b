"""What a validator's page says of the methods that it does not show."""

import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.validators.looking import words
from tests.validators.rows import COMPONENTS, fetch, scoring_run, validator
from tests.validators.two_methods import TRUST, both_runs, four_apart
from validators.models import TrustScore, Validator
from validators.reading.method_comparison import middle_of

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(autouse=True)
def both_methods(settings: Any) -> None:
    settings.SCORE_METHODS = ["baseline-v1", "trust-v2"]


@pytest.fixture
def four() -> list[Validator]:
    return four_apart()


@pytest.mark.parametrize("validators", [2, 40])
def test_a_validators_page_asks_four_questions_more_for_another_method(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, settings: Any, validators: int
) -> None:
    scored = [(validator(number), 50.0) for number in range(1, validators + 1)]
    both_runs(scored, scored[::-1], of=fetch())

    with django_assert_num_queries(30):
        client.get("/validators/vote1/")
    settings.SCORE_METHODS = ["baseline-v1"]
    with django_assert_num_queries(26):
        client.get("/validators/vote1/")


def test_a_validators_page_says_what_the_other_method_makes_of_it(
    client: Client, four: list[Validator]
) -> None:
    content = client.get("/validators/vote1/").content.decode()

    [section] = re.findall(r'<section aria-labelledby="others">.*?</section>', content, re.DOTALL)
    assert 'href="/scores/compare/?method=baseline-v1&amp;other=trust-v2&amp;search=vote1"' in section
    assert (
        words(section)
        .partition(" Why trust-v2 ")[2]
        .startswith(
            "4 30.00 +3 trust-v2 \u22125.0 raised its commission steeply within 30 epochs; its last "
            "raise was from 0 % to 90 % in epoch 989 "
            "baseline-v1 +5.0 0 % commission +0.3 voted 99.00 % as well as the cluster's mean (at most 100) "
        )
    )


def test_asked_for_by_another_method_a_validators_page_sets_the_headline_beside_it(
    client: Client, four: list[Validator]
) -> None:
    content = client.get("/validators/vote2/?method=trust-v2").content.decode()

    [section] = re.findall(r'<section aria-labelledby="others">.*?</section>', content, re.DOTALL)
    assert words(section).partition(" Why baseline-v1 ")[2].startswith("2 94.00 +1 baseline-v1 nothing")


def test_a_validators_page_is_silent_of_methods_that_say_nothing_of_it(client: Client) -> None:
    scored, unscored = validator(1), validator(2)
    both_runs([(scored, 50.0)], [(scored, 50.0)], of=fetch())
    assert TRUST.name in client.get("/validators/vote1/").content.decode()

    assert "By other methods" not in client.get(f"/validators/{unscored.vote_account}/").content.decode()


def test_the_middle_of_a_run_follows_its_components() -> None:
    run = scoring_run([(validator(number), 50.0) for number in range(1, 4)])

    before = middle_of(run)
    TrustScore.objects.filter(run=run).update(components=COMPONENTS | {"subtracted_percent": 7.0})

    assert before["commission"] == 5.0
    assert middle_of(run)["commission"] == 7.0
