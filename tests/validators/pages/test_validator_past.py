"""What one validator's page tells of its past: commission, flags and times of delinquency."""

import pytest
from django.test import Client

from tests.validators.looking import page, words
from tests.validators.rows import NOON, SOL, fetch, validator, vote_state
from validators.models import ClusterEpoch, Origin, Validator, ValidatorEpoch
from validators.models.marks import Writer, mark_picture
from validators.reading.histories import CHANGES_SHOWN

pytestmark = pytest.mark.django_db


def seen(shown: Validator, epoch: int, *bps: int) -> None:
    """An imported epoch with its first, last, lowest and highest commission."""
    first, last, lowest, highest = bps
    ValidatorEpoch.objects.create(
        validator=shown, epoch=epoch, credits=1, credits_unit="lamports", source=Origin.IMPORTED,
        commission_source="imported", commission_first_bps=first, commission_last_bps=last,
        commission_min_bps=lowest, commission_max_bps=highest, fetched_at=NOON,
    )  # fmt: skip


def test_flags_have_dates_and_agree_with_the_changes_that_are_told(client: Client) -> None:
    fetch()
    shown = validator(1, commission_flags=["up and back within one epoch"], superminority=True)
    seen(shown, 900, 500, 500, 500, 500)
    seen(shown, 901, 500, 500, 500, 10_000)
    seen(shown, 910, 700, 700, 700, 700)
    for epoch in (980, 981, 982):
        members = ["vote9"] if epoch == 980 else ["vote1", "vote9"]
        ClusterEpoch.objects.create(epoch=epoch, credits_unit="lamports", superminority=members)
    vote_state(shown, withdrawer="node1")

    text = words(page(client, "/validators/vote1/"))

    for said in (
        "Commission: up and back within epoch 901: from 5 % to 100 % and back.",
        "Within epoch 901 it was between 5 % and 100 %, and 5 % at its end.",
        "Between epochs 901 and 910, which nobody saw, it went from 5 % to 7 %.",
        "One of the fewest that hold more than a third of the stake, in every known epoch since 981.",
        "who has the node can take the account. So it was read in epoch 990.",
    ):
        assert said in text
    assert "None seen" not in text
    assert "up and back in epoch 901" in words(page(client))
    assert "up and back within epoch 901: from 5 % to 100 % and back" in page(client)


def test_a_flag_whose_rows_are_gone_is_not_lost(client: Client) -> None:
    fetch()
    validator(1, commission_flags=["above 50 %"])

    told = "above 50 %, in an epoch that is not known"
    assert f"Commission: {told}." in words(page(client, "/validators/vote1/"))
    assert told in page(client)


def test_who_never_changed_is_told_for_which_epochs_that_is_known(client: Client) -> None:
    fetch()
    shown = validator(1, activated_stake=SOL)
    for epoch in range(900, 904):
        seen(shown, epoch, 500, 500, 500, 500)

    text = words(page(client, "/validators/vote1/"))

    assert "None seen in the 4 epochs from 900 to 903 of which its commission is known." in text
    assert "Nothing striking is known of its commission, it does not belong to the superminority" in text


