"""A snapshot: which records of a reply are taken, how they are read, and which replies are refused whole."""

import pytest

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.replies import EPOCH, SENTINEL, epoch_credits
from tests.validators.solana.snapshots import snapshot
from validators.exceptions import MalformedReplyError
from validators.solana.arithmetic import CreditsUnit, Earned

BAD_RECORDS = [
    ({"votePubkey": "not base58: 0OIl"}, "votePubkey: Value error, not the base58 form of 32 bytes"),
    ({"votePubkey": None}, "votePubkey: Input should be a valid string"),
    ({"nodePubkey": "1" * 33}, "nodePubkey: Value error, not the base58"),
    ({"activatedStake": -1}, "activatedStake: Input should be greater than or equal to 0"),
    ({"activatedStake": 2**64}, "activatedStake: Input should be less than or equal to"),
    ({"activatedStake": True}, "activatedStake: Input should be a valid integer"),
    ({"commission": 256}, "commission: Input should be less than or equal to 255"),
    ({"commission": None, "inflationRewardsCommissionBps": None}, "neither commission nor"),
    ({"epochCredits": [[989, 5, 6]]}, "credits of epoch 989 fell from 6 to 5"),
    ({"epochCredits": [[989, 10_000_000, 0]]}, "10000000 credits in epoch 989"),
    ({"epochCredits": epoch_credits(*[1] * 65)}, "epochCredits: List should have at most 64 items"),
    ({"epochCredits": None}, "epochCredits: Input should be a valid list"),
    ({"lastVote": "7"}, "lastVote: Input should be a valid integer"),
    ({"epochVoteAccount": "yes"}, "epochVoteAccount: Input should be a valid boolean"),
    ({"rootSlot": -1}, "rootSlot: Input should be greater than or equal to 0"),
]


@pytest.mark.parametrize(("changes", "reason"), BAD_RECORDS, ids=[reason for _, reason in BAD_RECORDS])
def test_one_bad_record_is_rejected_alone_and_named(
    endpoint: CannedEndpoint, changes: dict[str, object], reason: str
) -> None:
    bad = replies.account("bad", **changes)
    endpoint.current = [bad, *replies.accounts(20)]

    taken = snapshot(endpoint.url)

    assert len(taken.accounts) == 20
    assert [record.reason.startswith(reason) for record in taken.rejected] == [True], taken.rejected
    assert taken.rejected[0].vote_account == (None if "votePubkey" in changes else bad["votePubkey"])


@pytest.mark.parametrize("record", [None, 5, "text", [], {}], ids=str)
def test_a_record_that_is_no_object_is_rejected_alone(endpoint: CannedEndpoint, record: object) -> None:
    endpoint.delinquent = [record]  # type: ignore[list-item]

    taken = snapshot(endpoint.url)

    assert (len(taken.accounts), [rejected.vote_account for rejected in taken.rejected]) == (20, [None])


def test_a_vote_account_sent_twice_is_taken_once(endpoint: CannedEndpoint) -> None:
    endpoint.delinquent = [replies.account(0)]

    taken = snapshot(endpoint.url)

    assert (len(taken.accounts), taken.rejected[0].reason) == (20, "appears twice in one reply")


def test_more_than_a_twentieth_of_bad_records_is_refused(endpoint: CannedEndpoint) -> None:
    endpoint.current = [
        *replies.accounts(37),
        *(replies.account(f"bad {i}", activatedStake=-1) for i in range(2)),
    ]
    bad = endpoint.current[-2]["votePubkey"]

    with pytest.raises(
        MalformedReplyError, match=f"2 of 39 records are invalid, first {bad}: activatedStake"
    ):
        snapshot(endpoint.url)

    endpoint.current.append(replies.account("good"))
    assert len(snapshot(endpoint.url).rejected) == 2


def test_an_empty_reply_is_refused(endpoint: CannedEndpoint) -> None:
    endpoint.current = []

    with pytest.raises(MalformedReplyError, match="no vote account at all"):
        snapshot(endpoint.url)


def test_more_stake_than_a_column_holds_is_refused(endpoint: CannedEndpoint) -> None:
    endpoint.current = replies.accounts(20, activatedStake=10**18)

    with pytest.raises(MalformedReplyError, match="20000000000000000000 lamports staked in all"):
        snapshot(endpoint.url)


