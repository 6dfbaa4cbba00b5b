"""Two years of history from the chain: what it brings, what stays, and what is left out."""

from pathlib import Path

import pytest
from django.test import Client

from tests.validators import chain_histories, replies
from tests.validators.chain_histories import HistoriesEndpoint, entry, usual
from tests.validators.histories import file_of
from tests.validators.rows import NOON
from tests.validators.services.history.chain_imports import RUNNING, VOTES, command, looked_at, rows
from validators.models import (
    ClusterEpoch,
    CommissionChange,
    HistoryAccount,
    JitoEpoch,
    MevEpoch,
    Origin,
    Validator,
    ValidatorEpoch,
)
from validators.services.history.from_chain import import_from_chain
from validators.solana.pubkey import raw_key

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_every_ended_epoch_is_stored_with_what_it_tells(followed: HistoriesEndpoint) -> None:
    result = command("--from", "chain")

    assert (result["accounts"], result["rows"], result["added"], result["left"]) == (4, 40, 40, 0)
    assert (result["first_epoch"], result["last_epoch"], result["requests"]) == (RUNNING - 10, RUNNING - 1, 1)
    row = rows()[RUNNING - 3]
    assert (row.source, row.activated_stake, row.credits, row.credits_final, row.credits_unit) == (
        *("history", 5_000_000_000_000, 6_900_000, True, "vote_credits"),
    )
    assert (row.commission_first_bps, row.commission_max_bps, row.commission_source) == (500, 500, "imported")
    assert (row.version, row.client, row.identity, row.fetches) == ("2.3.6", "jito labs", "", 0)
    assert (row.leader_slots, row.blocks_produced, row.blocks_basis) == (240, 238, "final")
    assert row.vote_performance == 1.0
    mev = MevEpoch.objects.get(validator=row.validator, epoch=row.epoch)
    assert (mev.runs_jito, mev.commission_bps, mev.tips, mev.tips_final, mev.source) == (
        *(True, 800, 3_960_000_000, True, "history"),
    )
    assert (mev.priority_commission_bps, mev.priority_fees, mev.settled) == (5_000, 700, True)
    jito = JitoEpoch.objects.get(validator=row.validator, epoch=row.epoch)
    assert (jito.rank, jito.superminority, jito.ip_address, jito.client_id, jito.bam, jito.fees) == (
        *(40, False, "198.18.3.4", 1, True, 1_400),
    )
    cluster = ClusterEpoch.objects.get(epoch=row.epoch)
    assert (cluster.total_stake, cluster.leader_slots, cluster.source) == (
        20_000_000_000_000,
        960,
        "imported",
    )


def test_what_nobody_set_is_unknown_and_never_a_value(followed: HistoriesEndpoint) -> None:
    followed.has(VOTES[0], entry(RUNNING - 2, stake=7), entry(RUNNING - 1))

    import_from_chain()

    row = rows()[RUNNING - 2]
    assert (row.activated_stake, row.credits, row.credits_final) == (7, None, False)
    assert (row.commission_last_bps, row.version, row.client, row.skip_rate) == (None, "", "", None)
    assert (row.leader_slots, row.blocks_produced, row.blocks_basis) == (None, None, "")
    assert not MevEpoch.objects.filter(validator=row.validator).exists()
    assert not JitoEpoch.objects.filter(validator=row.validator).exists()


def test_lamports_and_numbers_of_a_part_of_an_epoch_are_unknown(followed: HistoriesEndpoint) -> None:
    """Since the migration credits do not fit, and an epoch is whole once something later was written down."""
    looked_at(followed, split_epoch=RUNNING - 3)
    last = usual(RUNNING - 1, block_slot=RUNNING * 432_000 - 1)
    followed.has(VOTES[0], *(usual(RUNNING - age) for age in range(6, 1, -1)), last)

    import_from_chain()

    found = rows()
    assert [(row.credits_unit, row.credits) for _, row in sorted(found.items())] == [
        *[("vote_credits", 6_900_000)] * 3,
        *[("lamports", None)] * 3,
    ]
    assert (found[RUNNING - 1].leader_slots, found[RUNNING - 2].leader_slots) == (None, 240)


def test_what_we_saw_ourselves_stays_and_what_disagrees_is_listed(followed: HistoriesEndpoint) -> None:
    ours = Validator.objects.get(vote_account=VOTES[0])
    seen = {"validator": ours, "fetched_at": NOON, "credits_unit": "vote_credits", "fetches": 3}
    same = {"credits": 6_900_000, "credits_final": True}
    ValidatorEpoch.objects.create(epoch=RUNNING - 4, **seen, **same, activated_stake=6, version="2.3.6-rc.1")
    ValidatorEpoch.objects.create(epoch=RUNNING - 5, **seen, credits=5, credits_final=False)
    MevEpoch.objects.create(
        validator=ours, epoch=RUNNING - 4, runs_jito=True, commission_bps=900, slot=1, looked_at=NOON
    )

    result = command("--from", "chain")

    row = rows()[RUNNING - 4]
    assert (row.source, row.activated_stake, row.version, row.commission_last_bps) == (
        *("live", 6, "2.3.6-rc.1", 500),
    )
    # A part of an epoch is what we saw of it, the whole of it they did.
    assert (rows()[RUNNING - 5].credits, rows()[RUNNING - 5].credits_final) == (6_900_000, True)
    mev = MevEpoch.objects.get(validator=ours, epoch=RUNNING - 4)
    assert (mev.commission_bps, mev.tips, mev.source) == (900, 3_960_000_000, "accounts")
    agreement = result["agreement"]
    assert (agreement["compared"], agreement["agreeing"]) == (4, 2)
    assert [(one["field"], one["told"], one["known"]) for one in agreement["differences"]] == [
        ("activated_stake", 5_000_000_000_000, 6),
        ("mev commission_bps", 800, 900),
    ]