def test_a_past_of_more_epochs_than_are_shown_is_told_of_as_a_whole(client: Client) -> None:
    fetch(epoch=990)
    shown = validator(1)
    for epoch in range(860, 990):
        seen(shown, epoch, 500, 500, 500, 500)

    assert "None seen in the 130 epochs from 860 to 989 of which its commission is known." in words(
        page(client, "/validators/vote1/")
    )

    ValidatorEpoch.objects.filter(epoch=861).update(
        commission_last_bps=700, commission_max_bps=700, fetches=40, delinquent_fetches=13
    )
    ValidatorEpoch.objects.filter(epoch=870).delete()
    ValidatorEpoch.objects.filter(epoch__gt=870).update(
        commission_first_bps=600, commission_last_bps=600, commission_min_bps=600, commission_max_bps=600
    )
    for epoch, bps in ((865, 100), (866, 800), (988, 800)):
        told = {"commission_bps": bps, "runs_jito": True, "slot": 1, "looked_at": NOON}
        shown.mev.create(epoch=epoch, **told)
    mark_picture(Writer.IMPORTS)
    text = words(page(client, "/validators/vote1/"))

    for said in (
        "Between epochs 869 and 871, which nobody saw, it went from 5 % to 6 %.",
        "Within epoch 861 it was between 5 % and 7 %, and 7 % at its end.",
        "By epoch, in so many of the looks: 861 (13 of 40, imported).",
        "Its MEV commission went from 1 % to 8 % with epoch 866.",
    ):
        assert said in text
    assert "None seen" not in text


def test_the_newest_hundred_changes_of_commission_are_said_to_be_the_newest(client: Client) -> None:
    fetch()
    shown = validator(1)
    seen(shown, 850, 500, 900, 500, 900)
    for epoch in range(900, 901 + CHANGES_SHOWN):
        shown.commission_changes.create(epoch=epoch, from_bps=epoch, to_bps=epoch + 1, source="imported")

    text = words(page(client, "/validators/vote1/"))

    assert "The newest 100 seen" in text
    assert "Within epoch 850" not in text


@pytest.mark.parametrize(("epochs", "told"), [(100, "since 891."), (101, "since 891 at least.")])
def test_the_superminority_is_told_since_when_at_least_where_that_is_long(
    client: Client, epochs: int, told: str
) -> None:
    fetch()
    validator(1, superminority=True)
    for epoch in range(991 - epochs, 991):
        ClusterEpoch.objects.create(epoch=epoch, credits_unit="lamports", superminority=["vote1"])

    said = f"more than a third of the stake, in every known epoch {told}"
    assert said in words(page(client, "/validators/vote1/"))
    [flag] = client.get("/api/v1/validators/vote1").json()["validator"]["flags"]
    assert (flag["since_epoch"], flag["sentence"].endswith(said)) == (891, True)


@pytest.mark.parametrize(
    ("mark", "badge", "said"),
    [
        (
            "same_as_larger",
            "name like a larger one's",
            "Another validator with more stake has a name that looks the same.",
        ),
        (
            "mixed_alphabets",
            "name mixes alphabets",
            "Its name mixes letters of several alphabets within a word.",
        ),
    ],
)
def test_what_is_striking_about_a_name_is_said_where_everybody_reads_it(
    client: Client, mark: str, badge: str, said: str
) -> None:
    fetch()
    validator(1, name_mark=mark)

    text = words(page(client, "/validators/vote1/"))

    assert f"{badge} {said}" in text
    assert "Beside its name, nothing striking is known: nothing of its commission, it does not" in text
    assert "Nothing striking" not in text
    assert badge in words(page(client))


def test_epochs_of_a_history_that_saw_it_delinquent_stand_beside_our_own_incidents(client: Client) -> None:
    fetch()
    shown = validator(1)
    seen(shown, 900, 500, 500, 500, 500)
    ValidatorEpoch.objects.update(fetches=40, delinquent_fetches=13)

    text = words(page(client, "/validators/vote1/"))
    assert "By epoch, in so many of the looks: 900 (13 of 40, imported)." in text
    # The chain told its credits since, which makes nobody else's looks ours.
    ValidatorEpoch.objects.update(source="live", commission_source="imported")
    mark_picture(Writer.IMPORTS)
    assert "looks: 900 (13 of 40, imported)." in words(page(client, "/validators/vote1/"))

    for epoch in range(901, 913):
        seen(shown, epoch, 500, 500, 500, 500)
    ours = {"source": "live", "commission_source": "vote_account"}
    ValidatorEpoch.objects.update(fetches=40, delinquent_fetches=13, **ours)
    assert "901 (13 of 40), and 1 epoch before." in words(page(client, "/validators/vote1/"))


