"""Votes told apart from luck: what is paid to leaders is taken off, and nobody's performance knows of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.solana.arithmetic import CreditsUnit
from validators.solana.performance import Work, could_not_vote, leader_part, verdicts

VOTES, LAMPORTS = CreditsUnit.VOTE_CREDITS.value, CreditsUnit.LAMPORTS.value
SOL = 1_000_000_000


@dataclass(frozen=True)
class Voter:
    """Stake in SOL in the epoch before, the share of slots it votes in, and the blocks it made."""

    stake: int
    attendance: float
    blocks: int


def paid(voters: Sequence[Voter]) -> list[Work]:
    """What agave pays: each vote half to its voter, half to the leader of the block that carries it."""
    total = sum(one.stake for one in voters)
    made = sum(one.blocks for one in voters)
    # A lamport for each vote and each lamport of stake, a block carries as much as any other.
    votes = [one.stake * SOL * one.attendance / total for one in voters]
    each = sum(votes) / made if made else 0.0
    return [
        Work(
            credits=round((vote + each * one.blocks) / 2 * 1_000),
            stake=one.stake * SOL,
            stake_before=one.stake * SOL,
            blocks=one.blocks,
        )
        for one, vote in zip(voters, votes, strict=True)
    ]


some_voters = st.lists(
    st.builds(Voter, st.integers(100, 10_000_000), st.floats(0.1, 1), st.integers(0, 100)),
    min_size=2,
    max_size=12,
).filter(lambda voters: sum(one.blocks for one in voters) > 0)


def performances(
    works: Sequence[Work], unit: str = LAMPORTS, blocks: int | None = None
) -> list[float | None]:
    counted = sum(work.blocks or 0 for work in works) if blocks is None else blocks
    return [one.performance for one in verdicts(works, unit=unit, blocks=counted)]


@given(some_voters)
def test_a_performance_is_the_share_of_votes_against_the_clusters(voters: list[Voter]) -> None:
    total = sum(one.stake for one in voters)
    mean = sum(one.attendance * one.stake for one in voters) / total

    found = performances(paid(voters))

    assert found == pytest.approx([one.attendance / mean for one in voters], rel=1e-3, abs=1e-3)


@given(some_voters, st.randoms(use_true_random=False))
def test_whoever_leads_no_performance_changes(voters: list[Voter], random: object) -> None:
    blocks = [one.blocks for one in voters]
    random.shuffle(blocks)  # type: ignore[attr-defined]
    others = [Voter(one.stake, one.attendance, led) for one, led in zip(voters, blocks, strict=True)]

    assert performances(paid(others)) == pytest.approx(performances(paid(voters)), rel=1e-3, abs=1e-3)


@given(some_voters)
def test_voting_parts_and_leader_parts_are_what_was_paid(voters: list[Voter]) -> None:
    works = paid(voters)
    made = sum(one.blocks for one in voters)
    each = leader_part(works, made)
    assert each is not None
    everything = sum(work.credits or 0 for work in works)

    assert made * each == pytest.approx(everything / 2)
    voting = [(work.credits or 0) - (work.blocks or 0) * each for work in works]
    assert sum(voting) + made * each == pytest.approx(everything)


@given(some_voters, st.integers(2, 1_000))
def test_a_larger_pool_changes_no_performance(voters: list[Voter], factor: int) -> None:
    """Twice the inflation, or slots of twice the length, pay everybody twice."""
    works = paid(voters)
    more = [work._replace(credits=(work.credits or 0) * factor) for work in works]

    assert performances(more) == pytest.approx(performances(works), rel=1e-9, abs=1e-9)


def test_luck_is_the_blocks_made_against_those_the_stake_expects() -> None:
    works = [Work(5, 300, 300, 60), Work(5, 100, 100, 40), Work(5, 0, 0, 0), Work(5, 100, 100, None)]

    found = verdicts(works, unit=VOTES, blocks=125)

    # Of 125 blocks three, one and one fifths: 75, 25 and 25.
    assert [one.leader_luck for one in found] == [60 / 75, 40 / 25, None, None]


@given(some_voters)
def test_the_stake_weighted_mean_of_performance_and_of_luck_is_one(voters: list[Voter]) -> None:
    found = verdicts(paid(voters), unit=LAMPORTS, blocks=sum(one.blocks for one in voters))

    total = sum(one.stake for one in voters)
    for measure in ("performance", "leader_luck"):
        mean = sum(getattr(one, measure) * voter.stake for one, voter in zip(found, voters, strict=True))
        assert mean / total == pytest.approx(1, rel=1e-3)


def test_votes_are_judged_against_their_stake_weighted_mean() -> None:
    # (300 x 1000 + 100 x 600) / 400 = 900; who has no stake is no measure, and is not judged.
    works = [Work(1_000, 300, None, None), Work(600, 100, 7, None), Work(990, 0, None, 5)]

    assert performances(works, VOTES) == [1_000 / 900, 600 / 900, None]


def test_the_stake_that_votes_is_that_of_the_epoch_before() -> None:
    """A perfect voter that gained 30 % of stake is perfect, and does not read 0.77."""
    steady, grown = paid([Voter(1_000, 1.0, 50), Voter(1_000, 1.0, 50)])

    found = performances([steady, grown._replace(stake=1_300 * SOL)])

    assert found == pytest.approx([1, 1])


@pytest.mark.parametrize(
    ("units", "stake_before", "expected"),
    [
        (("lamports", "lamports"), 0, True),
        (("lamports", "lamports"), 1, False),
        (("lamports", "lamports"), None, False),
        (("vote_credits", "lamports"), 0, False),
        (("vote_credits", "vote_credits"), 0, False),
        (("", "lamports"), 0, False),
    ],
)
def test_only_lamports_ask_for_stake_in_the_epoch_before(
    units: tuple[str, str], stake_before: int | None, expected: bool
) -> None:
    before, unit = units

    assert could_not_vote(unit=unit, unit_before=before, stake_before=stake_before) == expected


@pytest.mark.parametrize("field", ["credits", "stake_before", "blocks"])
def test_one_unknown_makes_only_its_own_performance_unknown(field: str) -> None:
    """Also its leader part is known: all blocks and all that was paid are."""
    works = paid([Voter(1_000, 1.0, 50), Voter(1_000, 1.0, 30), Voter(200, 1.0, 20)])
    works[2] = works[2]._replace(**{field: None})

    found = performances(works, blocks=100)

    assert found[2] is None
    # Of unknown credits, what the cluster was paid is a little less than it was.
    assert found[:2] == pytest.approx([1, 1], abs=0.06 if field == "credits" else 1e-3)


def test_without_all_blocks_of_the_cluster_lamports_tell_nothing() -> None:
    works = paid([Voter(1_000, 1.0, 50), Voter(1_000, 0.5, 50)])

    for blocks in (None, 0):
        assert [one.performance for one in verdicts(works, unit=LAMPORTS, blocks=blocks)] == [None, None]
        assert [one.leader_luck for one in verdicts(works, unit=LAMPORTS, blocks=blocks)] == [None, None]


def test_an_epoch_known_of_less_than_half_of_the_stake_judges_nobody() -> None:
    few = [Work(1_000, 49, 49, 5), Work(None, 51, 51, None)]
    half = [Work(1_000, 50, 50, 5), Work(None, 50, 50, None)]

    assert performances(few, VOTES) == [None, None]
    assert performances(few, blocks=10) == [None, None]
    assert performances(half, VOTES) == [1, None]
    assert performances(half, blocks=10) == [1, None]


def test_an_epoch_in_which_nobody_had_stake_or_earned_judges_nobody() -> None:
    for unit in (VOTES, LAMPORTS):
        assert performances([Work(5, 0, 0, 0)], unit, blocks=5) == [None]
        assert performances([Work(0, 5, 5, 0), Work(0, 5, 5, 5)], unit, blocks=5) == [None, None]
    assert verdicts([], unit=LAMPORTS, blocks=5) == []


def test_who_earned_less_than_its_blocks_did_voted_nothing_and_not_less() -> None:
    works = [*paid([Voter(1_000, 1.0, 10), Voter(1_000, 1.0, 10)]), Work(0, SOL, SOL, 1)]

    assert performances(works)[2] == 0
