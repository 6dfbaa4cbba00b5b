"""The first hours of an installation: what is not known yet is no zero, and no fault of a validator."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.looking import page, words
from tests.validators.rows import NOON, SOL, fetch, validator
from validators import tasks
from validators.models import RuleVerdict, SourceState, Validator
from validators.models.marks import mark_picture

pytestmark = [pytest.mark.django_db, pytest.mark.database]

KEYS = [one["votePubkey"] for one in replies.accounts(20)]


@pytest.fixture(autouse=True)
def trust_v3(settings: Any) -> None:
    settings.SCORE_METHODS = ["trust-v3"]


@pytest.fixture
def after_one_fetch(endpoint: CannedEndpoint) -> CannedEndpoint:
    """Of the votes alone: no other source was asked, nobody is scored."""
    # Some whose last votes are older tell of older epochs than the others.
    old = {"epochCredits": replies.epoch_credits(*[replies.FULL_EPOCH] * 5, last=replies.EPOCH - 9)}
    endpoint.delinquent = [endpoint.current.pop() | old for _ in range(3)]
    tasks.fetch_validators()
    return endpoint


@pytest.mark.usefixtures("after_one_fetch")
def test_before_the_first_score_nobody_came_after_it(client: Client) -> None:
    texts = [words(page(client, address)) for address in ("/", f"/validators/{KEYS[0]}/")]

    assert [("after the last score" in text, "last score)" in text) for text in texts] == [(False, False)] * 2
    assert "(nobody is scored yet)" in texts[0]
    assert "Not scored: nobody is scored yet." in texts[1]


@pytest.mark.usefixtures("after_one_fetch")
def test_the_cluster_is_not_drawn_by_what_nobody_was_told_yet(client: Client) -> None:
    before = words(page(client, "/cluster/"))
    tasks.fetch_nodes()
    tasks.score_validators()
    after = words(page(client, "/cluster/"))

    assert "Versions Not known yet: no version of anybody was told." in before
    assert "Scores Nobody is scored yet." in before
    assert "Versions 1, by stake" in after
    assert "Scores 10, by stake" in after


@pytest.mark.usefixtures("after_one_fetch")
def test_a_source_that_was_never_asked_is_named_as_our_gap(client: Client) -> None:
    text = words(page(client, "/cluster/"))

    of_all = text.partition("Where this comes from")[2]
    assert f"{len(SourceState.Source)} sources: when each was heard last" in of_all
    assert of_all.count("(never fetched)") == of_all.count("(none yet)") == len(SourceState.Source) - 1


@pytest.mark.usefixtures("after_one_fetch")
def test_of_one_look_nothing_is_said_of_several_epochs(client: Client) -> None:
    tasks.score_validators()

    text = words(page(client, f"/validators/{KEYS[0]}/"))

    assert "did not lose more than 30 % of its stake in what is known of ten epochs" in text
    assert "did not raise its commission by more than 10 points in what is known of three epochs" in text
    assert "None seen in epoch 990, the only one of which its commission is known." in text
    assert "the newest 5 known" in text


def test_nobody_is_too_young_by_what_a_reply_leaves_out(after_one_fetch: CannedEndpoint) -> None:
    """It tells the last five epochs of each, and accounts remember more; a shorter one has begun then."""
    found = [_of_age(key) for key in KEYS[:3]]
    tasks.judge_by_rules()
    by_replies = [_of_age(key) for key in KEYS[:3]]
    tasks.fetch_cluster()
    tasks.fetch_vote_states()
    tasks.judge_by_rules()

    assert found == [None] * 3
    assert by_replies == ["it voted in 5 epochs that are known, maybe in more"] * 3
    # As these accounts are made, they remember no more than the reply told.
    assert [_of_age(key) for key in KEYS[:3]] == [""] * 3


def _of_age(vote_account: str) -> str | None:
    """Why JagPool's rule about age is not known of it; empty where it fails."""
    row = RuleVerdict.objects.filter(rules="jagpool", validator__vote_account=vote_account).first()
    found = {one["rule"]: one.get("because", "") for one in row.findings} if row else {}
    return found.get("active-epochs")


