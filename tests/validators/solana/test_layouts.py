"""Account bytes are read at their documented offsets, or refused by name and number."""

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import RECORDED
from tests.validators import raw_accounts, replies
from validators.exceptions import LayoutError
from validators.solana.arithmetic import SPLIT_MARK
from validators.solana.layouts import (
    BlsKey,
    Clock,
    EpochRewards,
    Feature,
    StakeHistoryEntry,
    StateVersion,
    VoteState,
    decoded_clock,
    decoded_epoch_rewards,
    decoded_feature,
    decoded_stake_history,
    decoded_vote_state,
    packed_credits,
    read_vote_state,
)

DECODERS = (
    decoded_vote_state,
    decoded_feature,
    decoded_clock,
    decoded_epoch_rewards,
    decoded_stake_history,
)
FULL_HISTORY = [(epoch, 2 * epoch, epoch) for epoch in range(64)]


def recorded(name: str) -> bytes:
    path = RECORDED / "accounts" / name
    if not path.is_file():
        pytest.skip("the recorded accounts are not here")
    return base64.b64decode(json.loads(path.read_text())["account"]["data"][0])


@pytest.mark.parametrize("bls", [None, b"\7" * 48])
def test_a_v4_account_is_read_with_and_without_a_bls_key(bls: bytes | None) -> None:
    data = raw_accounts.vote_v4(
        bps=65_535, block_bps=250, pending=9, bls=bls, credits=[*raw_accounts.CREDITS]
    )

    assert decoded_vote_state(data) == VoteState(
        state_version=StateVersion.V4,
        identity=replies.key("node 1"),
        withdrawer=replies.key("withdrawer 1"),
        inflation_collector=replies.key("inflation 1"),
        block_collector=replies.key("block 1"),
        commission_bps=65_535,
        block_commission_bps=250,
        pending_rewards=9,
        bls=BlsKey.PRESENT if bls else BlsKey.MISSING,
        credits=packed_credits([(988, 200, 100), (989, 300, 200), (990, 350, 300)]),
    )


@pytest.mark.parametrize(
    ("data", "version"),
    [(raw_accounts.vote_v3(percent=255), "v3"), (raw_accounts.vote_v1_14_11(percent=255), "v1_14_11")],
)
def test_an_older_account_reads_as_its_conversion_to_v4_without_collectors(data: bytes, version: str) -> None:
    assert decoded_vote_state(data) == VoteState(
        state_version=StateVersion(version),
        identity=replies.key("node 1"),
        withdrawer=replies.key("withdrawer 1"),
        inflation_collector=None,
        block_collector=None,
        commission_bps=25_500,
        block_commission_bps=10_000,
        pending_rewards=0,
        bls=BlsKey.MISSING,
        credits=packed_credits([(988, 200, 100), (989, 300, 200), (990, 350, 300)]),
    )


@pytest.mark.parametrize("make", [raw_accounts.vote_v4, raw_accounts.vote_v3, raw_accounts.vote_v1_14_11])
def test_empty_and_full_lists_are_read(make: Any) -> None:
    empty = decoded_vote_state(make(votes=0, root=None, voters=0, credits=[]))
    full = decoded_vote_state(make(votes=31, root=7, voters=4, credits=FULL_HISTORY))

    assert empty.credit_tuples == []
    assert full.credit_tuples == FULL_HISTORY


def test_the_mark_of_the_migration_is_kept() -> None:
    credits = [(989, 5, 4), SPLIT_MARK, (989, 9, 0)]

    assert decoded_vote_state(raw_accounts.vote_v4(credits=credits)).credit_tuples == credits


def cut(data: bytes, at: int, instead: bytes) -> bytes:
    return data[:at] + instead + data[at + len(instead) :]


