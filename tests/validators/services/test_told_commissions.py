"""What is said of changes of commission: how sure they are, and whether and when they apply."""

import re

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from tests.validators.endpoints import CannedEndpoint
from tests.validators.looking import page, words
from tests.validators.replies import EPOCH
from tests.validators.services.commissions import first, looks
from validators.monitoring.alerts import commission_jumps
from validators.reading.terms import mark_said, marks_of

pytestmark = [pytest.mark.django_db, pytest.mark.database]

ABOVE_HALF, CROSSED = "above 50 %", "crossed 10 % upward"
JUMPED, UP_AND_BACK = "three points or more upward within one epoch", "up and back within one epoch"


def test_what_was_seen_once_is_said_to_be(endpoint: CannedEndpoint, client: Client) -> None:
    looks(endpoint, 500, 500, 1_200)
    account = first().vote_account

    [change] = client.get(f"/api/v1/validators/{account}").json()["validator"]["commission_changes"]
    assert (change["confirmed"], change["confirmed_at"], change["source"]) == (False, None, "live")
    assert "seen once, not confirmed yet" in page(client, f"/validators/{account}/")
    assert "seen once, not confirmed yet" in page(client)

    looks(endpoint, 1_200)

    assert "not confirmed yet" not in page(client, f"/validators/{account}/") + page(client)


def test_what_no_second_look_saw_is_not_said_to_wait_for_one(
    endpoint: CannedEndpoint, client: Client, settings: Settings
) -> None:
    """Nor to apply: what stands when an epoch ends is what rewards are shared by."""
    looks(endpoint, 500, 500, 1_200, 500)
    account = first().vote_account
    settings.WATCHED_VALIDATORS = [account]

    back, odd = client.get(f"/api/v1/validators/{account}").json()["validator"]["commission_changes"]
    assert (odd["confirmed"], odd["followed_in_epoch"], back["followed_in_epoch"]) == (False, EPOCH, None)
    text = words(page(client, f"/validators/{account}/"))
    assert f"5 % 12 % seen once, never confirmed never: it changed again in epoch {EPOCH} " in text
    assert f"12 % 5 % {EPOCH + 2} " in text
    assert "not confirmed yet" not in text
    # It is where it was: beside it in the list stands no change.
    assert "from 12 %" not in page(client)
    [trouble] = commission_jumps(now=timezone.now())
    assert trouble.message.endswith(f"from 5 % to 12 % in epoch {EPOCH}; seen once, never confirmed.")


def test_what_may_have_been_made_before_the_epoch_that_saw_it_may_have_applied(
    endpoint: CannedEndpoint, client: Client
) -> None:
    late = EPOCH + 1
    looks(endpoint, 500, 500, (late, 1_200), (late, 1_200), (late, 700), (late, 700))

    text = words(page(client, f"/validators/{first().vote_account}/"))

    assert f"5 % 12 % {EPOCH + 2} or never: it changed again in epoch {late} " in text
    assert f"12 % 7 % {late + 2} " in text


def test_what_another_may_have_followed_before_its_epoch_ended_may_never_have_applied(
    endpoint: CannedEndpoint, client: Client
) -> None:
    """What the first look of the next epoch sees may have been made on either side of the boundary."""
    late = EPOCH + 1
    looks(endpoint, 500, 500, 1_200, 1_200, (late, 700), (late, 700))
    account = first().vote_account

    back, there = client.get(f"/api/v1/validators/{account}").json()["validator"]["commission_changes"]
    told = ("followed_in_epoch", "followed_in_epoch_at_earliest")
    assert [there[name] for name in told] == [late, EPOCH]
    assert [back[name] for name in told] == [None, None]
    text = words(page(client, f"/validators/{account}/"))
    assert f"5 % 12 % {EPOCH + 2}, or never: it may have changed again in epoch {EPOCH} " in text
    assert f"12 % 7 % {EPOCH + 2} or {late + 2} " in text


def said() -> list[str]:
    return [mark_said(mark) for mark in marks_of([first().pk])[first().pk]]


def test_a_flag_that_the_first_look_of_an_epoch_shows_may_be_of_the_one_before(
    endpoint: CannedEndpoint,
) -> None:
    later = EPOCH + 1
    looks(endpoint, 500, 500, (later, 2_000), (later, 2_000))
    assert said() == [
        f"crossed 10 % upward in epoch {EPOCH} or {later}: from 5 % to 20 %",
        f"three points or more upward in epoch {EPOCH} or {later}: from 5 % to 20 %",
    ]

    looks(endpoint, (later, 500), (later, 500))
    up_and_back = f"up in epoch {EPOCH} or {later} and back in {later}: from 5 % to 20 % and back"
    assert up_and_back in said()


def test_a_flag_of_what_changed_between_two_looks_of_an_epoch_is_of_that(endpoint: CannedEndpoint) -> None:
    looks(endpoint, 500, 500, 2_000, 2_000, (EPOCH + 1, 2_000))
    assert said() == [
        f"crossed 10 % upward in epoch {EPOCH}: from 5 % to 20 %",
        f"three points or more upward within epoch {EPOCH}: from 5 % to 20 %",
    ]


@pytest.mark.parametrize(
    ("after", "shown"),
    [
        ((10_000, 9_000, 500), []),
        ((1_000, 1_000, 8_000, 1_000), ["from 5 %"]),
        ((1_000, 1_000, 800, 800), ["from 10 %"]),
    ],
)
def test_the_list_shows_the_newest_change_that_is_left(
    endpoint: CannedEndpoint, client: Client, after: tuple[int, ...], shown: list[str]
) -> None:
    looks(endpoint, 500, 500, *after)

    assert re.findall(rf"(from \d+ %) in epoch {EPOCH}<", page(client)) == shown
