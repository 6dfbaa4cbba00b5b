"""trust-v3 on recorded mainnet, and on the same history as today's chain would have paid it."""

import sys
from dataclasses import replace
from statistics import correlation, fmean, median
from typing import Any, NamedTuple

import pytest

from tests.conftest import RECORDED
from tests.validators.scoring.alpenglow import rewritten
from validators.scoring.backtest.judging import Judgement, judgement
from validators.scoring.backtest.truth import truth
from validators.scoring.facts import Assessment, ValidatorFacts
from validators.scoring.timeline import Timeline, facts_at, timeline
from validators.scoring.trust_v3.method import assess
from validators.services.scores.recorded import _file_rows

MAINNET = RECORDED / "mainnet_epochs_full.csv.gz"
SOL = 1_000_000_000
FROM, FIRST, LAST = 866, 921, 949
# Every third epoch: enough to tell, in a third of the time.
SCORED = range(FIRST, LAST + 1, 3)

pytestmark = pytest.mark.skipif(not MAINNET.exists(), reason="the recorded epochs are not here")


class Worlds(NamedTuple):
    """The figures of each, both against what really became of everybody, and all scores by epoch."""

    tower: Judgement
    lamports: Judgement
    tower_scores: dict[int, dict[str, Assessment]]
    lamport_scores: dict[int, dict[str, Assessment]]
    lamport_history: Timeline
    tower_history: Timeline


def told(sentence: str) -> None:
    """For whoever runs this with `pytest -s`: docs/scoring.md has these."""
    sys.stdout.write(f"{sentence}\n")


def scores(history: Timeline) -> dict[int, dict[str, Assessment]]:
    return {
        epoch: {one.validator.vote_account: one for one in assess(facts_at(history, epoch))}
        for epoch in SCORED
    }


@pytest.fixture(scope="module")
def worlds() -> Worlds:
    rows = [one for one in _file_rows(MAINNET) if one.row.epoch >= FROM]
    tower, lamports = timeline(rows), timeline(rewritten(rows))
    known = truth(tower, first=FIRST, last=LAST)
    found = [scores(history) for history in (tower, lamports)]
    judged = [
        judgement(
            {
                epoch: {key: (one.score, one.risk) for key, one in said.items()}
                for epoch, said in each.items()
            },
            known,
        )
        for each in found
    ]
    return Worlds(judged[0], judged[1], found[0], found[1], lamports, tower)


def test_little_is_lost_where_half_of_the_reward_is_luck(worlds: Worlds) -> None:
    tower, lamports = worlds.tower.sets["alive"], worlds.lamports.sets["alive"]
    assert tower.auc is not None
    assert lamports.auc is not None
    told(f"AUC {tower.auc:.4f} and {lamports.auc:.4f}")
    told(f"AP {tower.average_precision:.4f} and {lamports.average_precision:.4f}")
    assert lamports.auc >= tower.auc - 0.005
    assert lamports.average_precision >= tower.average_precision - 0.02


def test_who_votes_perfectly_moves_by_half_a_point_at_most(worlds: Worlds) -> None:
    moved = []
    for epoch, said in worlds.tower_scores.items():
        for key, one in said.items():
            past = one.validator.past
            if len(past.performance) >= 30 and all((p or 0.0) >= 0.999 for p in past.performance):
                moved.append(abs(one.score - worlds.lamport_scores[epoch][key].score))
    told(f"{len(moved)} perfect, moved by {max(moved):.3f} at most")
    assert len(moved) > 500
    assert max(moved) <= 0.5


def test_no_score_knows_the_luck_of_the_draw(worlds: Worlds) -> None:
    epoch = SCORED[-1]
    total = sum(row.stake or 0 for row in worlds.lamport_history[epoch].rows.values())
    moved, luck = [], []
    for key, one in worlds.lamport_scores[epoch].items():
        if not 100_000 * SOL <= one.validator.activated_stake < 1_000_000 * SOL or (one.risk or 0) > 0.05:
            continue
        slots = sum(
            row.leader_slots or 0
            for at in range(epoch - 9, epoch + 1)
            if at in worlds.lamport_history and (row := worlds.lamport_history[at].rows.get(key))
        )
        moved.append(one.score - worlds.tower_scores[epoch][key].score)
        luck.append(slots * total / one.validator.activated_stake)
    told(f"luck and what it moved: {correlation(moved, luck):.3f} over {len(luck)}")
    assert abs(correlation(moved, luck)) < 0.2


@pytest.mark.parametrize("world", ["tower_scores", "lamport_scores"])
def test_among_equal_records_size_is_worth_a_point_and_a_half_at_most(worlds: Worlds, world: str) -> None:
    large, small = [], []
    for said in getattr(worlds, world).values():
        for one in said.values():
            past, stake = one.validator.past, one.validator.activated_stake
            if len(past.performance) >= 30 and all((p or 0.0) >= 0.998 for p in past.performance):
                lost = one.score + (one.components["commission_bps"] or 0) / 100
                if stake > 1_000_000 * SOL:
                    large.append(lost)
                elif 30_000 * SOL <= stake <= 100_000 * SOL:
                    small.append(lost)
    told(f"{world}: {len(large)} large {median(large):.2f}, {len(small)} small {median(small):.2f}")
    assert abs(median(large) - median(small)) <= 1.5


@pytest.mark.parametrize("what", ["version", "end_performance", "delinquent_at_end", "delinquent_share"])
def test_an_input_unknown_for_everybody_moves_the_cluster_by_less_than_a_third_of_a_point(
    worlds: Worlds, what: str
) -> None:
    """Who was told apart by the input can only be told apart with it."""
    cluster = facts_at(worlds.tower_history, LAST)
    unread = [_without(one, what) for one in cluster.validators]

    pairs = zip(assess(cluster), assess(replace(cluster, validators=unread)), strict=True)
    moved = [after.score - before.score for before, after in pairs]

    told(f"{what} unknown: median {median(map(abs, moved)):.3f}, mean {fmean(moved):+.3f}")
    assert median(map(abs, moved)) <= 0.3
    assert abs(fmean(moved)) <= 0.3


def _without(one: ValidatorFacts, what: str) -> ValidatorFacts:
    if what == "version":
        return replace(one, version="")
    unknown: dict[str, Any] = {what: (None,) * len(one.past.epochs)}
    return replace(one, past=one.past._replace(**unknown))