V4 = raw_accounts.vote_v4(bls=None, votes=0, root=None, voters=0, credits=[])
HUGE = b"\xff" * 8
REFUSED = [
    (b"", "version would end at byte 4 of 0"),
    (b"\3\0", "version would end at byte 4 of 2"),
    (bytes(3_762), "version 0 is not known"),
    (cut(V4, 0, b"\4"), "version 4 is not known"),
    (cut(V4, 0, b"\xff\xff\xff\x7f"), "version 2147483647 is not known"),
    (V4[:-1], "3761 bytes instead of 3762"),
    (V4 + b"\0", "3763 bytes instead of 3762"),
    (raw_accounts.vote_v3()[:-31], "3731 bytes instead of 3762"),
    (raw_accounts.vote_v1_14_11() + bytes(31), "3762 bytes instead of 3731"),
    (cut(V4, 136, HUGE), "pending rewards 18446744073709551615 is more than 9223372036854775807"),
    (cut(V4, 144, b"\2"), "BLS tag 2 is more than 1"),
    (cut(V4, 145, b"\x20"), "number of votes 32 is more than 31"),
    (cut(V4, 145, HUGE), "number of votes 18446744073709551615 is more than 31"),
    (cut(V4, 153, b"\2"), "root tag 2 is more than 1"),
    (cut(V4, 154, b"\x21"), "number of authorized voters 33 is more than 32"),
    (cut(V4, 162, b"\x41"), "number of epoch credits 65 is more than 64"),
    (
        raw_accounts.vote_v3(voters=31, credits=FULL_HISTORY)[:3_762],
        "epoch credits would end at byte 4826 of 3762",
    ),
]