def test_an_epoch_far_ahead_of_all_credits_is_refused(endpoint: CannedEndpoint) -> None:
    endpoint.epoch_infos = [replies.epoch_info(EPOCH + 2)]

    with pytest.raises(MalformedReplyError, match="epoch 992 runs, and the newest credits are of epoch 990"):
        snapshot(endpoint.url)

    endpoint.epoch_infos = [replies.epoch_info(EPOCH + 1)]
    assert snapshot(endpoint.url).epoch.epoch == EPOCH + 1


def test_an_endpoint_whose_epoch_stays_behind_its_credits_is_refused(endpoint: CannedEndpoint) -> None:
    endpoint.epoch_infos = [replies.epoch_info(EPOCH - 1)]

    with pytest.raises(MalformedReplyError, match=r"20 of 20 records are invalid, .* while epoch 989 runs"):
        snapshot(endpoint.url)


@pytest.mark.parametrize(
    ("changes", "bps"),
    [
        ({"commission": 7, "inflationRewardsCommissionBps": 650}, 650),
        ({"commission": 7, "inflationRewardsCommissionBps": None}, 700),
        ({"commission": None, "inflationRewardsCommissionBps": 0}, 0),
        ({"commission": 255, "inflationRewardsCommissionBps": None}, 25_500),
    ],
)
def test_the_finer_commission_is_preferred_and_either_will_do(
    endpoint: CannedEndpoint, changes: dict[str, object], bps: int
) -> None:
    endpoint.current = [replies.account(1, **changes)]

    assert snapshot(endpoint.url).accounts[0].account.commission_bps == bps


def test_a_field_that_is_missing_is_as_good_as_null(endpoint: CannedEndpoint) -> None:
    only_bps = replies.account(1, inflationRewardsCommissionBps=250)
    del only_bps["commission"], only_bps["rootSlot"]
    endpoint.current = [only_bps]

    account = snapshot(endpoint.url).accounts[0].account

    assert (account.commission_bps, account.root_slot) == (250, None)


MIGRATED = [*epoch_credits(7, 5, last=EPOCH - 1), SENTINEL, *epoch_credits(10**12, 10**12)]


def test_the_migration_that_most_accounts_show_is_the_clusters(endpoint: CannedEndpoint) -> None:
    newcomer = replies.account("newcomer", epochCredits=epoch_credits(3 * 10**12))
    endpoint.current = [*replies.accounts(11, epochCredits=MIGRATED), newcomer]

    taken = snapshot(endpoint.url)

    assert taken.split_epoch == EPOCH - 1
    assert taken.accounts[-1].earned == [Earned(EPOCH, 3 * 10**12, CreditsUnit.LAMPORTS)]


@pytest.mark.parametrize("rounded", [2**64, 18446744073709552000, 2**64 - 2_048])
def test_a_sentinel_that_was_rounded_on_its_way_is_the_sentinel(
    endpoint: CannedEndpoint, rounded: int
) -> None:
    sent = [[rounded] * 3 if one == SENTINEL else one for one in MIGRATED]
    endpoint.current = replies.accounts(3, epochCredits=sent)
    by_rounded = snapshot(endpoint.url)
    endpoint.current = replies.accounts(3, epochCredits=MIGRATED)

    assert not by_rounded.rejected
    assert by_rounded.split_epoch == EPOCH - 1
    exact = snapshot(endpoint.url)
    assert [one.earned for one in by_rounded.accounts] == [one.earned for one in exact.accounts]


@pytest.mark.parametrize("bad", [[2**64, 2**64, 5], [2**64 + 4_096] * 3, [True] * 3, [2.0**64] * 3])
def test_what_is_no_sentinel_is_refused_as_before(endpoint: CannedEndpoint, bad: object) -> None:
    endpoint.current = [
        replies.account("bad", epochCredits=[bad]),
        *replies.accounts(25),
    ]

    [record] = snapshot(endpoint.url).rejected

    assert record.vote_account == replies.key("vote bad")


def test_one_account_with_a_sentinel_does_not_move_the_cluster(endpoint: CannedEndpoint) -> None:
    endpoint.current = [*replies.accounts(20), replies.account("odd", epochCredits=MIGRATED)]

    taken = snapshot(endpoint.url)

    assert taken.split_epoch is None
    assert taken.accounts[0].earned[-1].unit is CreditsUnit.VOTE_CREDITS


def test_a_migration_known_from_before_needs_no_sentinel(endpoint: CannedEndpoint) -> None:
    endpoint.current = replies.accounts(20, epochCredits=epoch_credits(10**12, 10**12))

    taken = snapshot(endpoint.url, split_epoch=EPOCH - 8)

    assert {row.unit for state in taken.accounts for row in state.earned} == {CreditsUnit.LAMPORTS}
