"""What the API and a validator's page tell of its raw account, and of the chain as a whole."""

import pytest
from django.test import Client

from tests.validators.asking import NOON_TEXT, get
from tests.validators.looking import page, words
from tests.validators.rows import NOON, SOL, fetch, validator, vote_state
from validators.api import cluster_documents, included_documents
from validators.models import ChainState, ClusterEpoch, CommissionChange

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_a_validators_raw_account_is_told_with_others_of_its_operator(client: Client) -> None:
    fetch()
    shown, same, collects, stranger, gone = (
        validator(number, left_at=NOON if number == 5 else None) for number in range(1, 6)
    )
    vote_state(shown, withdrawer=shown.identity, block_collector="one purse", block_commission_bps=2_500)
    vote_state(same, withdrawer=shown.identity)
    vote_state(collects, block_collector="one purse")
    vote_state(stranger)
    vote_state(gone, withdrawer=shown.identity)

    reply = get(client, "validators/vote1")

    assert included_documents.ValidatorReply.model_validate(reply)
    assert reply["validator"]["vote_state"] == {
        "looked_at": NOON_TEXT,
        "epoch": 990,
        "state_version": "v4",
        "withdraw_authority": "node1",
        "withdraw_authority_is_identity": True,
        "inflation_rewards_collector": "vote1",
        "block_revenue_collector": "one purse",
        "block_revenue_commission": 0.25,
        "pending_delegator_rewards": "0",
        "bls_key": "present",
        "balance": str(3 * SOL),
        # The largest first; who collects for itself has nothing in common with others that do.
        "same_operator": ["vote3", "vote2"],
    }


def test_an_account_that_was_never_read_is_null(client: Client) -> None:
    fetch()
    validator(1)

    assert get(client, "validators/vote1")["validator"]["vote_state"] is None


def test_a_change_first_seen_in_the_first_look_may_apply_an_epoch_earlier(client: Client) -> None:
    fetch()
    CommissionChange.objects.create(
        validator=validator(1), epoch=980, from_bps=500, to_bps=700, in_first_look=True, seen_at=NOON
    )

    [change] = get(client, "validators/vote1")["validator"]["commission_changes"]

    assert (change["applies_from_epoch"], change["applies_from_epoch_at_earliest"]) == (982, 981)
    assert "981 or 982" in words(page(client, "/validators/vote1/"))


def test_the_chain_is_told_with_the_cluster(client: Client) -> None:
    fetch()
    ClusterEpoch.objects.create(
        epoch=990, credits_unit="lamports", slots=432_000, first_slot=427_680_000, slot_ms=200,
        slot_ms_basis="chain", activating_stake=5, blocks_produced=99, blocks_basis="partial",
        clock_started_at=NOON,
    )  # fmt: skip
    before = get(client, "cluster")["cluster"]
    ChainState.objects.create(
        genesis_hash="genesis", alpenglow="on", alpenglow_epoch=980, measured_slot_ms=203.5, looked_at=NOON
    )

    reply = get(client, "cluster")

    assert cluster_documents.ClusterReply.model_validate(reply)
    told = reply["cluster"]
    chain = ("genesis_hash", "alpenglow", "alpenglow_epoch", "measured_slot_ms")
    assert [told[name] for name in chain] == ["genesis", "on", 980, 203.5]
    epoch = ("slots", "first_slot", "slot_ms", "slot_ms_basis", "blocks_produced", "blocks_basis")
    assert [told[name] for name in epoch] == [432_000, 427_680_000, 200, "chain", 99, "partial"]
    assert (told["activating_stake"], told["deactivating_stake"], told["started_at"]) == (
        "5",
        None,
        NOON_TEXT,
    )
    assert [before[name] for name in chain] == [None, "unknown", None, None]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (
            {},
            [
                "As its account stands, it is let into epoch 992.",
                "Its balance pays the admission to 3 epochs from 992 on.",
            ],
        ),
        (
            {"stake": 0},
            [
                "It has no stake, and without any it votes in no epoch.",
                "As its account stands, it would with some be let into epoch 992.",
            ],
        ),
        (
            {"stake": 0, "next_epoch": "out", "after_next": "out", "reason": "no BLS key"},
            [
                "It has no stake, and without any it votes in no epoch.",
                "It is not let into epoch 992, where without stake it would not vote anyway: no BLS key.",
            ],
        ),
        (
            {"stake": 0, "after_next": "unknown", "reason": "BLS key not reported", "epochs_paid": None},
            ["Whether with some it would be let into epoch 992 is not known: BLS key not reported."],
        ),
        (
            {"next_epoch": "out"},
            ["It will not vote in epoch 991, and its stakers earn nothing there."],
        ),
        (
            {"after_next": "out", "reason": "no BLS key"},
            ["It will not vote in epoch 992: no BLS key. That can be mended until epoch 991 begins."],
        ),
        (
            {"after_next": "unknown", "reason": "BLS key not reported", "epochs_paid": None},
            ["Whether it is let into epoch 992 is not known: BLS key not reported."],
        ),
    ],
)
def test_a_page_says_in_sentences_who_is_let_in(
    client: Client, state: dict[str, object], said: list[str]
) -> None:
    fetch()
    about = dict(state)
    vote_state(validator(1, activated_stake=about.pop("stake", SOL)), **about)

    text = words(page(client, "/validators/vote1/"))

    for sentence in said:
        assert sentence in text
    assert "stakers earn nothing" not in text or state.get("stake") != 0
    assert ("not admitted" in text) == (state.get("after_next") == "out")


