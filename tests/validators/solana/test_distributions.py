"""What Jito's distribution accounts say, and that whatever is not as laid out is refused by its name."""

import os
import random
from typing import Any

import pytest

from tests.validators import distributions, replies
from tests.validators.distributions import RENT, Root, packed
from validators.exceptions import LayoutError
from validators.solana.features import SYSTEM_PROGRAM
from validators.solana.programs.jito import (
    PRIORITY_FEES,
    TIPS,
    Distribution,
    Kind,
    MerkleRoot,
    decoded_distribution,
    stakers_share,
)

MUTATIONS = int(os.environ.get("FUZZ_MUTATIONS", "2000"))
VOTE, OTHER, EPOCH = replies.key("vote"), replies.key("another"), 900
KINDS = pytest.mark.parametrize("kind", [TIPS, PRIORITY_FEES], ids=["tips", "priority fees"])


def decoded(kind: Kind, data: bytes, **fields: Any) -> Distribution | None:
    about = {
        "address": kind.address(kind.program, VOTE, EPOCH),
        "vote_account": VOTE,
        "epoch": EPOCH,
        "program": kind.program,
        "owner": kind.program,
        "lamports": RENT + 70,
        **fields,
    }
    return decoded_distribution(kind, data=data, **about)


def test_the_discriminators_are_those_of_the_names() -> None:
    assert {kind: kind.discriminator for kind in distributions.NAMES} == {
        kind: packed(kind, VOTE, EPOCH)[:8] for kind in distributions.NAMES
    }


def test_before_the_root_tips_are_what_lies_there_beyond_the_rent() -> None:
    found = decoded(TIPS, packed(TIPS, VOTE, EPOCH, bps=800))

    assert found == Distribution(VOTE, EPOCH, 800, EPOCH + 10, None, None, RENT + 70)
    assert (found.total(RENT), found.total(None), found.total(RENT + 71)) == (70, None, 0)


def test_with_a_root_tips_are_what_may_be_claimed_whatever_was_claimed_already() -> None:
    found = decoded(TIPS, packed(TIPS, VOTE, EPOCH, bps=0, root=Root(9_000, claimed=8_930, nodes=4)))

    assert found is not None
    assert (found.root, found.commission_bps, found.total(RENT)) == (MerkleRoot(9_000, 8_930), 0, 9_000)


def test_priority_fees_are_what_was_transferred_until_the_root_tells() -> None:
    so_far = decoded(PRIORITY_FEES, packed(PRIORITY_FEES, VOTE, EPOCH, bps=5_000, transferred=777))
    whole = decoded(PRIORITY_FEES, packed(PRIORITY_FEES, VOTE, EPOCH, root=Root(778), transferred=777))

    assert so_far is not None
    assert whole is not None
    assert (so_far.commission_bps, so_far.total(None), whole.total(None)) == (5_000, 777, 778)


@KINDS
def test_nothing_was_made_where_only_lamports_lie(kind: Kind) -> None:
    assert decoded(kind, b"", owner=SYSTEM_PROGRAM) is None


REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "owner": (lambda data: data, {"owner": SYSTEM_PROGRAM}, "owned by 1111"),
    "longer": (lambda data: data + b"\0", {}, "bytes instead of"),
    "cut": (lambda data: data[:90], {}, "90 bytes instead of"),
    "empty": (lambda data: b"", {}, "0 bytes instead of"),
    "discriminator": (lambda data: b"\0" + data[1:], {}, "discriminator 00"),
    "tag": (lambda data: data[:72] + b"\2" + data[73:], {}, "tag of the merkle root 2 is more than 1"),
    "another vote account": (lambda data: data, {"vote_account": OTHER}, f"{VOTE} instead of {OTHER}"),
    "another epoch": (lambda data: data, {"epoch": 901}, "of epoch 900 instead of 901"),
}


@KINDS
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_as_laid_out_is_refused_with_its_address_and_what_is_wrong(kind: Kind, name: str) -> None:
    spoil, about, said = REFUSED[name]

    with pytest.raises(LayoutError, match=said) as refused:
        decoded(kind, spoil(packed(kind, VOTE, EPOCH)), **about)

    assert str(refused.value).startswith(f"{kind.name} {kind.address(kind.program, VOTE, EPOCH)}: ")


@KINDS
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"bps": 10_001}, "commission 10001 is more than 10000"),
        ({"expires": 899}, "expires in epoch 899, before its own, 900"),
        ({"root": Root(5, claimed=6)}, "6 lamports claimed 0 times, of 5 for 12"),
        ({"root": Root(5, nodes=13)}, "0 lamports claimed 13 times, of 5 for 12"),
        ({"root": Root(2**63)}, "most to be claimed 9223372036854775808 is more than"),
    ],
)
def test_numbers_that_cannot_be_are_refused(kind: Kind, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(LayoutError, match=said):
        decoded(kind, packed(kind, VOTE, EPOCH, **fields))


@KINDS
@pytest.mark.parametrize("root", [None, Root(9_000, claimed=20, nodes=1)], ids=["without a root", "with one"])
def test_mutated_accounts_end_in_a_whole_value_or_a_typed_error(kind: Kind, root: Root | None) -> None:
    rng, good = random.Random(f"{kind.name} {root}"), packed(kind, VOTE, EPOCH, root=root, transferred=9)
    outcomes = {True: 0, False: 0}
    for _ in range(MUTATIONS):
        data = bytearray(good)
        for _ in range(rng.choice((1, 1, 2, 8))):
            data[rng.randrange(len(data))] = rng.choice((0, 1, 2, 127, 255, rng.randrange(256)))
        kept = bytes(data) if rng.random() < 0.9 else bytes(data[: rng.randint(0, len(data))])
        try:
            found = decoded(kind, kept)
        except LayoutError:
            outcomes[False] += 1
            continue
        outcomes[True] += 1
        assert found is not None
        assert (found.vote_account, found.epoch) == (VOTE, EPOCH)
        assert 0 <= found.commission_bps <= 10_000
        assert 0 <= (found.total(RENT) or 0) < 2**63
    assert min(outcomes.values()) > MUTATIONS // 20, outcomes


@pytest.mark.parametrize(
    ("total", "bps", "left"),
    # The router's 3 % of what was paid, by the 97 % that the block engine left: then the validator's part.
    [(10_000, 0, 9_691), (10_000, 800, 8_891), (10_000, 9_691, 0), (10_000, 10_000, 0), (0, 500, 0)],
)
def test_stakers_get_what_router_and_validator_leave(total: int, bps: int, left: int) -> None:
    assert stakers_share(total, bps) == left