def test_a_file_counts_for_more_than_the_chain_in_whatever_order_they_come(
    followed: HistoriesEndpoint, tmp_path: Path
) -> None:
    line = f"{RUNNING - 2},{VOTES[0]},{replies.key('node 0')},44,7,7,7,7,unknown,2,1,6000000,5,"
    file = file_of(tmp_path, line)
    told = []
    for first, second in ((str(file), "chain"), ("chain", str(file))):
        ValidatorEpoch.objects.all().delete()
        HistoryAccount.objects.all().delete()
        command("--from", first)
        command("--from", second)
        row = rows()[RUNNING - 2]
        told.append(
            (row.source, row.activated_stake, row.commission_last_bps, row.version, row.credits, row.fetches)
        )
        assert (row.leader_slots, row.client) == (240, "jito labs")

    assert told == [("imported", 44, 700, "2.3.6", 6_000_000, 2)] * 2


ABSURD = [
    ({"epoch": RUNNING + 3}, f"epoch {RUNNING} runs"),
    ({"stake": 10**18 + 1}, "stake 1000000000000000001 lamports is more than there are"),
    ({"credits": 6_912_001}, "6912001 credits are more than an epoch has"),
    ({"mev_bps": 10_001}, "MEV commission 10001 basis points"),
    ({"blocks": 241}, "241 blocks in 240 leader slots"),
    ({"slots": 432_001}, "432001 leader slots of 432000 in the epoch"),
    ({"fees": 2**63}, "more lamports of priority fees than there are"),
]


@pytest.mark.parametrize(("fields", "said"), ABSURD, ids=[said for _, said in ABSURD])
def test_what_cannot_be_true_is_left_out_and_named(
    followed: HistoriesEndpoint, fields: dict[str, int], said: str
) -> None:
    epoch = fields.get("epoch", RUNNING - 1)
    entries = [
        usual(RUNNING - 2),
        usual(epoch, **{key: one for key, one in fields.items() if key != "epoch"}),
    ]
    followed.has(VOTES[0], *entries)

    result = command("--from", "chain")

    assert result["rejected"] == [{"key": VOTES[0], "reason": f"epoch {epoch}: {said}"}]
    assert list(rows()) == [RUNNING - 2]


def test_blocks_are_of_an_identity_that_another_account_has_too(followed: HistoriesEndpoint) -> None:
    Validator.objects.filter(vote_account__in=VOTES[:2]).update(identity=replies.key("twins"))

    import_from_chain()

    assert {rows(vote)[RUNNING - 2].leader_slots for vote in VOTES[:2]} == {None}
    assert rows(VOTES[2])[RUNNING - 2].leader_slots == 240
    assert ClusterEpoch.objects.get(epoch=RUNNING - 2).leader_slots is None


def test_who_left_before_we_looked_is_found_and_shown(followed: HistoriesEndpoint, client: Client) -> None:
    stranger = replies.key("stranger")
    followed.has(stranger, usual(RUNNING - 300), usual(RUNNING - 299))

    summary = import_from_chain(everybody=True)

    assert (summary.accounts, summary.validators_added, summary.requests) == (5, 1, 2)
    left = Validator.objects.get(vote_account=stranger)
    assert left.left_at is not None
    assert sorted(rows(stranger)) == [RUNNING - 300, RUNNING - 299]
    assert client.get(f"/validators/{stranger}/").status_code == 200
    assert client.get(f"/api/v1/validators/{stranger}/epochs").status_code == 200


def test_a_change_of_commission_is_told_of_the_past(followed: HistoriesEndpoint) -> None:
    followed.has(VOTES[0], usual(RUNNING - 3), usual(RUNNING - 2, percent=10), usual(RUNNING - 1, percent=10))

    import_from_chain()

    [change] = CommissionChange.objects.all()
    assert (change.epoch, change.from_bps, change.to_bps, change.source) == (
        *(RUNNING - 2, 500, 1_000, Origin.IMPORTED),
    )


def test_the_accounts_of_these_tests_are_of_the_length_of_the_chain() -> None:
    data = chain_histories.account(VOTES[0], [usual(900)])
    assert (len(data), data[12:44]) == (65_856, raw_key(VOTES[0]))
