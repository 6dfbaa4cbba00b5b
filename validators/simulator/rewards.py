"""What Alpenglow pays for an epoch, as agave does it (runtime/src/block_component_processor/vote_reward.rs).

Every block carries the reward certificate of the slot eight before it. For each vote in it,
pool / slots x stake / total stake is paid: half, rounded down, to the voter, the rest to the
leader of the block. The votes that a skipped block would have carried are paid to nobody.

Who is absent for a while, or now and then, is so for whole turns of four slots, so that everything
is counted turn by turn. The first two turns of an epoch pay who is there in its first.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, cycle, islice, pairwise
from operator import mul

from validators.simulator.clock import SLOTS_PER_EPOCH, SLOTS_PER_TURN, TURNS_PER_EPOCH
from validators.simulator.leaders import NOBODY, Attendance, Schedule

# From a vote's slot to the block that carries it.
TURNS_TO_CERTIFICATE = 8 // SLOTS_PER_TURN
_HUNDRED = 100


@dataclass(frozen=True, slots=True)
class Payment:
    """Lamports before commission, by what they are for."""

    voting: int = 0
    leading: int = 0

    @property
    def lamports(self) -> int:
        return self.voting + self.leading


NOTHING = Payment()


@dataclass(frozen=True, slots=True)
class _Voter:
    seat: int
    attendance: Attendance
    # For one vote, to the voter and to the leader.
    own: int
    others: int

    def is_napping(self, turn: int) -> bool:
        """Whether the certificates of a turn are without it though it is there."""
        return (turn + self.seat) % _HUNDRED < self.attendance.missed_percent


def payments(
    schedule: Schedule,
    attendances: Sequence[Attendance | None],
    *,
    pool: int,
    first_turn: int = 0,
    slots: int = SLOTS_PER_EPOCH,
) -> list[Payment]:
    """What each seat got for the blocks of an epoch from a turn on, in the epoch's first slots."""
    made = schedule.blocks_by_turn(slots)[first_turn:]
    voters = list(_voters(attendances, pool))
    found = {voter.seat: voter.own * count for voter, count in _included(voters, made, first_turn)}
    leading = [0] * len(attendances)
    worth = map(mul, made, _worth_of_a_block(voters)[first_turn:])
    for leader, lamports in zip(schedule.leaders[first_turn : first_turn + len(made)], worth, strict=False):
        if leader != NOBODY:
            leading[leader] += lamports
    return [Payment(found.get(seat, 0), lamports) for seat, lamports in enumerate(leading)]


def first_paying_turn(migration_slot: int) -> int:
    """The turn whose blocks carry the first certificates after a migration."""
    return migration_slot // SLOTS_PER_TURN + TURNS_TO_CERTIFICATE


def _voters(attendances: Sequence[Attendance | None], pool: int) -> Iterable[_Voter]:
    total = sum(who.weight for who in attendances if who)
    for seat, who in enumerate(attendances):
        if who:
            reward = pool * who.weight // (SLOTS_PER_EPOCH * total)
            yield _Voter(seat, who, reward // 2, reward - reward // 2)


def _absence(voter: _Voter) -> tuple[int, int]:
    """The turns whose blocks carry no vote of who is away: from, and until before."""
    away_from, away_until = voter.attendance.away_from, voter.attendance.away_until
    if away_from >= away_until:
        return TURNS_PER_EPOCH, TURNS_PER_EPOCH
    since = away_from + TURNS_TO_CERTIFICATE if away_from else 0
    return min(since, TURNS_PER_EPOCH), min(away_until + TURNS_TO_CERTIFICATE, TURNS_PER_EPOCH)


def _included(voters: Sequence[_Voter], made: bytes, first_turn: int) -> Iterable[tuple[_Voter, int]]:
    """In how many certificates of the blocks made each voter is."""
    absences = [
        tuple(min(max(0, turn - first_turn), len(made)) for turn in _absence(voter)) for voter in voters
    ]
    before: dict[int, int] = {}
    counted, upto = 0, 0
    for turn in sorted({len(made), *chain.from_iterable(absences)}):
        counted += _blocks(made[upto:turn])
        before[turn], upto = counted, turn
    by_place = [sum(made[(place - first_turn) % _HUNDRED :: _HUNDRED]) for place in range(_HUNDRED)]
    for voter, (since, until) in zip(voters, absences, strict=True):
        missed = 0
        if voter.attendance.missed_percent:
            missed = sum(blocks for turn, blocks in enumerate(by_place) if voter.is_napping(turn))
        yield voter, counted - (before[until] - before[since]) - missed


def _blocks(made: bytes) -> int:
    """How many were made in some turns: counting bytes is far quicker than adding them up."""
    return sum(blocks * made.count(blocks) for blocks in range(1, SLOTS_PER_TURN + 1))


def _worth_of_a_block(voters: Sequence[_Voter]) -> list[int]:
    """What a block of each turn of an epoch brings to its leader."""
    changes = Counter({0: sum(voter.others for voter in voters)})
    by_place = [0] * _HUNDRED
    for voter in voters:
        since, until = _absence(voter)
        changes[since] -= voter.others
        changes[until] += voter.others
        if voter.attendance.missed_percent:
            for turn in filter(voter.is_napping, range(_HUNDRED)):
                by_place[turn] -= voter.others
    worth: list[int] = []
    lamports = 0
    # Between two changes it is the same every hundred turns.
    for since, until in pairwise([*sorted(changes), TURNS_PER_EPOCH]):
        lamports += changes[since]
        hundred = [lamports + by_place[turn % _HUNDRED] for turn in range(since, since + _HUNDRED)]
        worth += islice(cycle(hundred), until - since)
    return worth
