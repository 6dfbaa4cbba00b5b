"""Stake by groups, against numbers worked out by hand and against other ways to compute them."""

from collections import Counter
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.solana.concentration import Concentration, Group, Member, concentration

members = st.lists(
    st.builds(Member, st.one_of(st.none(), st.sampled_from("abcdef")), st.integers(0, 40)), max_size=14
)


def test_three_networks_and_one_that_is_unknown_by_hand() -> None:
    found = concentration(
        [Member("b", 20), Member("a", 30), Member("b", 15), Member(None, 10), Member("c", 25), Member("d", 0)]
    )

    assert found == Concentration(
        total=100,
        groups=[
            Group("b", 2, 35, 0.35),
            Group("a", 1, 30, 0.3),
            Group("c", 1, 25, 0.25),
            Group("d", 1, 0, 0.0),
        ],
        unknown_validators=1,
        unknown_stake=10,
        nakamoto=1,
        nakamoto_at_least=1,
        herfindahl=0.35**2 + 0.3**2 + 0.25**2,
    )
    assert (found.largest_share, found.unknown_share) == (0.35, 0.1)


@pytest.mark.parametrize(
    ("stakes", "nakamoto", "at_least"),
    [
        # Exactly a third stops nothing.
        ({"a": 1, "b": 1, "c": 1}, 2, 2),
        ({"a": 34, "b": 33, "c": 33}, 1, 1),
        ({"a": 20, "b": 10, None: 70}, None, 1),
        ({"a": 20, "b": 20, "c": 20, None: 40}, 2, 1),
        ({"a": 30, None: 3, "b": 67 * 10**15}, 1, 1),
        # Of which nobody knows anything, nothing is said.
        ({None: 100}, None, None),
        ({"a": 0, None: 0}, None, None),
        ({}, None, None),
    ],
)
def test_the_fewest_with_more_than_a_third_of_all_stake(
    stakes: dict[str | None, int], nakamoto: int | None, at_least: int | None
) -> None:
    found = concentration(Member(*item) for item in stakes.items())

    assert (found.nakamoto, found.nakamoto_at_least) == (nakamoto, at_least)
    assert (found.herfindahl is None) == (nakamoto is at_least is None)


@given(members)
def test_no_fewer_of_the_known_groups_do_by_trying_all(given_members: list[Member]) -> None:
    stakes: Counter[str | None] = Counter()
    for group, stake in given_members:
        stakes[group] += stake
    total = sum(stakes.values())
    known = {group: stake for group, stake in stakes.items() if group is not None}
    tried = [
        size
        for size in range(1, len(known) + 1)
        if any(
            Fraction(sum(some), total or 1) > Fraction(1, 3) for some in combinations(known.values(), size)
        )
    ]

    found = concentration(given_members)

    assert found.nakamoto == min(tried, default=None)
    assert found.total == total == found.unknown_stake + sum(group.stake for group in found.groups)
    # Over all pairs of two lamports: how often both are one group's.
    pairs = Fraction(sum(one * one for one in known.values()), total**2 or 1)
    assert (found.herfindahl or 0) == pytest.approx(float(pairs))
    if found.nakamoto is not None:
        assert found.nakamoto_at_least is not None
        assert found.nakamoto_at_least <= found.nakamoto


@given(members)
def test_the_order_means_nothing(given_members: list[Member]) -> None:
    assert concentration(reversed(given_members)) == concentration(given_members)
