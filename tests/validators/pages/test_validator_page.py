"""One validator's public page."""

import json
import re
from datetime import timedelta

import pytest
from django.test import Client

from tests.validators.looking import page, whole_cluster, words
from tests.validators.rows import NOON, SOL, fetch, scoring_run, validator, vote_state
from tests.validators.scoring.pictures import cluster, past
from tests.validators.scoring.pictures import validator as facts
from validators.models import JitoEpoch, SourceState, Validator, ValidatorEpoch
from validators.scoring.registry import METHODS
from validators.templatetags.units import UNKNOWN

pytestmark = pytest.mark.django_db


def test_a_website_that_is_no_web_address_is_no_link(client: Client) -> None:
    shown = whole_cluster()
    shown.website = "javascript:alert(1)"
    shown.save()

    content = page(client, "/validators/vote1/")

    assert "javascript:alert(1)" in content
    assert 'href="javascript' not in content


def test_a_validators_page_tells_its_story(client: Client) -> None:
    whole_cluster()

    content = page(client, "/validators/vote1/")
    text = words(content)

    for told in (
        "Blue Lagoon",
        "93.70",
        "2026-11-23 12:05:00",
        "Until epoch 900 oldnode",
        "We validate",
        "6,900,002",
        "2 99.80 % ",
        "100.00 %",
        "5 % 10 %",
    ):
        assert told in text
    [points] = re.findall(r'<script id="epoch-chart-points" type="application/json">(.*?)</script>', content)
    assert json.loads(points) == {
        "epoch": [0, 1, 2],
        "performance": [100.0, pytest.approx(99.9), pytest.approx(99.8)],
        "commission": [None, None, None],
    }


def test_a_validator_without_any_history_has_a_page(client: Client) -> None:
    fetch()
    validator(1)

    text = words(page(client, "/validators/vote1/"))

    for told in ("Not scored", "No epoch is known yet", "None seen since"):
        assert told in text


def test_a_validator_that_left_keeps_its_page_and_is_told_of_as_gone(client: Client) -> None:
    fetch()
    came = NOON - timedelta(days=9)
    vote_state(validator(1, first_seen_at=came, left_at=NOON, delinquent=True, commission_bps=None))

    text = words(page(client, "/validators/vote1/"))

    for told in (
        "vote1 ☆ left We have not heard",
        "Left 2026-11-23 12:00 UTC",
        "Not scored: it has left the cluster.",
        "Stake (SOL), last known 1",
        "(it has left the cluster)",
        "Next epochs It has left the cluster.",
    ):
        assert told in text
    assert "is let into epoch" not in text


def test_who_is_not_scored_is_told_why(client: Client) -> None:
    fetch()
    validator(1, activated_stake=0)
    validator(2)

    assert "Not scored: it has no stake." in words(page(client, "/validators/vote1/"))
    assert "Not scored: nobody is scored yet." in words(page(client, "/validators/vote2/"))
    scoring_run([(validator(3), 90.0)])
    assert "Not scored: it has no stake." in words(page(client, "/validators/vote1/"))
    assert "Not scored: it came after the last score." in words(page(client, "/validators/vote2/"))


