"""Validators and their scores in the admin."""

import json
import re
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from tests.validators.happening import Kind, happened
from tests.validators.rows import NOON, fetch, history, scoring_run, validator
from validators.models import (
    ChainState,
    ClusterEpoch,
    CommissionChange,
    DelinquencyIncident,
    Fetch,
    IdentityChange,
    PoolStake,
    ScoringRun,
    SourceState,
    StakePool,
    Subscription,
    TrustScore,
    Validator,
    ValidatorEpoch,
    ValidatorEvent,
    VoteState,
    WatchedValidator,
)

pytestmark = pytest.mark.django_db

LIST = reverse("admin:validators_validator_changelist")
HISTORY = (
    *(Fetch, ScoringRun, TrustScore, ValidatorEpoch, ClusterEpoch),
    *(CommissionChange, IdentityChange, DelinquencyIncident, ValidatorEvent, StakePool, PoolStake),
)
MODELS = (Validator, SourceState, ChainState, VoteState, *HISTORY)


def listed(client: Client, query: str = "") -> list[str]:
    """The vote accounts of the validators on the first page, in order."""
    response = client.get(f"{LIST}{query}")
    assert response.status_code == 200
    return [row.vote_account for row in response.context["cl"].result_list]


def page_of(client: Client, shown: Validator) -> str:
    return client.get(reverse("admin:validators_validator_change", args=[shown.pk])).content.decode()


def test_validators_are_sorted_by_the_newest_score(admin_client: Client) -> None:
    first, second, unscored = validator(1), validator(2), validator(3)
    scoring_run([(first, 90), (second, 80)])
    scoring_run([(second, 91.5), (first, 70)])

    assert listed(admin_client) == [second.vote_account, first.vote_account, unscored.vote_account]
    content = admin_client.get(LIST).content.decode()
    assert "91.50" in content
    assert "80.00" not in content


def test_what_a_score_is_made_of_is_told_as_it_is_stored(admin_client: Client) -> None:
    shown = validator(1)
    run = scoring_run([(shown, 90)])
    run.scores.update(components={"left_out": False, "taken": [1.5, None], "why": "a > b"})

    content = page_of(admin_client, shown)

    for line in ("left out: false<br>", "taken: [1.5, null]<br>", "why: a &gt; b<br>"):
        assert line in content


@pytest.mark.parametrize("words", ["vote7", "node7", "Blue Lagoon"])
def test_search_finds_by_vote_account_identity_and_name(admin_client: Client, words: str) -> None:
    validator(1)
    validator(7, name="Blue Lagoon")

    assert listed(admin_client, f"?q={words}") == ["vote7"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?delinquent__exact=1", ["vote1"]),
        ("?presence=left", ["vote2"]),
        ("?presence=present&commission=none", ["vote3"]),
        ("?commission=to5", ["vote2", "vote1"]),
        ("?commission=to10", ["vote4"]),
        ("?commission=above10", ["vote5"]),
        ("?commission=all", ["vote6"]),
        ("?commission=unknown", ["vote7"]),
        ("?commission=nonsense", ["vote7", "vote6", "vote5", "vote4", "vote3", "vote2", "vote1"]),
    ],
)
def test_filters(admin_client: Client, query: str, found: list[str]) -> None:
    validator(1, delinquent=True)
    validator(2, left_at=NOON)
    for number, bps in ((3, 0), (4, 1_000), (5, 1_001), (6, 10_000), (7, None)):
        validator(number, commission_bps=bps)

    assert listed(admin_client, query) == found


def test_every_column_can_be_sorted_by(admin_client: Client) -> None:
    first, second = validator(1), validator(2)
    scoring_run([(first, 90), (second, 80)])

    for column in range(8):
        for sign in ("", "-"):
            assert sorted(listed(admin_client, f"?o={sign}{column}")) == ["vote1", "vote2"]
    assert listed(admin_client, "?o=-2") == ["vote1", "vote2"]


