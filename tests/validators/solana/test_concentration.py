"""The superminority against trying every subset."""

import json
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import RECORDED
from validators.solana.concentration import Member, concentration, superminority

RECORDING = RECORDED / "rpc" / "epoch990" / "getVoteAccounts.json"

few = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 30), max_size=9)
many = st.dictionaries(st.text(max_size=8), st.integers(0, 10**17), max_size=60)


def smallest_by_trying(stakes: dict[str, int]) -> int:
    total = sum(stakes.values())
    for size in range(1, len(stakes) + 1):
        if any(3 * sum(group) > total for group in combinations(stakes.values(), size)):
            return size if total else 0
    return 0


@given(few)
def test_no_smaller_group_holds_more_than_a_third(stakes: dict[str, int]) -> None:
    assert len(superminority(stakes)) == smallest_by_trying(stakes)


@given(many)
def test_it_holds_more_than_a_third_and_not_without_the_account_that_crosses(stakes: dict[str, int]) -> None:
    found, total = superminority(stakes), sum(stakes.values())
    if not total:
        assert found == []
        return
    assert 3 * sum(stakes[key] for key in found) > total
    assert 3 * sum(stakes[key] for key in found[:-1]) <= total
    assert sorted(found, key=lambda key: (-stakes[key], key)) == found
    assert min(stakes[key] for key in found) >= max(
        (stake for key, stake in stakes.items() if key not in found), default=0
    )


@given(many)
def test_the_order_of_the_reply_means_nothing(stakes: dict[str, int]) -> None:
    assert superminority(dict(reversed(stakes.items()))) == superminority(stakes)


def test_of_equal_stakes_the_first_key_is_inside() -> None:
    assert superminority({"c": 10, "a": 10, "b": 10}) == ["a", "b"]


def test_exactly_a_third_is_not_enough() -> None:
    assert superminority({"a": 1, "b": 1, "c": 1}) == ["a", "b"]
    assert superminority({"a": 2, "b": 1, "c": 1}) == ["a"]


def test_where_nothing_is_staked_nobody_is_inside() -> None:
    assert superminority({}) == []
    assert superminority({"a": 0}) == []


@pytest.mark.skipif(not RECORDING.is_file(), reason="the recording is not there")
def test_the_recorded_reply_agrees_with_counting_down_by_hand() -> None:
    votes = json.loads(RECORDING.read_text())["result"]
    accounts = votes["current"] + votes["delinquent"]
    left = sorted(account["activatedStake"] for account in accounts)
    total, held, count = sum(left), 0, 0
    while held <= total / 3:
        held += left.pop()
        count += 1

    found = superminority({account["votePubkey"]: account["activatedStake"] for account in accounts})

    assert len(found) == count
    assert 10 <= count <= 40


def test_every_python_adds_the_same_shares_up() -> None:
    """From 3.12 on `sum` of floats is another one."""
    assert concentration(Member(str(number), 1) for number in range(10)).herfindahl == 0.10000000000000002