@pytest.mark.parametrize("address", ["/validators/nobody/", "/validators/%00/", "/validators/vote1%2F/"])
def test_an_unknown_validator_is_not_found(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


TRUST = METHODS["trust-v3"]


def scored_by_trust(shown: Validator, **changes: object) -> None:
    """As trust-v3 scores such a one."""
    judged = next(iter(TRUST.assess(cluster(facts(1, **changes)))))  # type: ignore[arg-type]
    run = scoring_run([(shown, judged.score)], method=TRUST.name, version=TRUST.version)
    run.scores.update(components=dict(judged.components))


def test_the_number_comes_with_its_sentence_what_costs_it_and_the_risk_within_ten(client: Client) -> None:
    fetch()
    scored_by_trust(validator(1), history=past(0.9, *[1.0] * 30), delinquent=True)

    text = words(page(client, "/validators/vote1/?method=trust-v3"))

    number = re.search(
        r"(\d+\.\d\d) Of 100 units of reward .* would pay, (\d+\.\d\d) can be counted on:", text
    )
    assert number is not None
    assert number[1] == number[2]
    assert re.search(r"What costs it most: .\d+\.\d\d (was delinquent|voted 10.00 % below)", text)
    assert re.search(r"Risk, next epoch \d+ %.* Risk within ten epochs \d+ %", text)


def test_a_page_begins_with_the_number_and_ends_with_the_folded_epochs(client: Client) -> None:
    shown = whole_cluster()
    scored_by_trust(shown)

    content = page(client, "/validators/vote1/?method=trust-v3")

    order = ('class="verdict"', 'id="why"', 'class="tiles"', 'id="changes"', 'id="incidents"', 'id="epochs"')
    places = [content.index(part) for part in (*order, 'class="charts"', "Epoch by epoch", 'id="who"')]
    assert places == sorted(places)
    folded = re.findall(r"<details><summary>(.*?)</summary>", content)
    parts, mev, stakes, who, changes, before, epochs, others = folded
    assert parts == "All parts of the score, which add up"
    assert (mev[-5:], changes[-5:]) == (" more", " seen")
    assert before.endswith(" before")
    assert (stakes, who) == ("Stake pools: not known", "Who tells that; evidence: 0")
    assert (epochs, others) == (
        "Epoch by epoch: the newest 3 known",
        "Its place by each other method, and why",
    )


def test_what_is_missing_through_us_is_said_to_be_ours(client: Client) -> None:
    fetch()
    validator(1)
    SourceState.objects.create(source="nodes", last_success_at=NOON, last_error="refused")
    SourceState.objects.create(source="production", last_success_at=NOON)

    text = words(page(client, "/validators/vote1/"))

    silent = "We have not heard the source of versions and clients since 2026-11-23 12:00 UTC."
    assert text.count(silent) == 2
    assert "We have not heard the source of admission, balance and authorities yet." in text
    assert "gossip does not know" not in text
    assert "leader slots and blocks" not in text


def test_the_key_of_a_node_leads_to_what_it_votes_with(client: Client) -> None:
    fetch()
    validator(1, left_at=NOON)
    validator(2, identity="node1")
    for number in (3, 4):
        validator(number, identity="two")
    validator(5, left_at=NOON)

    # Of two, one has left; of two in the cluster, the list; of none in the cluster, the one that left.
    assert client.get("/validators/node1/?method=trust-v2").headers["Location"] == (
        "/validators/vote2/?method=trust-v2"
    )
    assert client.get("/validators/two/").headers["Location"] == "/?search=two"
    assert client.get("/validators/node5/").headers["Location"] == "/validators/vote5/"
    assert client.get("/validators/node5/").status_code == 302
    assert client.get("/validators/nobody/").status_code == 404


def test_where_it_stood_by_imported_history_is_folded_and_unknown_is_no_no(client: Client) -> None:
    fetch()
    shown = validator(1)
    for epoch in (988, 989):
        shown.epochs.create(epoch=epoch, credits_unit="lamports", fetched_at=NOON)
    JitoEpoch.objects.create(
        validator=shown,
        epoch=989,
        rank=0,
        superminority=True,
        ip_address="192.0.2.7",
        bam=False,
        fees=3 * SOL,
    )
    JitoEpoch.objects.create(validator=shown, epoch=988)

    said = words(page(client, "/validators/vote1/"))

    table = said.partition("Where it stood, by Jito's history: 2 epochs")[2].partition("As keepers")[0]
    assert "989 1 yes 192.0.2.7 no 3" in table
    nobody = " ".join([f"{UNKNOWN} (nobody wrote it down)"] * 5)
    assert f"988 {nobody}" in table


def test_a_balance_shows_what_its_tickets_are_paid_from(client: Client) -> None:
    """0.8 SOL each: in whole SOL, three would pay four."""
    fetch()
    vote_state(validator(1), balance=3_230_999_999, epochs_paid=4)

    text = words(page(client, "/validators/vote1/"))

    assert "Balance (SOL) 3.230 " in text
    assert "Its balance pays the admission to 4 epochs from 992 on." in text


def test_of_credits_that_are_not_known_no_stake_and_no_block_is_blamed(client: Client) -> None:
    fetch()
    shown = validator(1)
    shown.epochs.create(
        epoch=989, credits_unit="vote_credits", credits=None, activated_stake=SOL, fetched_at=NOON
    )

    text = words(page(client, "/validators/vote1/"))

    for said in (text, words(page(client)), words(page(client, "/compare/?v=vote1"))):
        assert "(not judged: no stake in the epoch before, or what it earned in the whole epoch" in said
        assert "what it earned in the last ended epoch is not known" not in said
    assert f"{UNKNOWN} (not judged)" in text
    assert "or its earnings or blocks of the whole epoch, are not known. Where no return is reckoned" in text


def test_a_hundred_epochs_that_accounts_tell_leave_the_page_light(client: Client) -> None:
    """With what it loads, some 70 kB, a page weighs at most 200 kB."""
    fetch()
    shown = validator(1)
    ValidatorEpoch.objects.bulk_create(
        ValidatorEpoch(
            validator=shown,
            epoch=890 + number,
            credits=4_714_435,
            credits_unit="vote_credits",
            vote_performance=0.6919,
            source="account" if number < 70 else "live",
            commission_last_bps=None if number < 70 else 1_000,
            activated_stake=None if number < 70 else 25_683 * SOL,
            fetched_at=NOON,
        )
        for number in range(100)
    )

    for number in range(100):
        at, epoch = NOON - number * timedelta(hours=1), 890 + number
        shown.commission_changes.create(epoch=epoch, from_bps=500, to_bps=700, seen_at=at)
        shown.incidents.create(started_at=at, ended_at=at, start_epoch=epoch, fetches=3)
        shown.identity_changes.create(
            epoch=epoch, from_identity=f"{number:044}", to_identity="node1", seen_at=at
        )

    content = page(client, "/validators/vote1/")

    assert "the newest 100 known" in content
    assert len(content.encode()) < 130_000
    said = words(content)
    assert said.count("The 80 before are in the JSON , which has the newest 100.") == 2
    assert "80 or more before, as far as what changed is kept" in said
    assert (f"{19:044}" in content, f"{20:044}" in content) == (True, False)
    shown.incidents.filter(started_at__lt=NOON - 20 * timedelta(hours=1)).delete()
    assert "The one before is in the JSON ." in words(page(client, "/validators/vote1/"))
