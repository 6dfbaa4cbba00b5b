"""What 100 SOL bring in a year, on a validator's page and beside others."""

from typing import Any

import pytest
from django.test import Client

from tests.validators.looking import page, words
from tests.validators.rows import NOON, SOL, fetch, validator, vote_state
from validators.models import ClusterEpoch, ValidatorEpoch
from validators.services.yields import refresh_yields
from validators.templatetags.units import UNKNOWN

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("basis", "epochs", "said"),
    [
        (
            "realised",
            10,
            "about 5.25 SOL , if the year goes on as the 10 epochs that its APY was realised in",
        ),
        ("realised", 1, "about 5.25 SOL , if the year goes on as the one epoch that its APY was realised in"),
        ("estimate", 1, "about 5.25 SOL , an estimate by what the chain tells of the past"),
    ],
)
def test_what_100_sol_bring_in_a_year_is_the_apy_with_its_basis(
    client: Client, basis: str, epochs: int, said: str
) -> None:
    fetch()
    validator(1, apy=0.0525, apy_basis=basis, apy_epochs=epochs)

    text = words(page(client, "/validators/vote1/"))

    assert f"100 SOL here for a year: {said}" in text
    assert "5.25 %" in text
    assert "after commission, what is earned staying staked, without MEV and without the fees" in text


def test_what_is_missing_of_a_return_is_not_said_to_be_a_stake_that_is_known(client: Client) -> None:
    """With stake and commission known, it is the inflation of then that nobody saw."""
    fetch(epoch=990)
    known: dict[str, Any] = {"activated_stake": SOL, "commission_last_bps": 500}
    shown = validator(1)
    for epoch in (986, 987, 988, 989):
        ValidatorEpoch.objects.create(
            validator=shown, epoch=epoch, credits_unit="vote_credits", fetched_at=NOON, **known
        )

    of_one = words(page(client, "/validators/vote1/"))
    beside = words(page(client, "/compare/?v=vote1"))

    for text in (of_one, beside, words(page(client, "/"))):
        assert "(neither its return in an ended epoch in which its votes could count is known, nor" in text
        assert "no ended epoch of it is known" not in text
    assert "(not reckoned)" in of_one
    assert (
        "its earnings, the commission of two epochs before or, without Alpenglow, the inflation are not known"
        in of_one
    )


def test_who_has_left_has_no_apy_for_that_and_not_for_what_its_table_shows(client: Client) -> None:
    fetch(epoch=990)
    gone = validator(1, left_at=NOON)
    ValidatorEpoch.objects.create(
        validator=gone, epoch=988, credits_unit="lamports", fetched_at=NOON, estimated_return=0.000104
    )

    for text in (words(page(client, "/validators/vote1/")), words(page(client, "/compare/?v=vote1"))):
        assert f"APY {UNKNOWN} (it has left the cluster)" in text
        assert "neither its return in an ended epoch is known" not in text


def test_right_after_the_migration_what_votes_earned_before_is_not_said_to_be_unknown(client: Client) -> None:
    """Credits of votes are no lamports, and the epoch of the migration paid in both."""
    fetch(epoch=991)
    shown = validator(1)
    for epoch, unit, before_split in ((989, "vote_credits", None), (990, "lamports", 3_000_000)):
        ClusterEpoch.objects.create(epoch=epoch, credits_unit=unit, slots=432_000, slot_ms=400)
        ValidatorEpoch.objects.create(
            validator=shown,
            epoch=epoch,
            credits=3_000_000,
            credits_unit=unit,
            credits_final=True,
            credits_before_split=before_split,
            activated_stake=SOL,
            fetched_at=NOON,
        )
    ClusterEpoch.objects.create(
        epoch=991, credits_unit="lamports", slots=432_000, slot_ms=400, total_supply=10**17,
        inflation_validator=0.04,
    )  # fmt: skip

    refresh_yields()

    text = words(page(client, "/validators/vote1/"))
    assert "100 SOL here for a year: not known" in text
    assert "what it earned in an ended epoch that paid as this one does" in text