def test_since_when_is_no_claim_about_epochs_that_nobody_saw(client: Client) -> None:
    fetch()
    shown = validator(1, commission_flags=["above 50 %"], superminority=True)
    for epoch in (950, 990):
        seen(shown, epoch, 10_000, 10_000, 10_000, 10_000)
        ClusterEpoch.objects.create(epoch=epoch, credits_unit="lamports", superminority=["vote1"])

    text = words(page(client, "/validators/vote1/"))

    assert "Commission: above 50 % in every known epoch from 950 to 990: 100 %." in text
    assert "more than a third of the stake, in every known epoch since 950." in text
    assert "Epoch by epoch: the newest 2 known" in text


def seen_in(epoch: int, *, stake: int | None) -> None:
    """Somebody else, with so much."""
    validator(2).epochs.create(epoch=epoch, credits_unit="lamports", activated_stake=stake, fetched_at=NOON)


@pytest.mark.parametrize(
    ("unit", "before", "could_not"),
    [
        ("lamports", None, True),
        ("lamports", 0, True),
        ("lamports", SOL, False),
        ("vote_credits", 0, False),
    ],
)
def test_who_had_no_stake_the_epoch_before_is_not_blamed_for_being_delinquent(
    client: Client, unit: str, before: int | None, could_not: bool
) -> None:
    fetch()
    shown = validator(1, delinquent=True)
    ClusterEpoch.objects.create(epoch=989, credits_unit=unit)
    seen_in(989, stake=SOL)
    for epoch, stake in ((989, before), (990, SOL)):
        if stake is not None:
            shown.epochs.create(epoch=epoch, credits_unit=unit, activated_stake=stake, fetched_at=NOON)

    text = words(page(client, "/validators/vote1/"))

    said = (
        "It had no stake in epoch 989, by which votes count in epoch 990: whatever it does, it is delinquent"
    )
    assert (said in text) == could_not


def test_of_an_epoch_that_nobody_saw_no_stake_is_no_nothing(client: Client) -> None:
    """As a fetch of the epoch after leaves it, and a file that tells accounts without their stakes."""
    fetch()
    ClusterEpoch.objects.create(epoch=989, credits_unit="lamports", validators=700)
    seen_in(989, stake=None)
    shown = validator(1, delinquent=True)
    shown.epochs.create(epoch=990, credits_unit="lamports", activated_stake=SOL, fetched_at=NOON)

    assert "by which votes count" not in words(page(client, "/validators/vote1/"))


def test_who_was_there_before_may_be_missing_in_a_reply(client: Client) -> None:
    fetch()
    shown = validator(1, delinquent=True)
    ClusterEpoch.objects.create(epoch=989, credits_unit="lamports")
    seen_in(989, stake=SOL)
    for epoch in (988, 990):
        shown.epochs.create(epoch=epoch, credits_unit="lamports", activated_stake=SOL, fetched_at=NOON)

    assert "by which votes count" not in words(page(client, "/validators/vote1/"))


def test_in_the_epoch_of_the_migration_votes_counted_too(client: Client) -> None:
    fetch()
    shown = validator(1, delinquent=True)
    ClusterEpoch.objects.create(epoch=989, credits_unit="vote_credits")
    seen_in(989, stake=SOL)
    row = shown.epochs.create(
        epoch=990, credits_unit="lamports", credits=0, credits_before_split=5, activated_stake=SOL,
        fetched_at=NOON,
    )  # fmt: skip
    assert "by which votes count" not in words(page(client, "/validators/vote1/"))

    row.credits_before_split = None
    row.save()
    ClusterEpoch.objects.update(credits_unit="lamports")
    assert "by which votes count" in words(page(client, "/validators/vote1/"))

    Validator.objects.update(left_at=NOON)
    assert "by which votes count" not in words(page(client, "/validators/vote1/"))
