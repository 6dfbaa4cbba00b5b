"""What a validator's page says of tips, shared fees and the total APY, and what it does not claim to know."""

from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils.html import strip_tags

from tests.validators.rows import NOON, SOL, fetch, history, validator, vote_state
from validators.models import ClusterEpoch, MevEpoch, SourceState, Validator
from validators.models.marks import mark_picture
from validators.services.block_yields import block_yields
from validators.templatetags.units import UNKNOWN, measured

pytestmark = pytest.mark.django_db

ROUTER = "Jito's tip router takes 3.09 % and the validator 8 %; what is left comes to the stake accounts"
KNOWN: dict[str, Any] = {
    "apy": 0.0524,
    "apy_basis": "realised",
    "apy_epochs": 10,
    "runs_jito": True,
    "mev_commission_bps": 800,
    "mev_epoch": 990,
    "mev_apy": 0.0029,
    "shared_apy": 0.0,
    "mev_apy_basis": "estimate",
    "mev_apy_epochs": 4,
    "block_apy": 0.0,
}


def page_of(client: Client, shown: Validator) -> str:
    page = client.get(f"/validators/{shown.vote_account}/").content.decode()
    return " ".join(unescape(strip_tags(page.replace("<td", " <td"))).split())


def page_of_all(client: Client) -> str:
    return " ".join(unescape(strip_tags(client.get("/").content.decode())).split())


def told(of: Validator, epoch: int, **fields: Any) -> MevEpoch:
    return MevEpoch.objects.create(validator=of, epoch=epoch, slot=1, looked_at=NOON, **fields)


def test_the_total_is_said_in_its_parts_each_with_its_basis(client: Client) -> None:
    fetch()
    shown = validator(1, **KNOWN | {"shared_apy": 0.0004, "block_apy": 0.0011})

    said = page_of(client, shown)

    assert (
        "In a year 5.24 % by rewards (realised in 10 epochs), 0.29 % by tips (an estimate by the stake of "
        "today), 0.04 % by shared priority fees (an estimate by the stake of today) and 0.11 % by block "
        "revenue (an estimate by what waits in its vote account): 5.68 % in all." in said
    )
    assert ROUTER in said


def test_parts_that_do_not_add_up_as_they_are_shown_say_that_they_are_rounded(client: Client) -> None:
    fetch()
    shown = validator(1, **KNOWN | {"mev_apy": 0.002_66, "shared_apy": 0.002_26})

    said = page_of(client, shown)

    for part in ("5.24 % by rewards", "0.27 % by tips", "0.23 % by shared"):
        assert part in said
    assert "5.73 % in all, each of them rounded." in said


def test_no_number_is_written_with_an_exponent() -> None:
    assert [measured(one) for one in (6.40453e-05, 0.000147308, 0.0, 512_345.6)] == [
        *("0.000064045", "0.000147308", "0", "512,346")
    ]


@pytest.mark.parametrize(
    ("unknown", "why"),
    [
        ({"apy": None}, "its APY by rewards is not known"),
        ({"mev_apy": None, "shared_apy": None}, "of no ended epoch is it known what tips added"),
        ({"block_apy": None}, "whether it hands on block revenue is not known"),
    ],
)
def test_a_total_without_one_of_its_parts_is_unknown_and_says_which(
    client: Client, unknown: dict[str, Any], why: str
) -> None:
    fetch()
    assert f"Its total APY is not known: {why}" in page_of(client, validator(1, **KNOWN | unknown))