def test_an_estimate_is_called_so_beside_others_too(client: Client) -> None:
    fetch()
    validator(1, apy=0.05, apy_basis="estimate", apy_epochs=1)

    assert "5.00 % estimate" in words(page(client, "/compare/?v=vote1"))


@pytest.mark.parametrize("apy", [100.0, 1e9, 1e300])
def test_a_cluster_of_quick_epochs_pays_more_than_is_told(client: Client, apy: float) -> None:
    """As much of both numbers, also where the lamports are beyond what a float holds."""
    fetch()
    for number in (1, 2):
        validator(number, apy=apy, apy_basis="realised", apy_epochs=10)

    of_one = words(page(client, "/validators/vote1/"))
    beside = words(page(client, "/compare/?v=vote1&v=vote2"))

    assert "100 SOL here for a year: over 10,000 SOL" in of_one
    assert "over 10,000 %" in of_one
    assert beside.count("over 10,000 %") == 2
    assert "100 SOL for a year (SOL) over 10,000 over 10,000" in beside


def test_without_an_apy_nobody_says_what_100_sol_bring(client: Client) -> None:
    fetch()
    validator(1)

    assert "100 SOL here for a year: not known, as its APY is not." in words(
        page(client, "/validators/vote1/")
    )


@pytest.mark.parametrize("gone", [{"delinquent": True}, {"left_at": NOON}])
def test_who_does_not_vote_brings_nothing(client: Client, gone: dict[str, Any]) -> None:
    fetch()
    validator(1, apy=0.0308, apy_basis="realised", apy_epochs=4, **gone)
    validator(2, apy=0.0525, apy_basis="realised", apy_epochs=4)

    text = words(page(client, "/validators/vote1/"))

    assert (
        "100 SOL here for a year: nothing while it does not vote, as now. Else about 3.08 SOL , "
        "if the year goes on as the 4 epochs that its APY was realised in"
    ) in text
    assert "nothing while" not in words(page(client, "/validators/vote2/"))
    validator(3, apy=None, **gone)
    compared = words(page(client, "/compare/?v=vote1&v=vote2&v=vote3"))
    nothing = "nothing while it does not vote"
    assert f"100 SOL for a year (SOL) {nothing} 5.25 {nothing} Stake (SOL)" in compared
    assert f"100 SOL here for a year: {nothing}, as now. MEV" in words(page(client, "/validators/vote3/"))


def test_who_neither_votes_nor_did_is_not_said_to_bring_anything_else(client: Client) -> None:
    fetch()
    validator(1, apy=0.0, apy_basis="realised", apy_epochs=10, delinquent=True)

    said = words(page(client, "/validators/vote1/")).partition("100 SOL here for a year: ")[2]

    assert said.startswith("nothing while it does not vote, as now. MEV and shared fees")


def test_who_is_not_let_into_the_next_epoch_brings_nothing_there(client: Client) -> None:
    """Also who has no stake yet; who is let in once more may still mend it."""
    fetch(epoch=990)
    paid: dict[str, Any] = {"apy": 0.0525, "apy_basis": "realised", "apy_epochs": 4}
    for number, next_epoch, stake in ((1, "out", 5), (2, "out", 0), (3, "ok", 5)):
        one = validator(number, activated_stake=stake * 10**9, **paid)
        vote_state(one, epoch=990, next_epoch=next_epoch, after_next="out", reason="no BLS key")

    texts = [words(page(client, f"/validators/vote{number}/")) for number in (1, 2, 3)]

    nothing = "a year: nothing while it is not let in, as into the next epoch. Else about 5.25 SOL , if"
    assert [nothing in text for text in texts] == [True, True, False]
    assert "a year: about 5.25 SOL , if" in texts[2]
    compared = words(page(client, "/compare/?v=vote1&v=vote2&v=vote3"))
    assert "(SOL) nothing while it is not let in nothing while it is not let in 5.25" in compared