@pytest.mark.parametrize(("data", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
def test_a_vote_account_that_is_not_as_laid_out_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(LayoutError, match=reason) as raised:
        decoded_vote_state(data)

    assert str(raised.value).startswith("vote account: ")
    assert isinstance(raised.value, ValueError)


@pytest.mark.parametrize("name", ["shinobi-vote.json", "zeta-vote.json"])
def test_recorded_v3_accounts_hold_64_epochs(name: str) -> None:
    state = decoded_vote_state(recorded(name))

    assert (state.state_version, state.bls) == ("v3", "missing")
    assert [one[0] for one in state.credit_tuples] == list(range(532, 596))
    assert all(0 < now - before <= 432_000 * 16 for _, now, before in state.credit_tuples)


def test_the_constructed_v4_account_is_read() -> None:
    state = decoded_vote_state(recorded("constructed-v4-vote.json"))

    assert (state.state_version, state.bls) == ("v4", "present")
    assert (state.commission_bps, state.block_commission_bps) == (300, 10_000)
    assert len(state.credit_tuples) == 64
    assert state.credit_tuples == decoded_vote_state(recorded("shinobi-vote.json")).credit_tuples


def test_a_feature_is_active_since_its_slot_or_pending() -> None:
    assert decoded_feature(raw_accounts.feature(444_620_256)) == Feature(True, 444_620_256)
    assert decoded_feature(raw_accounts.feature(None)) == Feature(False, None)
    assert decoded_feature(b"\0") == Feature(False, None)


def test_the_recorded_feature_of_testnet_is_active_since_its_slot() -> None:
    assert decoded_feature(recorded("feature-alpenglow-testnet.txt")) == Feature(True, 444_620_256)


def test_sysvars_are_read() -> None:
    assert decoded_clock(raw_accounts.clock(7, 100, 3, 200)) == Clock(7, 100, 3, 200)
    rewards = decoded_epoch_rewards(raw_accounts.epoch_rewards(2**100, 8, 5, active=1))
    assert rewards == EpochRewards(2**100, 8, 5, True)


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("count", [0, 2, 512])
def test_stake_history_is_read_with_and_without_zeros_behind_it(count: int, padded: bool) -> None:
    entries = [(1_000 - place, 5, 2, 1) for place in range(count)]

    decoded = decoded_stake_history(raw_accounts.stake_history(entries, padded=padded))

    assert decoded == [StakeHistoryEntry(*entry) for entry in entries]


OTHERS_REFUSED = [
    (decoded_feature, b"", "feature: tag would end at byte 1 of 0"),
    (decoded_feature, b"\1", "feature: 1 bytes instead of 9"),
    (decoded_feature, bytes(8), "feature: 8 bytes instead of 9 or 1"),
    (decoded_feature, b"\2" + bytes(8), "feature: tag 2 is more than 1"),
    (decoded_feature, b"\1" + HUGE, "feature: slot 18446744073709551615"),
    (decoded_clock, bytes(39), "clock: 39 bytes instead of 40"),
    (decoded_clock, raw_accounts.clock(start=-1), "clock: start of the epoch -1 is no time"),
    (decoded_clock, raw_accounts.clock(now=2**62), "clock: time 4611686018427387904 is no time"),
    (decoded_epoch_rewards, bytes(80), "epoch rewards: 80 bytes instead of 81"),
    (decoded_epoch_rewards, bytes(80) + b"\2", "epoch rewards: active 2 is more than 1"),
    (decoded_stake_history, b"\2" + bytes(7), "stake history: epochs would end at byte 72 of 8"),
    (decoded_stake_history, b"\1\2" + bytes(6), "stake history: number of epochs 513 is more than 512"),
    (decoded_stake_history, bytes(16_393), "stake history: 16393 bytes are more than 512 epochs"),
    (
        decoded_stake_history,
        raw_accounts.stake_history([(7, 1, 1, 1), (7, 1, 1, 1)]),
        "epoch 7 after epoch 7, newest first",
    ),
    (
        decoded_stake_history,
        raw_accounts.stake_history([(7, 2**63, 1, 1)]),
        "stake history: 9223372036854775808 is more than",
    ),
]


@pytest.mark.parametrize(
    ("decode", "data", "reason"), OTHERS_REFUSED, ids=[reason for _, _, reason in OTHERS_REFUSED]
)
def test_other_accounts_that_are_not_as_laid_out_are_refused(decode: Any, data: bytes, reason: str) -> None:
    with pytest.raises(LayoutError, match=reason):
        decode(data)


GOOD = [
    raw_accounts.vote_v4(credits=FULL_HISTORY),
    raw_accounts.vote_v3(),
    raw_accounts.vote_v1_14_11(),
    raw_accounts.clock(),
    raw_accounts.epoch_rewards(),
    raw_accounts.feature(5),
    raw_accounts.stake_history([(9, 1, 1, 1), (8, 1, 1, 1)]),
]


@given(st.data())
def test_damaged_bytes_are_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    bad = damaged(data, data.draw(st.sampled_from(GOOD)))
    for decode in DECODERS:
        with suppress(LayoutError):
            assert decode(bad) is not None


def damaged(data: st.DataObject, good: bytes) -> bytes:
    whole = bytearray(good)
    for _ in range(data.draw(st.integers(0, 3))):
        whole[data.draw(st.integers(0, min(len(whole), 700) - 1))] = data.draw(st.integers(0, 255))
    return bytes(whole[: data.draw(st.integers(0, len(whole)))] if data.draw(st.booleans()) else whole)


@given(st.data(), st.sampled_from([0, 1, 64]), st.booleans())
def test_what_is_read_at_once_is_what_is_read_part_by_part(
    data: st.DataObject, epochs: int, has_key: bool
) -> None:
    """Where one account's bytes are doubtful, the careful reader has the word."""
    good = raw_accounts.vote_v4(credits=FULL_HISTORY[:epochs], bls=b"\7" * 48 if has_key else None)
    bad = damaged(data, good)
    said: list[object] = []
    for decode in (decoded_vote_state, read_vote_state):
        try:
            said.append(decode(bad))
        except LayoutError as refusal:
            said.append(str(refusal))
    assert said[0] == said[1]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_nothing_else(data: bytes) -> None:
    for decode in DECODERS:
        with suppress(LayoutError):
            assert decode(data) is not None