def test_tips_say_their_epoch_and_whether_they_are_whole(client: Client) -> None:
    fetch(epoch=2)
    shown = validator(1, **KNOWN)
    history(shown, epochs=3)
    fees = {"priority_commission_bps": 5_000, "priority_fees": SOL // 2}
    told(shown, 2, runs_jito=True, commission_bps=800, tips=4 * SOL, **fees)
    told(shown, 1, runs_jito=True, commission_bps=0, tips=9 * SOL, tips_final=True, settled=True)
    told(shown, 0, runs_jito=False, settled=True)

    said = page_of(client, shown)

    of_fees = "0.500 SOL of shared priority fees so far, its commission of 50 % kept before"
    told_of_two = f"Epoch 2: 4 SOL of tips so far and {of_fees}"
    assert f"{told_of_two}, by Jito's accounts as of" in said
    rows = said.partition("Epoch by epoch")[2]
    without = f"{UNKNOWN} (no tip account of it was seen in this epoch)"
    for cells in ("8 % 4 so far 0.500 so far", f"0 % 9 {UNKNOWN} (no account of", f"no Jito {without}"):
        assert cells in rows


def test_of_an_epoch_that_ended_while_the_source_was_silent_tips_are_not_so_far(client: Client) -> None:
    fetch(epoch=4)
    shown = validator(1, **KNOWN)
    history(shown, epochs=3)
    told(shown, 2, runs_jito=True, commission_bps=800, tips=4 * SOL)

    said = page_of(client, shown)

    assert "Epoch 2: 4 SOL of tips at least, as its account had not told all when it was looked at" in said
    assert "8 % 4 at least" in said.partition("Epoch by epoch")[2]
    assert "so far" not in said


def test_an_account_is_not_denied_because_its_sum_is_unknown_and_one_that_closed_early_has_no_more(
    client: Client,
) -> None:
    fetch()
    shown = validator(1, **KNOWN)
    history(shown, epochs=2)
    told(shown, 1, runs_jito=True, commission_bps=800)
    told(shown, 0, runs_jito=True, commission_bps=700, tips=9 * SOL, settled=True)

    said = page_of(client, shown)

    assert "Epoch 0: 9 SOL of tips at least, as its account closed before it told all" in said
    rows = said.partition("Epoch by epoch")[2]
    assert f"8 % {UNKNOWN} (its balance alone does not tell: no endpoint gave the rent)" in rows
    assert "7 % 9 at least" in rows


@pytest.mark.parametrize("commission_bps", [9_691, 10_000])
def test_where_all_is_taken_nothing_is_said_to_be_left(client: Client, commission_bps: int) -> None:
    fetch()
    said = page_of(client, validator(1, **KNOWN | {"mev_commission_bps": commission_bps, "mev_apy": 0.0}))

    assert "takes 3.09 % and the validator all the rest; nothing is left for stakers." in said


def test_who_is_not_known_to_run_jito_is_not_said_to_take_nothing(client: Client) -> None:
    fetch()
    unknown, without = validator(1), validator(2, runs_jito=False, mev_epoch=989)

    said = page_of(client, unknown)
    assert "Whether it runs Jito is not known" in said
    assert "0 %" not in said.partition("MEV and shared fees")[2].partition("Commission changes")[0]
    assert "It does not run Jito: in epoch 989 it made blocks, and had no account" in page_of(client, without)


def test_of_whom_nobody_asked_no_block_is_denied(client: Client) -> None:
    fetch()
    unasked, in_vain = validator(1, leader_slots=2_904, blocks_produced=2_904), validator(2)
    told(in_vain, 990)

    said = page_of(client, unasked)
    assert "Whether it runs Jito is not known: nobody looked for an account of its tips yet." in said
    assert f"{UNKNOWN} (We have not heard the source of tips" in said
    assert "not known: no account of its tips was seen, and in no epoch that was" in page_of(client, in_vain)
    assert f"{UNKNOWN} (We have not heard the source of tips" in page_of_all(client)
    SourceState.objects.create(source="mev", last_success_at=NOON)
    mark_picture(SourceState.Source.MEV)
    assert "neither an account of its tips was seen, nor a block without one" in page_of_all(client)


@pytest.mark.parametrize(
    ("pending", "commission_bps", "slot", "added"),
    [
        # Nothing waits anywhere: the chain does not hand on yet.
        (0, 5_000, 250, 0.0),
        # Half of an epoch of two days brought 1 in 1,000 of the stake.
        (SOL // 1_000, 5_000, 300, 365.25 / 2 * 0.002),
        (SOL // 1_000, 10_000, 300, 0.0),
        # The epoch is too young to tell.
        (SOL // 1_000, 5_000, 204, None),
    ],
)
def test_block_revenue_is_what_waits_as_if_the_epoch_went_on_so(
    pending: int, commission_bps: int, slot: int, added: float | None
) -> None:
    shown = validator(1, activated_stake=SOL)
    vote_state(shown, block_commission_bps=commission_bps, pending_rewards=pending, epoch=990, slot=slot)
    ClusterEpoch.objects.create(
        epoch=990, first_slot=200, slots=200, slot_ms=864_000, credits_unit="lamports"
    )

    assert block_yields() == ({} if added is None else {shown.pk: pytest.approx(added)})


@pytest.mark.parametrize(
    ("changes", "before"), [(3, ""), (4, ", and once before"), (5, ", and 2 times before")]
)
def test_changes_beyond_those_named_are_counted(client: Client, changes: int, before: str) -> None:
    fetch()
    shown = validator(1, **KNOWN)
    history(shown, epochs=changes + 1)
    for epoch in range(changes + 1):
        told(shown, epoch, runs_jito=True, commission_bps=100 * epoch, tips=SOL)

    said = page_of(client, shown)

    assert f"from {changes - 3:g} % to {changes - 2:g} % with epoch {changes - 2}{before}." in said