def test_a_page_of_an_account_that_was_never_read_says_so(client: Client) -> None:
    fetch()
    validator(1)

    assert "Its account was not read yet" in words(page(client, "/validators/vote1/"))


@pytest.mark.parametrize(
    ("basis", "epochs", "said"), [("estimate", 1, "5.25 % estimate"), ("realised", 7, "5.25 %")]
)
def test_a_page_says_what_an_apy_is_based_on(client: Client, basis: str, epochs: int, said: str) -> None:
    fetch()
    validator(1, apy=0.0525, apy_basis=basis, apy_epochs=epochs)

    text = words(page(client, "/validators/vote1/"))

    assert said in text
    assert ("realised in 7 epochs" in text) == (basis == "realised")
    assert ("estimate" in words(page(client))) == (basis == "estimate")


@pytest.mark.parametrize(
    ("read", "told", "sentence", "flag"),
    [
        (
            990,
            ("out", None, False, "no BLS key", 3),
            "It will not vote in epoch 992: no BLS key. That can be mended until epoch 991 begins.",
            ("not_admitted_after_next", 992),
        ),
        (
            989,
            ("unknown", False, None, None, None),
            "Its account was last read in epoch 989. It will not vote in epoch 991: no BLS key.",
            ("not_admitted_next_epoch", 991),
        ),
        (
            988,
            ("unknown", None, None, None, None),
            "Its account was last read in epoch 988, so whether it is let into the next epochs is not known.",
            None,
        ),
    ],
)
def test_an_account_that_was_read_epochs_ago_tells_nothing_of_those_ahead(
    client: Client, read: int, told: tuple[object, ...], sentence: str, flag: tuple[str, int] | None
) -> None:
    fetch()
    shown = validator(1)
    vote_state(shown, epoch=read, next_epoch="unknown", after_next="out", reason="no BLS key")

    document = get(client, "validators/vote1")["validator"]

    names = ("status", "next_epoch", "after_next", "reason", "epochs_paid")
    assert tuple(document["admission"][name] for name in names) == told
    flags = [(one["code"], one["epoch"]) for one in document["flags"]]
    assert flags == ([] if flag is None else [flag])
    text = words(page(client, "/validators/vote1/"))
    assert sentence in text
    assert ("not admitted" in text) == (read == 990)
    flagged = [one["vote_account"] for one in get(client, "validators?flagged=true")["items"]]
    assert flagged == ([] if flag is None else ["vote1"])


def test_who_was_let_in_an_epoch_ago_is_let_into_the_next(client: Client) -> None:
    fetch()
    vote_state(validator(1, activated_stake=SOL), epoch=989)

    text = words(page(client, "/validators/vote1/"))

    assert "Its account was last read in epoch 989. As it stood then, it is let into epoch 991." in text
    assert "Its balance pays" not in text
