"""The page that says what the number means."""

import re
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from tests.validators.looking import PAGES, page, whole_cluster, words
from validators.models import Refit, ScoringRun
from validators.scoring.trust_v3 import measured
from validators.scoring.trust_v3.tables import judged_tables, shipped_tables

ROOT = Path(__file__).parents[3]


@pytest.mark.django_db
def test_the_number_is_explained_in_two_hundred_words_with_what_was_measured(client: Client) -> None:
    text = words(page(client, "/scores/"))

    said = re.search("What the scores mean Of 100 units (.*) What it was worth", text)
    assert said is not None
    assert 180 < len(said[1].split()) < 230
    assert "Equal scores are ordered by risk, then by length of history; equals in all three share" in text
    found = measured.shipped_measures()
    assert f"epochs {found.first_epoch} to {found.last_epoch}" in text
    assert f"{found.kept:.2f} %" in text
    assert text.count(" % to ") == len(found.bins)


@pytest.mark.django_db
def test_a_refit_in_use_is_named_beside_what_was_measured_of_the_shipped_one(client: Client) -> None:
    whole_cluster()
    shipped = shipped_tables().version
    version = f"{shipped}+960.abcdef"
    ScoringRun.objects.update(version=version)
    assert version not in words(page(client, "/scores/"))
    Refit.objects.create(
        method="baseline-v1", version=version, made_at=timezone.now(), fitted_to=960, judged_to=990,
        accepted=True, reason="better in both", figures={}, coefficients={},
    )  # fmt: skip

    said = words(page(client, "/scores/"))

    assert f"made with {version}: the same method, fitted to what this installation recorded up to" in said
    assert f"What follows was measured of {judged_tables().version}." in said


@pytest.mark.django_db
@pytest.mark.parametrize("address", [*PAGES, "/selection/"])
def test_every_score_leads_there(client: Client, address: str) -> None:
    whole_cluster()

    assert 'href="/scores/"' in page(client, address)


@pytest.mark.django_db
def test_what_is_shown_was_measured_of_coefficients_that_had_not_seen_it(client: Client) -> None:
    found, judged = measured.shipped_measures(), judged_tables()

    assert found.version == judged.version
    assert judged.fitted_through is not None
    assert judged.fitted_through < found.first_epoch
    text = words(page(client, "/scores/"))
    assert f"learnt from outcomes up to epoch {shipped_tables().fitted_through}" in text
    assert (
        f"measured of {judged.version}, the same recipe that knew those up to {judged.fitted_through} only"
        in text
    )
    shown = Path(measured.__file__).with_name(measured.MEASURED).read_text()
    assert shown == (ROOT / "docs" / "scoring" / "trust-v3.json").read_text()