def test_who_left_is_no_longer_said_to_hold_a_third(endpoint: CannedEndpoint, client: Client) -> None:
    endpoint.current[0]["activatedStake"] *= 9
    tasks.fetch_validators()
    assert Validator.objects.get(vote_account=KEYS[0]).superminority
    large = endpoint.current.pop(0)
    tasks.fetch_validators()

    text = words(page(client, f"/validators/{KEYS[0]}/"))

    assert "It left the cluster." in text
    assert "One of the fewest that hold more than a third" not in text
    endpoint.current.insert(0, large)
    tasks.fetch_validators()
    assert "One of the fewest that hold more than a third" in words(page(client, f"/validators/{KEYS[0]}/"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"delinquent": True}, "nothing while it does not vote"),
        ({"commission_bps": 10_000}, "nothing at its commission of 100 %"),
        ({"commission_bps": 10_000, "delinquent": True}, "nothing while it does not vote"),
    ],
)
def test_two_pages_tell_the_same_reason_why_it_brings_nothing(
    client: Client, fields: dict[str, Any], said: str
) -> None:
    fetch()
    validator(1, apy=0.05, apy_basis="estimate", apy_epochs=1, **fields)

    alone, beside = (words(page(client, at)) for at in ("/validators/vote1/", "/compare/?v=vote1"))

    assert f"100 SOL here for a year: {said}, as now. Else about 5.00 SOL , an estimate" in alone
    assert f"100 SOL for a year (SOL) {said} Stake" in beside


def test_an_estimate_is_not_said_to_be_by_a_stake_that_it_may_not_take(client: Client) -> None:
    """Where the chain recorded what was paid for each point, it takes none."""
    fetch()
    validator(
        1, apy=0.05, apy_basis="estimate", apy_epochs=1, mev_apy=0.01, mev_apy_basis="estimate",
        mev_apy_epochs=1, block_apy=0.0, shared_apy=0.0,
    )  # fmt: skip

    text = words(page(client, "/validators/vote1/"))

    assert "with the commission of today and, where a stake is needed that nobody saw, that of today;" in text
    assert "5.00 % by rewards (an estimate) and 1.00 % by tips (an estimate by the stake of today)" in text


def test_what_a_silent_source_told_is_dated_wherever_it_stands(client: Client) -> None:
    """Versions and skip rates stay on the list, beside others and over the cluster, and grow old there."""
    fetch(stored_at=NOON)
    validator(1, version="4.2.1", leader_slots=400, blocks_produced=396, first_seen_at=NOON)
    for source in ("nodes", "production", "names"):
        SourceState.objects.create(source=source, last_success_at=NOON, last_error="tired")
    newcomer = validator(2, version="", address="", first_seen_at=NOON + timedelta(days=1))

    since = "since 2026-11-23 12:00 UTC."
    versions = f"We have not heard the source of versions and clients {since}"
    for address in ("/", "/compare/?v=vote1&v=vote2"):
        text = words(page(client, address))
        assert f"{versions} We have not heard the source of leader slots and blocks {since}" in text
        # What was never heard leaves dashes, which tell it.
        assert text.count("We have not heard the source of tips and shared priority fees yet.") == 2
        assert f"({versions})" in text
    of_all = words(page(client, "/cluster/"))
    assert f"{versions} We have not heard the source of names and websites {since}" in of_all
    of_one = words(page(client, f"/validators/{newcomer.vote_account}/"))
    assert "Where its node is, is not known: we have not heard gossip since it came." in of_one


def test_a_source_that_nobody_asks_any_more_is_as_silent_as_one_that_fails(client: Client) -> None:
    """Its job is paused, say: no attempt failed."""
    fetch(stored_at=NOON + timedelta(days=4))
    validator(1, version="4.2.1", first_seen_at=NOON)
    SourceState.objects.create(source="nodes", last_success_at=NOON)
    SourceState.objects.create(source="production", last_success_at=NOON + timedelta(days=2))

    for address in ("/", "/compare/?v=vote1", "/cluster/", "/validators/vote1/"):
        text = words(page(client, address))
        assert "versions and clients since 2026-11-23 12:00 UTC." in text
        assert "leader slots and blocks since" not in text


def test_where_nobody_has_stake_no_job_is_said_to_bring_scores(client: Client) -> None:
    fetch(stored_at=NOON)
    alone = validator(1, activated_stake=0)
    addresses = ("/", "/selection/")
    texts = [words(page(client, address)) for address in addresses]
    assert all("Nobody has stake, so nobody is scored" in text for text in texts)
    assert not any("The scoring job makes them" in text for text in texts)

    alone.activated_stake = SOL
    alone.save()
    mark_picture(SourceState.Source.VOTES)
    assert all(
        "The scoring job makes them" in words(page(client, address)) for address in ("/", "/selection/")
    )
