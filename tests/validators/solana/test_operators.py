"""Whose validators are one operator's: by cases, and against following the links by hand."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.solana.operators import (
    MOST_STRANGERS,
    Common,
    Evidence,
    Running,
    Strength,
    operators,
    plain_name,
)

SYSTEM = "1" * 32


def running(number: int, **known: str) -> Running:
    """A validator that shares nothing but what is given."""
    own = {"vote_account": f"v{number:02}", "identity": f"i{number:02}", "withdrawer": f"w{number:02}"}
    return Running(**(own | known))


def keys(*everybody: Running) -> dict[str, str | None]:
    return dict(operators(everybody).by_account)


def test_a_withdraw_authority_joins_and_names_them() -> None:
    found = operators([running(1, withdrawer="w"), running(2, withdrawer="w"), running(3)])

    assert found.by_account == {"v01": "w", "v02": "w", "v03": "w03"}
    assert found.evidence == [Evidence(Common.WITHDRAW_AUTHORITY, Strength.STRONG, "w", ("v01", "v02"))]


def test_links_of_several_kinds_make_one_operator_whatever_the_order() -> None:
    everybody = [
        running(1, withdrawer="w"),
        running(2, withdrawer="w", block_collector="purse"),
        running(3, inflation_collector="purse"),
        # One that withdraws by the key of another's node.
        running(4, withdrawer="i03"),
        running(5, identity="i04", withdrawer=""),
        running(6),
    ]

    forwards, backwards = operators(everybody), operators(reversed(everybody))

    assert forwards.by_account == {**dict.fromkeys(("v01", "v02", "v03", "v04", "v05"), "w"), "v06": "w06"}
    assert forwards.by_account == backwards.by_account
    assert forwards.evidence == backwards.evidence


def test_paying_to_itself_is_no_link_and_paying_to_another_is() -> None:
    own = running(1, inflation_collector="v01", block_collector="i01")
    to_another = running(2, block_collector="w01")

    assert keys(own, running(3)) == {"v01": "w01", "v03": "w03"}
    assert keys(own, to_another)["v01"] == keys(own, to_another)["v02"]


def test_what_nobody_has_the_key_of_joins_nobody() -> None:
    burnt = [
        running(number, withdrawer=SYSTEM, block_collector="1nc1nerator" + "1" * 32) for number in (1, 2)
    ]

    assert keys(*burnt) == {"v01": "i01", "v02": "i02"}


def test_an_account_that_was_never_read_has_no_known_operator() -> None:
    assert keys(running(1, withdrawer=""), running(2)) == {"v01": None, "v02": "w02"}
    # Nor have two of one node, but what is read of one of them holds for both.
    node = running(1, withdrawer=""), running(2, withdrawer="", identity="i01")
    assert keys(*node) == {"v01": None, "v02": None}
    assert keys(node[0], node[1]._replace(withdrawer="w")) == {"v01": "w", "v02": "w"}


@pytest.mark.parametrize(
    ("shared", "common"), [({"name": "Blue Whale"}, Common.NAME), ({"address": "192.0.2.1"}, Common.ADDRESS)]
)
def test_a_name_or_an_address_alone_is_told_and_joins_nobody(shared: dict[str, str], common: Common) -> None:
    found = operators([running(1, **shared), running(2, **shared), running(3)])

    assert set(found.by_account.values()) == {"w01", "w02", "w03"}
    assert [(one.common, one.strength, one.vote_accounts) for one in found.evidence] == [
        (common, Strength.WEAK, ("v01", "v02"))
    ]


def test_one_name_at_one_address_joins() -> None:
    found = operators(
        [running(1, name="Blue Whale 1", address="a"), running(2, name="BLUE WHALE #2", address="a")]
    )

    assert set(found.by_account.values()) == {"w01"}
    assert found.evidence[0] == Evidence(
        Common.NAME_AND_ADDRESS, Strength.STRONG, "bluewhale at a", ("v01", "v02")
    )


def test_a_hosting_front_and_a_common_word_join_no_strangers() -> None:
    crowd = [running(number, name="Blue Whale", address="front") for number in range(MOST_STRANGERS + 1)]
    two = [running(number, name="Solana Validator", address="front") for number in (1, 2)]

    assert operators(crowd).evidence == []
    assert [one.common for one in operators(two).evidence] == [Common.ADDRESS]
    # As many of one operator are no strangers.
    assert {one.strength for one in operators(one._replace(withdrawer="w") for one in crowd).evidence} == set(
        Strength
    )


def test_a_collector_of_many_strangers_is_a_service() -> None:
    crowd = [running(number, block_collector="splitter") for number in range(MOST_STRANGERS + 1)]

    assert len(set(keys(*crowd).values())) == len(crowd)
    assert [(one.common, one.strength) for one in operators(crowd).evidence] == [
        (Common.COLLECTOR, Strength.WEAK)
    ]
    assert len(set(keys(*crowd[1:]).values())) == 1


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Chorus One", "chorusone"),
        ("  CHORUS-one  2 ", "chorusone"),
        ("Chorus One 🦀 Validator #3", "chorusone"),
        ("\uff23horus \uff2fne", "chorusone"),
        # Cyrillic: who looks like another is not that other.
        ("\u0421horus One", "\u0441horusone"),
        ("Solana Validator", ""),
        ("validator 17", ""),
        ("P2", ""),
        ("12345", "12345"),
        ("🦀🦀", ""),
        ("", ""),
    ],
)
def test_of_a_name_is_left_what_tells_it_from_others(name: str, plain: str) -> None:
    assert plain_name(name) == plain


few = st.lists(
    st.tuples(*(st.sampled_from(["", *options]) for options in ("wxi", "pqw", "nm", "ab"))), max_size=9
)


@given(few)
def test_groups_are_what_is_reached_by_strong_links(shared: list[tuple[str, str, str, str]]) -> None:
    names = {"n": "Nordic", "m": "Marble", "": ""}
    everybody = [
        Running(f"v{number}", f"i{number}", withdrawer, "", collector, names[name], address)
        for number, (withdrawer, collector, name, address) in enumerate(shared)
    ]

    def is_linked(one: Running, other: Running) -> bool:
        own = [{key for key in (who.withdrawer, who.identity) if key} for who in (one, other)]
        paid = [{who.block_collector} - {""} for who in (one, other)]
        is_named = one.name == other.name != "" and one.address == other.address != ""
        return bool(own[0] & own[1] or paid[0] & (paid[1] | own[1]) or own[0] & paid[1] or is_named)

    found = operators(everybody)
    evidence = found.evidence_by_account()
    for start in everybody:
        reached, waiting = {start}, deque([start])
        while waiting:
            here = waiting.popleft()
            further = {one for one in everybody if is_linked(here, one)} - reached
            reached |= further
            waiting.extend(further)
        same = {
            one
            for one in everybody
            if one == start
            or (
                (key := found.by_account[start.vote_account]) == found.by_account[one.vote_account]
                and key is not None
            )
        }
        if found.by_account[start.vote_account] is not None:
            assert same == reached
        else:
            assert not any(one.withdrawer for one in reached)
        strong = [one for one in evidence.get(start.vote_account, []) if one.strength is Strength.STRONG]
        assert bool(strong) == (len(reached) > 1)
