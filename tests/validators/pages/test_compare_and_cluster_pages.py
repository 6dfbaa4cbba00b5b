"""Several validators side by side, and the cluster as a whole."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from tests.validators.looking import page, whole_cluster, words
from tests.validators.rows import COMPONENTS, NOON, SOL, fetch, scoring_run, validator
from validators.models import ChainState, ClusterEpoch, SourceState, StakeEpoch, Validator
from validators.services.concentrations import record_concentrations
from validators.solana.look_alikes import NameMark
from validators.templatetags.units import UNKNOWN

pytestmark = pytest.mark.django_db


def test_up_to_four_are_compared_in_the_order_named_and_the_others_named(client: Client) -> None:
    fetch()
    scoring_run([(validator(number, name=f"N{number}"), 90 - number) for number in range(6)])

    content = page(client, "/compare/?v=vote3&v=vote1&v=&v=nobody&v=%00&v=vote3&v=vote5&v=vote2&v=vote4")

    assert re.findall(r'<bdi class="name">(\w+)<', content) == ["N3", "N1", "N5", "N2"]
    assert "Left out, because unknown or more than four: <bdi>nobody</bdi>" in content


def test_beside_others_and_on_its_page_the_same_is_why_a_commission_is_not_known(client: Client) -> None:
    fetch()
    validator(1, commission_bps=None, left_at=NOON)
    validator(2, commission_bps=None)

    compared = words(page(client, "/compare/?v=vote1&v=vote2"))

    gone, untold = f"{UNKNOWN} (it has left the cluster)", f"{UNKNOWN} (the endpoint does not tell)"
    assert f"Commission {gone} {untold}" in compared
    pages = [words(page(client, f"/validators/vote{number}/")) for number in (1, 2)]
    assert [(gone in text, untold in text) for text in pages] == [(True, False), (False, True)]


def test_risks_and_what_100_sol_bring_stand_side_by_side(client: Client) -> None:
    fetch()
    run = scoring_run(
        [(validator(1, apy=0.0525), 90.0), (validator(2), 80.0)], method="trust-v2", version="0"
    )
    run.scores.filter(validator__vote_account="vote1").update(components={"risk": 0.05})

    text = words(page(client, "/compare/?v=vote1&v=vote2&method=trust-v2"))

    assert re.search(r"Risk, next epoch 5\.0 % . \(not scored, or the method shown gives none\)", text)
    assert "Risk within ten epochs 29 % " in text
    assert re.search(r"100 SOL for a year \(SOL\) 5\.25 . \(its APY is not known\)", text)


def test_the_cluster_page_adds_up(client: Client) -> None:
    whole_cluster()

    text = words(page(client, "/cluster/"))

    assert "Superminority 1" in text
    assert "the largest 2 66.67 %" in text
    assert "Of 100.00 % of the stake the client is not known (no look at the nodes has" in text
    assert "up to 5 % 2 3" in text
    assert "90 to 100 1 1" in text
    assert re.search(r"votes [\d-]+ [\d:]+ UTC failed", text, re.IGNORECASE)
    assert "name like a larger one's" not in text


def test_one_epoch_is_told_in_the_singular(client: Client) -> None:
    fetch()
    ClusterEpoch.objects.create(epoch=990, credits_unit="vote_credits")

    assert "<summary>The one known</summary>" in page(client, "/cluster/")


def test_the_parts_beside_others_are_no_less_than_the_page_says(client: Client) -> None:
    fetch()
    run = scoring_run([(validator(1), 99.94)])
    run.scores.update(components=COMPONENTS | {"commission_percent": 0.06, "subtracted_percent": 0.06})

    text = words(page(client, "/compare/?v=vote1"))

    assert "\N{MINUS SIGN}0.06" in text
    assert "the parts of a score that make 0.05 points or more" in text


def test_of_a_source_that_nobody_offers_no_page_says_that_it_failed(client: Client) -> None:
    whole_cluster()
    asked = {"last_attempt_at": NOON, "last_error": "not indexed"}
    SourceState.objects.update_or_create(
        source="nodes", defaults=asked | {"unavailable_until": NOON + timedelta(hours=2)}
    )
    SourceState.objects.update_or_create(source="names", defaults=asked | {"unavailable_until": NOON})

    text = words(page(client, "/cluster/"))

    assert re.search(r"Nodes . \(never fetched\) no endpoint offers it", text)
    # Asked again since, and what came then was no refusal.
    assert re.search(r"Names . \(never fetched\) failed", text)
    said = "We have not heard the source of versions and clients yet: no endpoint offers it."
    assert said in words(page(client, "/validators/vote1/"))


def test_the_mean_of_the_epoch_in_which_alpenglow_began_is_of_a_part_of_it(client: Client) -> None:
    whole_cluster()
    ChainState.objects.create(alpenglow="on", alpenglow_epoch=988, looked_at=NOON)
    for epoch, unit in ((987, "vote_credits"), (988, "lamports"), (989, "lamports")):
        ClusterEpoch.objects.create(epoch=epoch, credits_unit=unit, mean_credits=5_000.0)

    text = words(page(client, "/cluster/"))

    assert text.count("of the part after Alpenglow began") == 1
    assert re.search(r"5,000 of the part after Alpenglow began lamports per staked lamport 987 ", text)


def test_of_a_cluster_without_stake_nobody_is_the_largest_and_nothing_is_said_to_be_unknown(
    client: Client,
) -> None:
    fetch(stored_at=NOON)
    validator(1, activated_stake=0, client="agave", version="4.2.1")
    for epoch in (989, 990):
        ClusterEpoch.objects.create(
            epoch=epoch, credits_unit="vote_credits", total_stake=0, validators=1, staked=0
        )
        record_concentrations(epoch=epoch, has_database=False, at=NOON)

    content = page(client, "/cluster/")
    text = words(content)

    assert re.search(r"Superminority . \(nobody has stake\)", text)
    assert "Versions Nobody has stake." in text
    assert "The largest Nobody has stake." in text
    assert "The largest 1" not in text
    assert "0.00 %" not in text
    assert re.search(r"990 . \(nobody had stake\) . . \(nobody had stake\) 989 . \(nobody had stake\)", text)
    assert "nobody saw it in this epoch" not in text


def test_where_no_place_of_anybody_is_known_none_is_said_to_hold_little(client: Client) -> None:
    validator(1)
    for epoch in (989, 990):
        fetch(epoch=epoch)
        ClusterEpoch.objects.create(
            epoch=epoch, credits_unit="vote_credits", total_stake=SOL, validators=1, staked=1
        )
        record_concentrations(epoch=epoch, has_database=False, at=NOON)

    networks = words(page(client, "/cluster/")).partition(" Networks ")[2].partition(" Countries ")[0]

    assert re.search(r" 990 . \(none is known\) . . \(none is known\) 989 . \(none is known\)", networks)
    assert "hold no more than a third" not in networks
    assert "– ranges" not in networks  # noqa: RUF001


def test_a_name_among_the_largest_that_looks_like_anothers_is_marked(client: Client) -> None:
    whole_cluster()
    Validator.objects.filter(vote_account="vote2").update(name="Bank", name_mark=NameMark.SAME)

    assert re.search(r"Bank name like a larger one's [\d.,]+ ", words(page(client, "/cluster/")))


def test_no_column_of_the_epochs_is_missing_on_a_phone_where_a_row_is_a_card(client: Client) -> None:
    fetch()
    ClusterEpoch.objects.create(epoch=990, credits_unit="lamports", slot_ms=200)

    html = client.get("/cluster/").content.decode()

    table = html[html.index('id="epochs"') : html.index('id="sources"')]
    headings = re.findall(r'role="columnheader"[^>]*>([^<]+)<', table)
    assert len(headings) == 11
    assert re.findall(r'data-label="([^"]+)"', table) == headings
    assert "secondary" not in table


def test_the_cluster_says_what_comes_and_leaves_in_the_epoch_that_runs(client: Client) -> None:
    fetch()
    first = validator(1, activated_stake=30 * SOL)
    validator(2, activated_stake=70 * SOL)
    assert "What comes and leaves in epoch 990, which runs, is not known yet" in words(
        page(client, "/cluster/")
    )
    for epoch in (989, 990):
        StakeEpoch.objects.create(
            validator=first, epoch=epoch, accounts=2, active=30 * SOL, activating=5 * SOL,
            deactivating=epoch * SOL, slot=1, looked_at=NOON,
        )  # fmt: skip

    said = words(page(client, "/cluster/"))

    assert (
        "In epoch 990, which runs, 5 SOL come with the next one and 990 SOL leave with its end, by the stake "
        "accounts of 1 validator with 30.00 % of the stake that were looked at in it so far."
    ) in said


def test_what_comes_and_leaves_is_asked_for_once_an_epoch_is_over(client: Client) -> None:
    fetch()
    for epoch in (989, 990):
        ClusterEpoch.objects.create(epoch=epoch, credits_unit="lamports")

    text = words(page(client, "/cluster/"))

    assert text.count("(the chain tells it once the epoch is over)") == 2
    assert text.count("(the chain tells it of epochs that are over, and was not asked about this one)") == 2


def test_an_epoch_that_only_another_source_saw_is_not_the_one_that_runs(client: Client) -> None:
    """Over a boundary without votes: blocks and inflation come, and tell neither stake nor the unit."""
    whole_cluster()
    ClusterEpoch.objects.create(epoch=991, credits_unit="vote_credits", inflation_validator=0.04)

    text = words(page(client, "/cluster/"))
    told = [client.get(f"/api/v1/cluster{of}").json() for of in ("", "/epochs")]

    assert "Epoch 990 Stake (SOL) 3 Vote accounts 2 With stake 2 Superminority 1" in text
    assert "991" not in text
    assert (told[0]["epoch"], told[0]["cluster"]["epoch"], told[1]["items"][0]["epoch"]) == (990, 990, 990)