def test_who_keeps_all_now_brings_nothing_whatever_it_paid(client: Client) -> None:
    fetch()
    paid: dict[str, Any] = {"apy_basis": "realised", "apy_epochs": 9}
    validator(1, commission_bps=10_000, apy=0.047, **paid)
    validator(2, commission_bps=10_000, apy=0.0, **paid)
    validator(3, commission_bps=9_999, apy=0.047, **paid)

    texts = [words(page(client, f"/validators/vote{number}/")) for number in (1, 2, 3)]

    assert "a year: nothing at its commission of 100 %, as now. Else about 4.70 SOL , if" in texts[0]
    assert "a year: about 0.00 SOL , if" in texts[1]
    assert "a year: about 4.70 SOL , if" in texts[2]
    compared = words(page(client, "/compare/?v=vote1&v=vote2&v=vote3"))
    assert "(SOL) nothing at its commission of 100 % 0.00 4.70" in compared


@pytest.mark.parametrize(
    ("kept", "now", "said"),
    [
        ((500, 500), 6_000, "Of the rewards of those epochs it kept 5 %; its commission is 60 % now."),
        (
            (500, 6_000),
            6_000,
            "Of the rewards of those epochs it kept 5 % to 60 %; its commission is 60 %",
        ),
        ((10_000, 0), 0, "Of the rewards of those epochs it kept 0 % to 100 %; its commission is 0 % now."),
        ((500, 500), 500, ""),
    ],
)
def test_a_return_of_another_commission_than_today_says_so(
    client: Client, kept: tuple[int, int], now: int, said: str
) -> None:
    """Those of the epochs two before, by which rewards are shared."""
    fetch(epoch=990)
    shown = validator(1, commission_bps=now, apy=0.05, apy_basis="realised", apy_epochs=2)
    commissions = {986: kept[0], 987: kept[1], 988: now, 989: now}
    for epoch, bps in commissions.items():
        ValidatorEpoch.objects.create(
            validator=shown, epoch=epoch, credits_unit="lamports", fetched_at=NOON,
            commission_last_bps=bps, estimated_return=1e-4 if epoch > 987 else None,
        )  # fmt: skip

    text = words(page(client, "/validators/vote1/"))

    compared = words(page(client, "/compare/?v=vote1"))
    assert said in text
    assert said in compared
    assert ("Of the rewards of" in text) == ("Of the rewards of" in compared) == bool(said)


def test_an_epoch_in_which_no_vote_of_it_could_count_has_no_rewards_of_which_it_kept_any(
    client: Client,
) -> None:
    """Its stake left for an epoch in which it kept all, and came back: the APY is of 985, 988 and 989."""
    fetch(epoch=990)
    shown = validator(1, commission_bps=500, apy=0.05, apy_basis="realised", apy_epochs=3)
    for epoch, bps, stake, earned in (
        *((983, 700, 5, None), (984, 500, 5, None), (985, 10_000, 5, 1e-4), (986, 500, 0, None)),
        *((987, 500, 5, 0.0), (988, 500, 5, 1e-4), (989, 500, 5, 1e-4)),
    ):
        ValidatorEpoch.objects.create(
            validator=shown, epoch=epoch, credits_unit="lamports", fetched_at=NOON, commission_last_bps=bps,
            activated_stake=stake, credits=5 if earned else 0, estimated_return=earned,
        )  # fmt: skip

    said = "Of the rewards of those epochs it kept 5 % to 7 %; its commission is 5 % now."
    assert said in words(page(client, "/validators/vote1/"))
    assert said in words(page(client, "/compare/?v=vote1"))


def test_a_whole_percent_of_a_history_is_no_other_commission(client: Client) -> None:
    fetch(epoch=990)
    shown = validator(1, commission_bps=450, apy=0.05, apy_basis="realised", apy_epochs=1)
    for epoch, earned in ((987, None), (989, 1e-4)):
        ValidatorEpoch.objects.create(
            validator=shown, epoch=epoch, credits_unit="lamports", fetched_at=NOON,
            commission_last_bps=500, commission_source="imported", estimated_return=earned,
        )  # fmt: skip

    assert "Of the rewards of" not in words(page(client, "/validators/vote1/"))
