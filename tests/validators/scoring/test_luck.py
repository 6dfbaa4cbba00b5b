"""When everybody votes perfectly, chance alone makes nobody bad, and no score knows who was lucky."""

import csv
import gzip
import random
from collections import Counter
from collections.abc import Iterator
from statistics import correlation, median
from typing import NamedTuple

import pytest

from tests.conftest import RECORDED
from validators.scoring.past import EpochRow
from validators.scoring.registry import METHODS
from validators.scoring.timeline import RecordedRow, Timeline, facts_at, timeline
from validators.solana.arithmetic import CreditsUnit
from validators.solana.economics import EpochReturn, alpenglow_return, apy, inflation_rewards, tower_return
from validators.solana.slot_times import nominal_seconds

SOL = 1_000_000_000
SLOTS = 432_000
EPOCHS = range(1_070, 1_082)
SUPPLY, INFLATION = 615_000_000 * SOL, 0.0385
COMMISSION_BPS = 500
LARGE, SMALL = 1_000_000 * SOL, 100_000 * SOL


class Luck(NamedTuple):
    """What ten epochs were, and by account how many more blocks it made than its stake expects."""

    history: Timeline
    luck: dict[str, float]


def stakes() -> dict[str, int]:
    """Of mainnet where it was recorded, else as unequal."""
    path = RECORDED / "mainnet_epochs_full.csv.gz"
    if not path.exists():
        return {f"vote {number}": int(14_000_000 * SOL / (number + 1) ** 0.9) for number in range(800)}
    with gzip.open(path, "rt", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["epoch"] == "949" and row["activated_stake"]]
    return {row["vote_account"]: int(row["activated_stake"]) for row in rows if int(row["activated_stake"])}


@pytest.fixture(scope="module")
def perfect() -> Luck:
    """Everybody's vote is in every certificate; leaders are drawn by stake, four slots at a time."""
    staked, dice = stakes(), random.Random(1)
    made: Counter[str] = Counter()

    def rows() -> Iterator[RecordedRow]:
        total, accounts = sum(staked.values()), list(staked)
        pool = inflation_rewards(total_supply=SUPPLY, validator_inflation=INFLATION, slots=SLOTS, slot_ms=200)
        assert pool is not None
        for epoch in EPOCHS:
            blocks = Counter(dice.choices(accounts, weights=list(staked.values()), k=SLOTS // 4))
            for account, stake in staked.items():
                led = 4 * blocks[account]
                made[account] += led
                lamports = int(pool * stake / total / 2 + pool / 2 * led / SLOTS)
                row = EpochRow(account, epoch, None, stake, 4, 0, COMMISSION_BPS, COMMISSION_BPS, 0.0, led)
                yield RecordedRow(row, "4.2.1", lamports, CreditsUnit.LAMPORTS.value, led)

    history = timeline(rows())
    total = sum(staked.values())
    expected = {account: SLOTS * len(EPOCHS) * stake / total for account, stake in staked.items()}
    return Luck(history, {account: made[account] / expected[account] for account in staked})


def test_nobody_who_votes_perfectly_is_bad(perfect: Luck) -> None:
    known = [
        row.vote_performance
        for epoch in EPOCHS[1:]
        for row in perfect.history[epoch].rows.values()
        if row.vote_performance is not None
    ]
    assert len(known) == len(perfect.luck) * (len(EPOCHS) - 1)
    # Of the smallest, a lamport rounded off is a share that shows.
    assert max(abs(one - 1) for one in known) < 0.01
    assert max(perfect.luck.values()) > 1.05


@pytest.mark.parametrize("method", list(METHODS))
def test_scores_of_equal_votes_do_not_know_the_luck(perfect: Luck, method: str) -> None:
    found = list(METHODS[method].assess(facts_at(perfect.history, EPOCHS[-1])))
    scores = {one.validator.vote_account: one.score for one in found}
    large = [one.score for one in found if one.validator.activated_stake >= LARGE]
    usual = [one.score for one in found if SMALL <= one.validator.activated_stake < 3 * SMALL]
    assert abs(median(large) - median(usual)) <= 3
    middle = [one.validator.vote_account for one in found if SMALL <= one.validator.activated_stake < LARGE]
    spread = [scores[account] for account in middle]
    if max(spread) - min(spread) > 1e-6:
        assert abs(correlation(spread, [perfect.luck[account] for account in middle])) < 0.2
    assert median(scores.values()) >= 80


@pytest.mark.parametrize("slot_ms", [400, 350, 300, 250, 200])
def test_the_yearly_return_is_the_same_at_every_slot_time(slot_ms: int) -> None:
    staked = 435_000_000 * SOL
    pool = inflation_rewards(total_supply=SUPPLY, validator_inflation=INFLATION, slots=SLOTS, slot_ms=slot_ms)
    credits = 16 * SLOTS
    tower = tower_return(
        commission_bps=COMMISSION_BPS, rewards=pool, credits=credits, points=credits * staked
    )
    assert pool is not None
    lamports = alpenglow_return(commission_bps=COMMISSION_BPS, lamports=int(pool), stake=staked)
    assert tower == pytest.approx(lamports)
    assert tower is not None
    assert apy([EpochReturn(tower, nominal_seconds(SLOTS, slot_ms))]) == pytest.approx(0.0531, abs=0.0007)
