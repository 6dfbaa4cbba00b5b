"""Vote accounts as a node parses them say what their bytes say."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.validators import raw_accounts, replies
from validators.exceptions import LayoutError
from validators.solana.arithmetic import SPLIT_MARK
from validators.solana.layouts import BlsKey, StateVersion, VoteState, packed_credits
from validators.solana.parsed_votes import parsed_vote_state

V4_FIELDS = (
    "inflationRewardsCommissionBps",
    "inflationRewardsCollector",
    "blockRevenueCollector",
    "blockRevenueCommissionBps",
    "pendingDelegatorRewards",
    "blsPubkeyCompressed",
)


def test_a_new_node_tells_all_of_v4() -> None:
    assert parsed_vote_state(raw_accounts.parsed_info()) == VoteState(
        state_version=StateVersion.V4,
        identity=replies.key("node 1"),
        withdrawer=replies.key("withdrawer 1"),
        inflation_collector=replies.key("inflation 1"),
        block_collector=replies.key("block 1"),
        commission_bps=550,
        block_commission_bps=10_000,
        pending_rewards=12,
        bls=BlsKey.PRESENT,
        credits=packed_credits([(988, 200, 100), (989, 300, 200), (990, 350, 300)]),
    )


def test_an_old_node_tells_percent_and_nothing_of_v4() -> None:
    absent: dict[str, Any] = dict.fromkeys(V4_FIELDS, ...)

    state = parsed_vote_state(raw_accounts.parsed_info(**absent))

    assert (state.state_version, state.bls) == (None, BlsKey.NOT_REPORTED)
    assert (state.inflation_collector, state.block_collector) == (None, None)
    assert (state.commission_bps, state.block_commission_bps, state.pending_rewards) == (500, 10_000, 0)


@pytest.mark.parametrize(("sent", "bls"), [(None, BlsKey.MISSING), (..., BlsKey.NOT_REPORTED)])
def test_a_null_bls_key_is_missing_and_an_absent_one_not_reported(sent: Any, bls: BlsKey) -> None:
    state = parsed_vote_state(raw_accounts.parsed_info(blsPubkeyCompressed=sent))

    assert (state.bls, state.state_version) == (bls, None)


@pytest.mark.parametrize("large", [2**64 - 1, 18_446_744_073_709_552_000])
def test_the_mark_of_the_migration_is_known_when_a_proxy_has_rounded_it(large: int) -> None:
    credits = [(989, 5, 4), (large, 2**64 - 1, 2**64 - 1), (989, 9, 0)]

    tuples = parsed_vote_state(raw_accounts.parsed_info(credits=credits)).credit_tuples

    assert tuples == [(989, 5, 4), SPLIT_MARK, (989, 9, 0)]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"nodePubkey": ...}, "nodePubkey: Field required"),
    ({"authorizedWithdrawer": "x"}, "authorizedWithdrawer: "),
    ({"commission": "5"}, "commission: "),
    ({"commission": ..., "inflationRewardsCommissionBps": ...}, "neither commission nor"),
    ({"inflationRewardsCommissionBps": 65_536}, "inflationRewardsCommissionBps: "),
    ({"pendingDelegatorRewards": 12}, "not a whole number as text"),
    ({"pendingDelegatorRewards": str(2**63)}, "pendingDelegatorRewards: "),
    ({"blsPubkeyCompressed": ""}, "not the base58 form of 48 bytes"),
    ({"blsPubkeyCompressed": "0" * 64}, "not the base58 form of 48 bytes"),
    ({"blsPubkeyCompressed": True}, "blsPubkeyCompressed: "),
    ({"credits": [(1, 1, 1)] * 65}, "epochCredits: "),
    ({"credits": [(1, -1, 1)]}, "not a whole number as text"),
    ({"credits": [(1, "\u0661", 1)]}, "not a whole number as text"),
    ({"credits": [(1, 10**30, 1)]}, "not a whole number as text"),
    ({"credits": [(1, 2**64 + 5, 1)]}, "beyond"),
]


@pytest.mark.parametrize(("changes", "reason"), REFUSED)
def test_what_is_not_as_a_node_parses_it_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(LayoutError, match=reason):
        parsed_vote_state(raw_accounts.parsed_info(**changes))


@given(
    st.dictionaries(st.sampled_from(list(raw_accounts.parsed_info())), st.none() | st.text() | st.integers())
)
def test_any_fields_are_read_or_refused_and_nothing_else(changes: dict[str, Any]) -> None:
    with suppress(LayoutError):
        assert len(parsed_vote_state(raw_accounts.parsed_info() | changes).credit_tuples) <= 64