def test_the_list_asks_as_many_questions_for_many_validators_as_for_few(
    admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    scored = [(validator(number), 50.0) for number in range(99)]
    for _ in range(3):
        scoring_run(scored)

    # Session, user, the newest run, how many, and the rows.
    with django_assert_num_queries(5):
        assert len(listed(admin_client)) == 99


@pytest.mark.parametrize("epochs", [1, 40])
def test_a_validators_page_asks_as_many_questions_for_a_long_history_as_for_a_short_one(
    admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries, epochs: int
) -> None:
    shown = validator(1)
    history(shown, epochs=epochs)

    # Session, user, the newest run, the validator, the sources; its epochs, tips, stake, standing, changes,
    # scores, incidents, changes and identities. The first visit also fills Django's cache of content types.
    page_of(admin_client, shown)
    with django_assert_num_queries(13):
        content = page_of(admin_client, shown)

    assert f"{6_900_000 + epochs - 1:,}" in content
    assert content.count("10 %") == epochs


def test_the_chart_gets_the_numbers_that_the_table_shows(admin_client: Client) -> None:
    shown = validator(1)
    history(shown, epochs=3)

    content = page_of(admin_client, shown)

    [points] = re.findall(r'<script id="score-chart-points" type="application/json">(.*?)</script>', content)
    noon = int(NOON.timestamp())
    assert json.loads(points) == {"time": [noon, noon + 1, noon + 2], "score": [90.0, 90.01, 90.02]}
    for cell in ("2026-11-23 12:00:02</td>", ">90.02</td>"):
        assert cell in content


def test_a_validator_without_any_history_has_a_page(admin_client: Client) -> None:
    content = page_of(admin_client, validator(1))

    for words in ("Not scored yet", "No epoch is known yet", "None seen"):
        assert words in content


def test_nothing_is_loaded_from_another_host(admin_client: Client) -> None:
    shown = validator(1)
    history(shown, epochs=1)

    sources = re.findall(r'(?:src|href)="([^"#]+)"', page_of(admin_client, shown))

    assert [source for source in sources if "uplot-1.6.32" in source]
    assert not [source for source in sources if "//" in source]


def test_a_hostile_name_is_text_everywhere(admin_client: Client) -> None:
    hostile = "</script><script>alert(1)</script>"
    shown = validator(1, name=hostile)
    history(shown, epochs=1)
    fetch(endpoint="http://<script>alert(2)</script>")

    pages = [page_of(admin_client, shown)]
    for model in MODELS:
        pages.append(
            admin_client.get(
                reverse(f"admin:validators_{model.__name__.lower()}_changelist")
            ).content.decode()
        )

    assert not [page for page in pages if "<script>alert" in page]


@pytest.mark.parametrize("model", MODELS)
def test_what_the_machine_writes_is_read_only(admin_client: Client, model: Any) -> None:
    shown = validator(1)
    fetch()
    history(shown, epochs=1)
    happened(shown, Kind.LEFT)
    name = f"admin:validators_{model.__name__.lower()}"
    row = model.objects.first()

    assert admin_client.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200
    assert admin_client.post(reverse(f"{name}_change", args=[row.pk]), {}).status_code == 403
    assert admin_client.post(reverse(f"{name}_add"), {}).status_code == 403
    assert admin_client.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    selected = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
    admin_client.post(reverse(f"{name}_changelist"), selected)
    assert model.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", HISTORY)
def test_a_history_page_asks_as_many_questions_for_many_rows_as_for_few(
    admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries, model: Any
) -> None:
    url = reverse(f"admin:validators_{model.__name__.lower()}_changelist")
    for number in range(10):
        fetch()
        history(one := validator(number), epochs=3)
        happened(one, Kind.JOINED, Kind.RANK, Kind.LEFT)

    # Session, user, how many, and the rows.
    with django_assert_num_queries(4):
        response = admin_client.get(url)

    assert len(response.context["cl"].result_list) == model.objects.count()


def test_the_scores_of_one_run_are_a_click_away(admin_client: Client) -> None:
    first, second = validator(1), validator(2)
    run = scoring_run([(second, 90), (first, 80)])
    scoring_run([(first, 70)])
    [link] = re.findall(
        rf'href="([^"]+run__id__exact={run.pk})"',
        admin_client.get(reverse("admin:validators_scoringrun_changelist")).content.decode(),
    )

    rows = admin_client.get(link).context["cl"].result_list

    assert [(score.rank, score.validator) for score in rows] == [(1, second), (2, first)]


def test_every_model_of_the_app_is_in_the_admin() -> None:
    ours = {model for model in admin.site._registry if model._meta.app_label == "validators"}
    assert ours == {*MODELS, Subscription, WatchedValidator}
